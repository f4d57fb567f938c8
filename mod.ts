/**
 * Run functions on a cluster as easily as on threads. So far: the errors that the library
 * throws.
 *
 * @example
 * ```ts
 * import { GridEngineError, TimeoutError } from "jsr:@x/gridengine";
 * import { assert } from "@std/assert";
 *
 * assert(new TimeoutError("too late") instanceof GridEngineError);
 * ```
 *
 * @module
 */

export {
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
