/**
 * Run functions on a cluster as easily as on threads.
 *
 * {@linkcode map} runs a function over a list, on worker processes of this machine or of
 * a cluster, and returns the results in order; {@linkcode mapSettled} also tells results
 * from failures. {@linkcode Job} runs one function as a single job, with the interface of
 * Python's `threading.Thread` and `multiprocessing.Process`. {@linkcode JobDispatcher} keeps
 * workers warm between calls.
 *
 * @example
 * ```ts
 * import { map } from "jsr:@x/gridengine";
 * import { deepEqual as assertEquals } from "node:assert/strict";
 *
 * const squares = await map((x: number) => x * x, [1, 2, 3, 4, 5]);
 * assertEquals(squares, [1, 4, 9, 16, 25]);
 * ```
 *
 * @module
 */

export {
  imap,
  imapSettled,
  imapUnordered,
  map,
  type MapOptions,
  mapSettled,
  type MapSettledOptions,
  starmap,
} from "./src/map.ts";
export { partial } from "./src/partial.ts";
export { pack, unpack } from "./src/pack.ts";
export { Job } from "./src/job.ts";
export type { JobOptions } from "./src/job_options.ts";
export { currentJob, type JobController } from "./src/job_controller.ts";
export {
  type Dispatchable,
  type DispatcherStats,
  JobDispatcher,
  type JobDispatcherOptions,
} from "./src/dispatcher.ts";
export type { EngineStats } from "./src/engine/state.ts";
export type { Items } from "./src/engine/item_source.ts";
export type { LogLine, LogOptions } from "./src/engine/job_output.ts";
export type { Progress, ProgressOption } from "./src/calls/progress_text.ts";
export type { DispatchOptions, DispatchSettledOptions } from "./src/calls/options.ts";
export type { Returns } from "./src/calls/returns.ts";
export type { Fulfilled, Rejected, Settled } from "./src/calls/settled.ts";
export type { RetryErrors } from "./src/calls/retry_errors.ts";
export type { ConsoleLevel, LogMode } from "./src/common/own_console.ts";
export { bestAvailable } from "./src/best_available.ts";
export {
  ProcessScheduler,
  type ProcessSchedulerOptions,
} from "./src/scheduler/process.ts";
export {
  InProcessScheduler,
  type InProcessSchedulerOptions,
} from "./src/scheduler/in_process.ts";
export {
  GridEngineScheduler,
  type GridEngineSchedulerOptions,
} from "./src/scheduler/grid_engine/scheduler.ts";
export type { ResourceValue } from "./src/scheduler/resources.ts";
export type {
  Scheduler,
  SchedulerLike,
  WorkerListener,
  WorkerSpec,
} from "./src/scheduler/scheduler.ts";
export { type LogLevel, type Settings, settings } from "./src/settings.ts";
export {
  DrmaaError,
  type Failure,
  GridEngineError,
  JobCancelledError,
  JobTimeoutError,
  ProtocolError,
  SchedulerError,
  SerializationError,
  TimeoutError,
  type WorkerLoss,
  type WorkerLossCause,
  WorkerLostError,
  ZeromqError,
} from "./src/errors.ts";
