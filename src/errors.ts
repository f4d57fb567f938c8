/**
 * The errors that the library itself throws. An error that a user's function throws is
 * never wrapped.
 *
 * @module
 */

/**
 * The error of an item that has failed: what its function threw, or an error of this
 * library. With `reraise: false` it is among the results.
 */
export interface Failure extends Error {
  /**
   * The last lines, up to 20, that the item printed, if it printed any. They are also at the
   * end of `stack`.
   */
  readonly output?: readonly string[];
  /** The index of the item in its `map`; a `Job` has none. */
  readonly index?: number;
}

/** The base class of all errors of this library. */
export class GridEngineError extends Error implements Failure {
  static {
    this.prototype.name = "GridEngineError";
  }
  /** {@linkcode Failure.output} */
  declare readonly output?: readonly string[];
  /** {@linkcode Failure.index} */
  declare readonly index?: number;
}

/**
 * A timeout has passed: that of `join(timeout)`, and the job goes on; or
 * `settings.loadTimeout`, because a worker did not load a function's imports in time.
 */
export class TimeoutError extends GridEngineError {
  static {
    this.prototype.name = "TimeoutError";
  }
}

/**
 * The job was ended before it had a result: by `terminate()`, by `kill()`, by an
 * aborted `signal`, or because its dispatcher was closed.
 */
export class JobCancelledError extends GridEngineError {
  static {
    this.prototype.name = "JobCancelledError";
  }
}

/** The item ran longer than its `timeout`, and was ended. */
export class JobTimeoutError extends GridEngineError {
  static {
    this.prototype.name = "JobTimeoutError";
  }
}

/** A value cannot be sent between the host and a worker. */
export class SerializationError extends GridEngineError {
  static {
    this.prototype.name = "SerializationError";
  }
}

/** The scheduler could not do what it was asked to do. */
export class SchedulerError extends GridEngineError {
  static {
    this.prototype.name = "SchedulerError";
  }
}

/** A message does not follow the protocol of `src/protocol/messages.ts`. */
export class ProtocolError extends GridEngineError {
  static {
    this.prototype.name = "ProtocolError";
  }
}

/** A call of libzmq failed, or libzmq was not found. */
export class ZeromqError extends GridEngineError {
  static {
    this.prototype.name = "ZeromqError";
  }
  /** The name of errno, such as `"EADDRINUSE"`; `"ENOENT"` if libzmq was not found. */
  readonly code: string;

  /**
   * Makes an error.
   *
   * @param code The name of errno.
   * @param message What failed, and what to do about it.
   * @param options The underlying error, as `cause`.
   */
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A call of libdrmaa failed, or libdrmaa was not found. */
export class DrmaaError extends GridEngineError {
  static {
    this.prototype.name = "DrmaaError";
  }
  /** The number of the error in `drmaa.h`; -1 if no libdrmaa could be opened. */
  readonly code: number;
  /** The error's name, such as `"DENIED_BY_DRM"`; `"LIBRARY_NOT_OPENED"` for -1. */
  readonly codeName: string;

  /**
   * Makes an error.
   *
   * @param code The number of the error.
   * @param codeName The error's name.
   * @param message What failed, with the library's own text.
   * @param options The underlying error, as `cause`.
   */
  constructor(
    code: number,
    codeName: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.code = code;
    this.codeName = codeName;
  }

  /**
   * Whether the same call may succeed later: the cluster's master could not be reached
   * (`DRM_COMMUNICATION_FAILURE`), or accepts no job at present (`TRY_LATER`).
   */
  get transient(): boolean {
    return this.code === 2 || this.code === 16;
  }
}

/**
 * Why a worker was lost:
 *
 * - `"signal"`: a signal ended its process;
 * - `"exit"`: its process, or the function inside it, exited;
 * - `"out of memory"`: it used more memory than it was allowed to;
 * - `"run time limit"`: the cluster ended it at its time limit;
 * - `"node lost"`: its machine is gone, or does not answer;
 * - `"deleted"`: its job was deleted from the queue;
 * - `"never started"`: it was requested, but did not start;
 * - `"unreachable"`: it stopped answering, or never reached the host;
 * - `"unknown"`: its scheduler reports that it has ended, but not how.
 */
export type WorkerLossCause =
  | "signal"
  | "exit"
  | "out of memory"
  | "run time limit"
  | "node lost"
  | "deleted"
  | "never started"
  | "unreachable"
  | "unknown";

/** How one worker ended, as far as the scheduler and the dispatcher know. */
export interface WorkerLoss {
  /** Why the worker was lost. */
  cause: WorkerLossCause;
  /** What happened, in one line for people. */
  detail: string;
  /** The worker's identity within its dispatcher. */
  worker?: string;
  /** The name of the machine it ran on. */
  host?: string;
  /** Its process id on that machine. */
  pid?: number;
  /** The process's exit status, if it exited by itself. */
  exitStatus?: number;
  /** The name of the signal that ended the process, such as `"SIGKILL"`. */
  signal?: string;
  /** The number of that signal. */
  signalNumber?: number;
  /** How long the worker ran, in milliseconds. */
  wallClock?: number;
  /** The worker's peak memory, in bytes. */
  maxMemory?: number;
  /** The last lines that the worker wrote. */
  log?: string;
}

/** The worker that ran an item was lost, and the item has no retries left. */
export class WorkerLostError extends GridEngineError {
  static {
    this.prototype.name = "WorkerLostError";
  }
  /** One entry for each worker that was lost while it ran this item, oldest first. */
  readonly attempts: readonly WorkerLoss[];

  /**
   * Makes an error.
   *
   * @param message What was lost.
   * @param attempts How each worker was lost, oldest first.
   */
  constructor(message: string, attempts: readonly WorkerLoss[]) {
    super(message);
    this.attempts = attempts;
  }

  /** Why the last worker was lost. */
  get lossCause(): WorkerLossCause | undefined {
    return this.attempts.at(-1)?.cause;
  }

  /** The machine that the last worker ran on. */
  get host(): string | undefined {
    return this.attempts.at(-1)?.host;
  }
}
