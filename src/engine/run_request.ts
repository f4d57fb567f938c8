/**
 * What a caller hands to the engine: what to run, and who is told.
 *
 * @module
 */

import type { CoreAction, CoreEvent, RunSettings } from "../core/events.ts";
import type { List } from "../protocol/lists.ts";
import type { ItemTimes } from "../protocol/messages.ts";
import type { Where } from "./failures.ts";
import type { ItemSource } from "./item_source.ts";
import type { JobOutput } from "./job_output.ts";
import type { WorkerInfo } from "./worker_info.ts";

/** What is told of a run. */
export interface RunListener {
  /** Items have these results. */
  results(first: number, values: List): void;
  /** An item has failed for good. */
  failed(index: number, error: unknown): void;
  /** Nothing more will be told: all items are settled, or they never will be, and why. */
  ended(error?: Error): void;
  /** The run's only item has begun. */
  started?(worker: WorkerInfo): void;
  /** The run's only item has sent a value. */
  message?(value: unknown): void;
}

/**
 * Records what happens during a run, for a report. It hears the events of all runs; its own
 * is the first that begins after it started to listen.
 */
export interface RunRecorder {
  /** Something happened, and this is done about it. */
  observe(event: CoreEvent, actions: readonly CoreAction[], now: number): void;
  /** Who a worker is that has come. */
  present(worker: WorkerInfo, now: number): void;
  /** How long items took on a worker, one after the other up to now. */
  took(worker: string, times: ItemTimes, now: number): void;
  /** So many bytes of code or arguments were sent. */
  sent(bytes: number): void;
  /** Why an item has failed for good. */
  failed(index: number, error: unknown, where: Where, now: number): void;
  /** Why so many items, all that are left, have failed for good. */
  abandoned(count: number, error: unknown): void;
}

/** What to run. */
export interface RunRequest {
  /** What it is called. */
  name: string;
  /** What the workers run, serialized. */
  code: () => Promise<Uint8Array>;
  /** What they run it over. */
  items: ItemSource;
  /** How. */
  settings: Omit<RunSettings, "id">;
  /** What its items' random numbers are made of. */
  seed: number;
  /** What its items print. */
  output: JobOutput;
  /** Whether it lets the program end before it. */
  daemon: boolean;
  /** When its source fails, what was read before is run to its end all the same. */
  drains?: boolean;
  /** Who is told. */
  listener: RunListener;
  /** Who takes down what happens, if somebody does. */
  recorder?: RunRecorder | undefined;
}
