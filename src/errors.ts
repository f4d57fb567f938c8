/**
 * Every error that the library itself throws. What a user's function throws is
 * never wrapped: it comes back as itself.
 *
 * @module
 */

/** The base of all errors of this library, so that one `instanceof` tells them apart. */
export class GridEngineError extends Error {
  static {
    this.prototype.name = "GridEngineError";
  }
  /**
   * The last lines that the item had printed which failed by this, up to 20, if it had
   * printed any; errors that the item's function threw have them, too. They also stand at
   * the end of `stack`.
   */
  declare readonly output?: readonly string[];
  /**
   * The index of the item which failed by this, unless it was a `Job`; errors that the
   * item's function threw have it, too.
   */
  declare readonly index?: number;
}

/**
 * `join(timeout)` ran out of time, and what was waited for goes on; or a worker did not load
 * what a function imports within `settings.loadTimeout`.
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

/** The item ran longer than its `timeout` and was ended. */
export class JobTimeoutError extends GridEngineError {
  static {
    this.prototype.name = "JobTimeoutError";
  }
}

/** A value that cannot travel between the host and a worker. */
export class SerializationError extends GridEngineError {
  static {
    this.prototype.name = "SerializationError";
  }
}

/** The scheduler could not do what was asked of it. */
export class SchedulerError extends GridEngineError {
  static {
    this.prototype.name = "SchedulerError";
  }
}

/** A message that does not follow the protocol of `src/protocol/messages.ts`. */
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
  /** The name of errno, such as `"EADDRINUSE"`; `"ENOENT"` when libzmq was not found. */
  readonly code: string;

  /**
   * Says what failed.
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
  /** The number of the error in `drmaa.h`; -1 when no libdrmaa could be opened. */
  readonly code: number;
  /** Its name, such as `"DENIED_BY_DRM"`; `"LIBRARY_NOT_OPENED"` for -1. */
  readonly codeName: string;

  /**
   * Says what failed.
   *
   * @param code The number of the error.
   * @param codeName Its name.
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
   * Whether the same call may succeed a little later: the cluster's master could not be
   * reached (`DRM_COMMUNICATION_FAILURE`) or takes no more just now (`TRY_LATER`).
   */
  get transient(): boolean {
    return this.code === 2 || this.code === 16;
  }
}

/**
 * Why a worker is gone:
 *
 * - `"signal"`: a signal ended its process;
 * - `"exit"`: its process, or the function inside it, exited;
 * - `"out of memory"`: it held more than it was allowed to;
 * - `"run time limit"`: the cluster ended it at its time limit;
 * - `"node lost"`: the machine it ran on is gone, or nothing is heard of it;
 * - `"deleted"`: somebody took it out of the queue;
 * - `"never started"`: it was asked for and never came;
 * - `"unreachable"`: it stopped answering, or never reached the host;
 * - `"unknown"`: its scheduler says that it has ended, and nobody knows how.
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
  /** Why it is gone. */
  cause: WorkerLossCause;
  /** One line for people: what was seen. */
  detail: string;
  /** The worker's identity within its dispatcher. */
  worker?: string;
  /** The name of the machine it ran on. */
  host?: string;
  /** Its process id on that machine. */
  pid?: number;
  /** The process's exit status, when it exited by itself. */
  exitStatus?: number;
  /** The name of the signal that ended the process, such as `"SIGKILL"`. */
  signal?: string;
  /** The number of that signal. */
  signalNumber?: number;
  /** How long the worker ran, in milliseconds. */
  wallClock?: number;
  /** The most memory the worker held, in bytes. */
  maxMemory?: number;
  /** The last lines that the worker wrote. */
  log?: string;
}

/** The worker that ran an item was lost, as often as the item may be tried. */
export class WorkerLostError extends GridEngineError {
  static {
    this.prototype.name = "WorkerLostError";
  }
  /** One entry for each time that a worker was lost under this item, oldest first. */
  readonly attempts: readonly WorkerLoss[];

  /**
   * Says what was lost.
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
