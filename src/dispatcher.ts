/**
 * Hands jobs out to workers.
 *
 * @module
 */

import { stays } from "./common/staying.ts";
import {
  anything,
  aText,
  checkOptions,
  type Checks,
  wholeFrom,
} from "./common/checks.ts";
import { cleanUp } from "./common/cleanup.ts";
import { withTimeout } from "./common/within.ts";
import { type Failure, GridEngineError } from "./errors.ts";
import { schedulerOf } from "./source.ts";
import {
  checkScheduler,
  type Scheduler,
  type SchedulerLike,
} from "./scheduler/scheduler.ts";
import {
  type CallRequest,
  requestCall,
  requestSettled,
  requestStreamSettled,
} from "./calls/call.ts";
import type { AnyFunction } from "./closure/capture/texts.ts";
import { collect } from "./calls/collect.ts";
import { interruptible } from "./calls/interrupt.ts";
import { Engine } from "./engine/engine.ts";
import type { EngineStats } from "./engine/state.ts";
import type { Items } from "./engine/item_source.ts";
import type { DispatchOptions, DispatchSettledOptions } from "./calls/options.ts";
import type { Returns } from "./calls/returns.ts";
import type { Settled } from "./calls/settled.ts";
import { ResultStream } from "./calls/stream.ts";

let engineInside: (dispatcher: JobDispatcher) => Engine;

/**
 * The engine that runs the jobs and streams of a dispatcher.
 *
 * @throws {GridEngineError} If the dispatcher is closed.
 */
export function engineOf(dispatcher: JobDispatcher): Engine {
  return engineInside(dispatcher);
}

/** Options of a {@linkcode JobDispatcher}. */
export interface JobDispatcherOptions {
  /**
   * The scheduler that starts the workers. If an object is given, it stays open when the
   * dispatcher is closed. If a class or a function is given, the dispatcher makes the
   * scheduler, and closes it.
   * @default {bestAvailable}
   */
  scheduler?: SchedulerLike;
  /**
   * The most processes of this machine at once, in place of a scheduler: the same as
   * `scheduler: () => new ProcessScheduler({ workers })`.
   * @default {undefined} As many as the scheduler has.
   */
  workers?: number;
  /**
   * The dispatcher's name in messages.
   * @default {"dispatcher"}
   */
  name?: string;
}

/** The most that each step of closing may take, in milliseconds. */
const LIMIT = 20_000;

const CHECKS: Checks<JobDispatcherOptions> = {
  scheduler: anything,
  workers: wholeFrom(1),
  name: aText,
};

/** What a dispatcher has done so far, and the states of its workers. */
export interface DispatcherStats extends EngineStats {
  /** How many workers are in each state at present. */
  workers: {
    /** Requested, and waiting in the queue. */
    requested: number;
    /** Started, but not yet connected. */
    started: number;
    /** Connected: idle or busy. */
    ready: number;
    /** Disconnected; given up if they do not come back. */
    disconnected: number;
    /** Running items. */
    busy: number;
  };
}

/** A job that a dispatcher can run, such as a `Job`. */
export interface Dispatchable {
  /** Starts the job on a dispatcher. */
  start(dispatcher?: JobDispatcher): void;
  /** The job's result, once the job is started. */
  readonly result: Promise<unknown>;
}

/**
 * Hands out jobs to workers. It gets the workers from a scheduler when there is work, and
 * keeps them until it is closed: a second `map` finds them warm.
 *
 * @example Two maps on the same workers
 * ```ts
 * import { JobDispatcher, ProcessScheduler } from "jsr:@x/gridengine";
 * import { deepEqual as assertEquals } from "node:assert/strict";
 *
 * await using dispatcher = new JobDispatcher({
 *   scheduler: () => new ProcessScheduler({ workers: 2 }),
 * });
 * const doubled = await dispatcher.map((x: number) => 2 * x, [1, 2, 3]);
 * assertEquals(await dispatcher.map((x: number) => x + 1, doubled), [3, 5, 7]);
 * ```
 */
export class JobDispatcher implements AsyncDisposable {
  readonly #engine: Engine;
  #owned: Scheduler | undefined;
  #jobs: Promise<unknown>[] = [];
  #running = 0;
  #closing: Promise<void> | undefined;

  /**
   * Makes a dispatcher. It opens nothing before the first job.
   *
   * @param options What starts the workers.
   * @throws {TypeError} If an option is unknown or has the wrong type, or both a scheduler
   * and `workers` are given.
   * @throws {RangeError} If `workers` is out of range.
   */
  constructor(options: JobDispatcherOptions & { start?: never } = {}) {
    if (typeof options === "function" || Object(options).start) {
      throw new TypeError("JobDispatcher takes { scheduler }, not a scheduler");
    }
    checkOptions("JobDispatcher", options, CHECKS);
    const { name = "dispatcher" } = options;
    const like = schedulerOf(options);
    this.#engine = new Engine(name, () => this.#getScheduler(like));
  }

  /** The ZeroMQ endpoint for workers; `undefined` before the first job. */
  get address(): string | undefined {
    return this.#engine.address;
  }

  /**
   * Starts jobs. `join` returns their results.
   *
   * @param jobs Jobs that were not started.
   * @throws {GridEngineError} If jobs of the last call are still running.
   */
  dispatch(jobs: Iterable<Dispatchable>): void {
    if (this.#running > 0) {
      throw new GridEngineError(
        `The dispatcher is still running ${this.#running} jobs: join() it first`,
      );
    }
    this.#jobs = [];
    const over = () => {
      this.#running--;
    };
    for (const job of jobs) {
      job.start(this);
      const { result } = job;
      this.#jobs.push(result);
      this.#running++;
      result.then(over, over);
    }
  }

  /**
   * Waits for the dispatched jobs.
   *
   * @param timeout How long to wait, in milliseconds. Default: no limit.
   * @returns Their results, in order.
   * @throws {TimeoutError} When the timeout has passed. The jobs go on.
   * @throws The error of the first failed job, in order, when all jobs have ended.
   */
  async join(timeout?: number): Promise<unknown[]> {
    const all = Promise.allSettled(this.#jobs);
    const outcomes = await withTimeout(all, timeout, () => {
      return `${this.#running} of ${this.#jobs.length} jobs are still running`;
    });
    return outcomes.map((outcome) => {
      if (outcome.status === "rejected") throw outcome.reason;
      return outcome.value;
    });
  }

  /** {@linkcode map}, on this dispatcher's workers. */
  map<T>(
    f: (item: T) => number | Promise<number>,
    args: Items<T>,
    options: DispatchOptions & { into: Float64ArrayConstructor },
  ): Promise<Float64Array>;
  /** {@linkcode map}, on this dispatcher's workers. */
  map<T, R>(
    f: (item: T) => Returns<R>,
    args: Items<T>,
    options: DispatchOptions & { reraise: false },
  ): Promise<(Awaited<R> | Failure)[]>;
  /** {@linkcode map}, on this dispatcher's workers. */
  map<T, R>(
    f: (item: T) => Returns<R>,
    args: Items<T>,
    options?: DispatchOptions,
  ): Promise<Awaited<R>[]>;
  map(
    f: AnyFunction,
    args: Items<unknown>,
    options: DispatchOptions = {},
  ): Promise<unknown> {
    return this.#collect(() => requestCall(f, args, options, false));
  }

  /** {@linkcode starmap}, on this dispatcher's workers. */
  starmap<A extends readonly unknown[], R>(
    f: (...args: [...A]) => Returns<R>,
    tuples: Items<A>,
    options: DispatchOptions & { reraise: false },
  ): Promise<(Awaited<R> | Failure)[]>;
  /** {@linkcode starmap}, on this dispatcher's workers. */
  starmap<A extends readonly unknown[], R>(
    f: (...args: [...A]) => Returns<R>,
    tuples: Items<A>,
    options?: DispatchOptions,
  ): Promise<Awaited<R>[]>;
  starmap(
    f: AnyFunction,
    tuples: Items<unknown>,
    options: DispatchOptions = {},
  ): Promise<unknown> {
    return this.#collect(() => requestCall(f, tuples, options, true));
  }

  /** {@linkcode mapSettled}, on this dispatcher's workers. */
  mapSettled<T, R>(
    f: (item: T) => Returns<R>,
    args: Items<T>,
    options: DispatchSettledOptions = {},
  ): Promise<Settled<Awaited<R>>[]> {
    const made = this.#collect(() => requestSettled(f, args, options));
    return made as Promise<Settled<Awaited<R>>[]>;
  }

  /** {@linkcode imap}, on this dispatcher's workers. */
  imap<T, R>(
    f: (item: T) => Returns<R>,
    args: Items<T>,
    options: DispatchOptions & { reraise: false },
  ): AsyncIterableIterator<Awaited<R> | Failure>;
  /** {@linkcode imap}, on this dispatcher's workers. */
  imap<T, R>(
    f: (item: T) => Returns<R>,
    args: Items<T>,
    options?: DispatchOptions,
  ): AsyncIterableIterator<Awaited<R>>;
  imap(
    f: AnyFunction,
    args: Items<unknown>,
    options: DispatchOptions = {},
  ): AsyncIterableIterator<unknown> {
    return this.#stream(requestCall(f, args, options, false), true);
  }

  /** {@linkcode imapUnordered}, on this dispatcher's workers. */
  imapUnordered<T, R>(
    f: (item: T) => Returns<R>,
    args: Items<T>,
    options: DispatchOptions & { reraise: false },
  ): AsyncIterableIterator<Awaited<R> | Failure>;
  /** {@linkcode imapUnordered}, on this dispatcher's workers. */
  imapUnordered<T, R>(
    f: (item: T) => Returns<R>,
    args: Items<T>,
    options?: DispatchOptions,
  ): AsyncIterableIterator<Awaited<R>>;
  imapUnordered(
    f: AnyFunction,
    args: Items<unknown>,
    options: DispatchOptions = {},
  ): AsyncIterableIterator<unknown> {
    return this.#stream(requestCall(f, args, options, false), false);
  }

  /** {@linkcode imapSettled}, on this dispatcher's workers. */
  imapSettled<T, R>(
    f: (item: T) => Returns<R>,
    args: Items<T>,
    options: DispatchSettledOptions & { ordered?: boolean } = {},
  ): AsyncIterableIterator<Settled<Awaited<R>>> {
    const call = requestStreamSettled(f, args, options);
    return this.#stream(call, options.ordered ?? true);
  }

  /** When the dispatcher last changed from idle to running. */
  get startTime(): Date | undefined {
    return this.#engine.startTime;
  }

  /** When the dispatcher last became idle; `undefined` while something is running. */
  get endTime(): Date | undefined {
    return this.#engine.endTime;
  }

  /**
   * The time from `startTime` to `endTime`, or to now while something is running, in
   * milliseconds; 0 before the first start.
   */
  get elapsedTime(): number {
    const { startTime, endTime = new Date() } = this;
    return startTime ? endTime.getTime() - startTime.getTime() : 0;
  }

  /** What the dispatcher has done so far, and the states of its workers. */
  stats(): DispatcherStats {
    return { ...this.#engine.stats, workers: this.#engine.workers };
  }

  /**
   * Cancels running jobs, dismisses the workers, and resolves when they are gone. Jobs that
   * had not ended fail with a {@linkcode JobCancelledError}.
   */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  /** {@linkcode JobDispatcher.close} */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  static {
    engineInside = (dispatcher) => {
      if (!dispatcher.#closing) return dispatcher.#engine;
      throw new GridEngineError("The dispatcher is closed: make a new JobDispatcher");
    };
  }

  async #close(): Promise<void> {
    await cleanUp("the dispatcher cannot be closed", () => this.#engine.close(), LIMIT);
    await cleanUp("its scheduler cannot be closed", () => this.#owned?.close(), LIMIT);
  }

  async #collect(request: () => CallRequest): Promise<unknown[] | Float64Array> {
    const { call, over } = interruptible(request());
    try {
      return await collect(engineOf(this), call);
    } finally {
      over();
    }
  }

  #stream<R>(call: CallRequest, ordered: boolean): AsyncIterableIterator<R> {
    return stream<R>(() => this, call, ordered, () => Promise.resolve());
  }

  async #getScheduler(like: SchedulerLike): Promise<Scheduler> {
    if (typeof like !== "function") return checkScheduler(like);
    // Made by an earlier attempt to open, which failed later.
    if (this.#owned) return this.#owned;
    const isClass = /^class\b/.test(Function.prototype.toString.call(like));
    const made = isClass
      ? new (like as new () => Scheduler)()
      : await (like as () => Scheduler | Promise<Scheduler>)();
    this.#owned = checkScheduler(made);
    // The dispatcher was closed meanwhile.
    if (this.#closing) await made.close();
    return made;
  }
}

stays(JobDispatcher);

/** A stream of results on a dispatcher. */
export function stream<R>(
  getDispatcher: () => JobDispatcher,
  call: CallRequest,
  ordered: boolean,
  finish: () => Promise<void>,
): AsyncIterableIterator<R> {
  const made = new ResultStream(() => engineOf(getDispatcher()), call, ordered, finish);
  return made as AsyncIterableIterator<R>;
}
