/**
 * One function as a job of its own, with the interface of Python's `threading.Thread`
 * and `multiprocessing.Process`.
 *
 * @module
 */

import {
  aBoolean,
  aText,
  checkOptions,
  type Checks,
  millisecondsFrom,
  shown,
} from "./common/checks.ts";
import { checkFunction } from "./closure/capture/root.ts";
import { captureLater } from "./calls/call.ts";
import { captureJob } from "./calls/job_code.ts";
import { JobLife } from "./calls/job_life.ts";
import { type JobRequest, JobRun } from "./calls/job_run.ts";
import {
  checkPlace,
  engineOf,
  type JobDispatcher,
  PLACE_CHECKS,
  withTimeout,
} from "./dispatcher.ts";
import { logMode, type LogOptions } from "./engine/job_output.ts";
import { COMMON_CHECKS, DEFAULT_RETRIES } from "./calls/options.ts";
import { type SharedDispatcher, sharedDispatcher } from "./shared_dispatcher.ts";
import { GridEngineError } from "./errors.ts";
import { serializeFor } from "./protocol/values.ts";
import { freshSeed } from "./common/random.ts";
import type { SchedulerLike } from "./scheduler/scheduler.ts";
import type { JobController } from "./job_controller.ts";

/** Options of a {@linkcode Job}. */
export interface JobOptions<R> extends LogOptions {
  /** What to run; a subclass that overrides `run` needs none. */
  target?: (...args: never[]) => R;
  /**
   * The arguments of `target`.
   * @default {[]}
   */
  args?: readonly unknown[];
  /** Passed to `target` as one last argument. */
  kwargs?: Record<string, unknown>;
  /**
   * What the job is called.
   * @default {"Job-1", "Job-2" …}
   */
  name?: string;
  /**
   * Whether the program may end before the job, which then ends with it.
   * @default {false}
   */
  daemon?: boolean;
  /**
   * Whether the fields of the job object are copied back when it has ended. One that cannot
   * be set fails the job with what that throws.
   * @default {false}
   */
  mutable?: boolean;
  /**
   * How long it may run, in milliseconds.
   * @default {undefined} As long as it takes.
   */
  timeout?: number;
  /**
   * How often it is run again when its worker was lost.
   * @default {2}
   */
  retries?: number;
  /**
   * What the random numbers of `currentJob().random` are made of: a whole number from 0.
   * @default {undefined} Another one for each job.
   */
  seed?: number;
  /**
   * What starts the worker. Jobs of one scheduler share its workers.
   * @default {bestAvailable}
   */
  scheduler?: SchedulerLike;
  /** An open dispatcher to run on, instead of a scheduler. */
  dispatcher?: JobDispatcher;
}

const CHECKS: Checks<JobOptions<unknown>> = {
  target: (_, value) => checkFunction(value),
  args(name, value) {
    if (Array.isArray(value)) return;
    throw new TypeError(
      `${name} is ${shown(value)}: an array of arguments is expected`,
    );
  },
  kwargs(name, value) {
    if (typeof value === "object" && value !== null) return;
    throw new TypeError(`${name} is ${shown(value)}: an object is expected`);
  },
  daemon: aBoolean,
  mutable: aBoolean,
  ...COMMON_CHECKS,
  ...PLACE_CHECKS,
};

/** How long a job may take to come to an end when it is terminated, in milliseconds. */
const GRACE = 5000;

let jobs = 0;

/**
 * A function that runs on a worker: give a `target`, or override `run` in a subclass.
 *
 * @example
 * ```ts
 * import { Job } from "jsr:@x/gridengine";
 * import { deepEqual as assertEquals } from "node:assert/strict";
 *
 * const job = new Job({ target: (a: number, b: number) => a + b, args: [1, 2] });
 * job.start();
 * await job.join();
 * assertEquals(job.exitCode, 0);
 * assertEquals(await job.result, 3);
 * ```
 */
export class Job<R = unknown> implements AsyncDisposable {
  /** Forgotten when the job has ended, for it may be large. */
  #target: ((...args: never[]) => R) | undefined;
  #args: readonly unknown[];
  readonly #mutable: boolean;
  readonly #how: Pick<JobRequest, "timeout" | "retries" | "seed" | "logs">;
  readonly #scheduler: SchedulerLike | undefined;
  readonly #dispatcher: JobDispatcher | undefined;
  readonly #life: JobLife;
  readonly #run: JobRun<Awaited<R>>;
  #daemon: boolean;
  /** What it runs on, if no dispatcher was given. */
  #shared: SharedDispatcher | undefined;

  /**
   * Makes a job; it does nothing before it is started.
   *
   * @param options What to run, and how.
   * @throws {TypeError} When `target` is not a function, or an option is unknown.
   * @throws {RangeError} When a number is out of range.
   */
  constructor(options: JobOptions<R> = {}) {
    checkOptions("Job", options, CHECKS);
    checkPlace(options);
    const { target, args = [], kwargs, timeout, retries = DEFAULT_RETRIES } = options;
    this.#target = target;
    this.#args = kwargs ? [...args, kwargs] : [...args];
    this.#life = new JobLife(options.name ?? `Job-${++jobs}`);
    this.#run = new JobRun(this.#life);
    this.#daemon = options.daemon ?? false;
    this.#mutable = options.mutable ?? false;
    logMode(options);
    const { logs, onLog, seed = freshSeed() } = options;
    const printed = { ...(logs && { logs }), ...(onLog && { onLog }) };
    this.#how = { timeout, retries, seed, logs: printed };
    this.#scheduler = options.scheduler;
    this.#dispatcher = options.dispatcher;
  }

  /**
   * What the job does: it calls `target`. A subclass may override it; then it runs on the
   * worker, where `this` has the fields of the job.
   *
   * @param _controller The running job; see {@linkcode JobController}.
   * @returns The job's result.
   */
  run(_controller?: JobController): R | Promise<R> {
    const { target, args } = this.#request();
    return target(...args as never[]);
  }

  /**
   * Starts the job. It waits for a worker to be free.
   *
   * @param dispatcher A dispatcher to run on, instead of the one of the options.
   * @throws {GridEngineError} When it was started before, or closed.
   * @throws {SerializationError} When it cannot travel.
   */
  start(dispatcher?: JobDispatcher): void {
    this.#life.mustBeStartable();
    const job = this.run === Job.prototype.run ? undefined : this;
    const item = job ? null : this.#request().args;
    const code = job ? this.#captureThis() : captureLater(this.#target!, true);
    const on = dispatcher ?? this.#dispatcher;
    const shared = on ? undefined : sharedDispatcher(this.#scheduler);
    const engine = engineOf(on ?? shared!);
    this.#shared = shared;
    this.#run.begin(engine, {
      ...this.#how,
      code,
      item,
      job,
      daemon: this.#daemon,
      ended: () => {
        this.#target = undefined;
        this.#args = [];
        shared?.release();
      },
    });
    shared?.hold();
  }

  /**
   * Waits until the job has ended, however it ended.
   *
   * @param timeout How long, in milliseconds; as long as it takes by default.
   * @throws {TimeoutError} When time is up; the job goes on.
   * @throws {GridEngineError} When the job was not started.
   */
  async join(timeout?: number): Promise<void> {
    this.#life.mustBeStarted("join");
    const late = () => `job "${this.#life.name}" is still running`;
    await withTimeout(this.#run.ended, timeout, late);
  }

  /** Whether it was started and has not ended. */
  isAlive(): boolean {
    this.#life.mustBeOpen();
    return this.#life.state === "started";
  }

  /**
   * Asks the job to come to an end: its controller's `signal` is aborted. What has not
   * ended after the grace period is ended. The exit code is −15, unless the function
   * returned in time.
   *
   * @param grace The grace period in milliseconds. It can be made shorter by another call,
   * not longer.
   */
  terminate(grace: number = GRACE): void {
    this.#life.mustBeStarted("terminate");
    millisecondsFrom(0)("grace", grace);
    this.#run.terminate(grace);
  }

  /** Ends the job at once: exit code −9. */
  kill(): void {
    this.#life.mustBeStarted("kill");
    this.#run.kill();
  }

  /**
   * Says that the job is no longer needed; it cannot be used any more.
   *
   * @throws {GridEngineError} While it runs.
   */
  close(): void {
    this.#life.close();
  }

  /**
   * Terminates the job if it runs, waits until it has ended, and until nothing is left of
   * what it ran on: its worker's process, and what belongs to it here. Where a dispatcher
   * was given, or other jobs of the same scheduler run, that stays.
   *
   * @example
   * ```ts
   * import { Job, ProcessScheduler } from "jsr:@x/gridengine";
   * import { equal } from "node:assert/strict";
   *
   * const scheduler = () => new ProcessScheduler({ workers: 1 });
   * await using job = new Job({ target: (x: number) => 2 * x, args: [21], scheduler });
   * job.start();
   * equal(await job.result, 42);
   * ```
   */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#life.state === "started") this.terminate();
    if (this.#life.state !== "new") await this.#run.ended;
    await this.#shared?.left();
  }

  /** What it is called. It can be set until it is started. */
  get name(): string {
    return this.#life.name;
  }

  set name(name: string) {
    this.#life.mustBeNew("name");
    aText("name", name);
    this.#life.name = name;
  }

  /** Whether the program may end before the job. It can be set until it is started. */
  get daemon(): boolean {
    return this.#daemon;
  }

  set daemon(daemon: boolean) {
    this.#life.mustBeNew("daemon");
    aBoolean("daemon", daemon);
    this.#daemon = daemon;
  }

  /** The id of the worker process that runs it; `null` before it runs. */
  get pid(): number | null {
    return this.#run.worker?.pid ?? null;
  }

  /** The same as `pid`. */
  get ident(): number | null {
    return this.pid;
  }

  /** The name of the machine that runs it; `null` before it runs. */
  get host(): string | null {
    return this.#run.worker?.host ?? null;
  }

  /**
   * How it ended: `null` while it has not; 0; 1 when it threw; −N when signal N ended it,
   * as −15 after `terminate()` and −9 after `kill()` or its timeout; the status that its
   * function or worker exited with.
   */
  get exitCode(): number | null {
    return this.#run.exitCode;
  }

  /** Resolves when it has ended, however it ended. */
  get sentinel(): Promise<void> {
    return this.#run.ended;
  }

  /**
   * What the function returned; rejects with what it threw, or why it did not return, and
   * with a {@linkcode GridEngineError} when the job was not started.
   */
  get result(): Promise<Awaited<R>> {
    if (this.#life.state === "new") {
      return Promise.reject(this.#life.notStarted("give a result"));
    }
    return this.#run.result;
  }

  /**
   * What the running job has sent with `currentJob().send()`, in order, until it has
   * ended. A job that is tried again sends again.
   */
  get messages(): AsyncIterable<unknown> {
    return this.#run.messages;
  }

  /**
   * Sends a value to the running job, where `currentJob().messages` gives it. What is
   * sent before it runs, it finds there when it does; so does each try of it that
   * follows a lost worker. So it is kept until the job has ended. What is sent later is
   * dropped.
   *
   * @throws {SerializationError} When the value cannot travel.
   * @throws {GridEngineError} When the job was not started.
   */
  send(value: unknown): void {
    this.#life.mustBeStarted("send");
    this.#run.send(value);
  }

  /** What `console.log` shows of it. */
  [Symbol.for("Deno.customInspect")](
    inspect: (value: unknown, options?: unknown) => string,
    options?: unknown,
  ): string {
    const { pid, host, exitCode } = this;
    const own = { name: this.#life.name, state: this.#life.state, pid, host, exitCode };
    const shown = Object.assign(own, this);
    return `${this.constructor.name} ${inspect(shown, options)}`;
  }

  #request(): { target: (...args: never[]) => R; args: unknown[] } {
    if (!(#target in this) || this.#target === undefined) {
      throw new GridEngineError(
        `The job has nothing to run: give a target, or override run(controller)`,
      );
    }
    const args = [...this.#args];
    serializeFor(args, `${this.#life.name} → args`, "a worker");
    return { target: this.#target, args };
  }

  #captureThis(): () => Promise<Uint8Array> {
    const parts = {
      name: this.#life.name,
      target: this.#target,
      args: this.#args,
      mutable: this.#mutable,
    };
    return captureJob(this, parts, Job);
  }
}
