/**
 * What an engine knows of its runs.
 *
 * @module
 */

import { Codes } from "./codes.ts";
import type { EngineRun } from "./engine_run.ts";
import type { JobOutput } from "./job_output.ts";
import type { RunRecorder } from "./run_request.ts";

/** What a dispatcher has done so far. */
export interface EngineStats {
  /** Items with a result. */
  done: number;
  /** Items that failed for good. */
  failed: number;
  /** Workers that were requested. */
  workersRequested: number;
  /** Workers that ended before they were told to. */
  workersLost: number;
  /** Messages from workers that were taken. */
  messages: number;
  /** Messages that broke the protocol, and were dropped. */
  violations: number;
  /** Connections that did not have the run's key, and were refused. */
  refused: number;
}

/** The runs of an engine, and what belongs to them. */
export class EngineState {
  /** Those that are under way, by number. */
  readonly runs = new Map<number, EngineRun>();
  /** Of runs that have ended lately: what their last items left behind may print yet. */
  readonly ended = new Map<number, { output: JobOutput; time: number }>();
  /** Of those runs of which a report is made. */
  readonly recorders = new Set<RunRecorder>();
  /** What workers were sent to run. */
  readonly codes = new Codes();
  /** What was done so far. */
  readonly stats = { done: 0, failed: 0, workersRequested: 0, workersLost: 0 };
}
