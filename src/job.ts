/**
 * One function as a single job, with the interface of Python's `threading.Thread` and
 * `multiprocessing.Process`.
 *
 * @module
 */

import { stays } from "./common/staying.ts";
import { aBoolean, aText, checkOptions, millisecondsFrom } from "./common/checks.ts";
import { callOf } from "./closure/call.ts";
import { captureLater } from "./calls/call.ts";
import { callJob, captureJob } from "./calls/job_code.ts";
import { JobLife } from "./calls/job_life.ts";
import { type JobRequest, JobRun } from "./calls/job_run.ts";
import { engineOf, type JobDispatcher } from "./dispatcher.ts";
import { checkPlace } from "./place.ts";
import { logMode } from "./engine/job_output.ts";
import { DEFAULT_RETRIES } from "./calls/options.ts";
import { type SharedDispatcher, sharedDispatcher } from "./shared_dispatcher.ts";
import { GridEngineError } from "./errors.ts";
import { withTimeout } from "./common/within.ts";
import { serializeFor } from "./protocol/instances.ts";
import { freshSeed } from "./common/random.ts";
import type { SchedulerLike } from "./scheduler/scheduler.ts";
import type { JobController } from "./job_controller.ts";
import { JOB_CHECKS, type JobOptions, type NeedsArgs } from "./job_options.ts";

/** The default grace period of `terminate()`, in milliseconds. */
const GRACE = 5000;

let jobs = 0;

/**
 * A function that runs on a worker: pass a `target`, or override `run` in a subclass. `R` is
 * what the function returns, `M` what {@linkcode Job.messages} gives, and `A` the types of
 * its parameters. `M` is not checked: write `const job: Job<number, string> = new Job(…)`.
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
export class Job<
  R = unknown,
  M = unknown,
  // deno-lint-ignore no-explicit-any -- see JobOptions
  A extends readonly unknown[] = any[],
> implements AsyncDisposable {
  /** Dropped when the job has ended, because it may be large. */
  #target: ((...args: never[]) => R | Promise<R>) | undefined;
  #args: readonly unknown[];
  readonly #mutable: boolean;
  readonly #how: Pick<JobRequest, "timeout" | "retries" | "seed" | "logs">;
  readonly #scheduler: SchedulerLike | undefined;
  readonly #dispatcher: JobDispatcher | undefined;
  readonly #life: JobLife;
  readonly #run: JobRun;
  #daemon: boolean;
  /** The dispatcher that the job runs on, if none was given. */
  #shared: SharedDispatcher | undefined;

  /**
   * Makes a job. It does nothing until it is started.
   *
   * @param options What to run, and how.
   * @throws {TypeError} If `target` is not a function, an option is unknown or has the
   * wrong type, or both a scheduler and a dispatcher are given.
   * @throws {RangeError} If a number is out of range.
   */
  constructor(options: JobOptions<R, A> & NeedsArgs<A> = {} as never) {
    checkOptions("Job", options, JOB_CHECKS);
    checkPlace(options);
    const { target, args = [], kwargs, timeout, retries = DEFAULT_RETRIES } = options;
    this.#target = target as ((...args: never[]) => R | Promise<R>) | undefined;
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
   * The work of the job: calls `target`. A subclass may override this method. It then runs
   * on the worker, where `this` has the fields of the job.
   *
   * @param _controller The running job; see {@linkcode JobController}.
   * @returns The job's result.
   */
  run(_controller?: JobController): R | Promise<R> {
    const { target, args } = this.#request();
    return target(...args as never[]);
  }

  /**
   * Starts the job. It runs as soon as a worker is free.
   *
   * @param dispatcher A dispatcher to run on, instead of the one in the options.
   * @throws {GridEngineError} If the job was started before, is closed, or has no target.
   * @throws {SerializationError} If the arguments cannot be sent to a worker.
   */
  start(dispatcher?: JobDispatcher): void {
    this.#life.mustBeStartable();
    const job = this.run === Job.prototype.run ? undefined : this;
    const item = job ? null : this.#request().args;
    const code = job
      ? this.#captureThis()
      : captureLater(this.#target!, true, this.#args);
    const on = dispatcher ?? this.#dispatcher;
    const shared = on ? undefined : sharedDispatcher(this.#scheduler);
    const engine = engineOf(on ?? shared!);
    this.#shared = shared;
    this.#run.begin(engine, {
      ...this.#how,
      code,
      here: job ? callJob(this) : callOf(this.#target!, true),
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
   * Waits until the job has ended, successfully or not.
   *
   * @param timeout How long to wait, in milliseconds. Default: no limit.
   * @throws {TimeoutError} When the timeout has passed. The job goes on.
   * @throws {GridEngineError} If the job was not started.
   */
  async join(timeout?: number): Promise<void> {
    this.#life.mustBeStarted("join");
    const late = () => `job "${this.#life.name}" is still running`;
    await withTimeout(this.#run.ended, timeout, late);
  }

  /** Whether the job was started and has not ended. */
  isAlive(): boolean {
    this.#life.mustBeOpen();
    return this.#life.state === "started";
  }

  /**
   * Asks the job to stop: its controller's `signal` is aborted. If the job has not ended
   * after the grace period, it is ended. The exit code is −15, unless the function returned
   * in time.
   *
   * @param grace The grace period in milliseconds. Default: 5000. Another call can make it
   * shorter, but not longer.
   */
  terminate(grace: number = GRACE): void {
    this.#life.mustBeStarted("terminate");
    millisecondsFrom(0)("grace", grace);
    this.#run.terminate(grace);
  }

  /** Ends the job at once. Its exit code is −9. */
  kill(): void {
    this.#life.mustBeStarted("kill");
    this.#run.kill();
  }

  /**
   * Closes the job. It cannot be used after that.
   *
   * @throws {GridEngineError} If the job is still running.
   */
  close(): void {
    this.#life.close();
  }

  /**
   * Terminates the job if it is running. Waits until the job has ended, and until its
   * worker's process and everything that was opened for it are gone. They stay if a
   * dispatcher was given, or if other jobs of the same scheduler are running.
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

  /** The job's name. It can be set until the job is started. */
  get name(): string {
    return this.#life.name;
  }

  set name(name: string) {
    this.#life.mustBeNew("name");
    aText("name", name);
    this.#life.name = name;
  }

  /** Whether the program may end before the job. It can be set until the job is started. */
  get daemon(): boolean {
    return this.#daemon;
  }

  set daemon(daemon: boolean) {
    this.#life.mustBeNew("daemon");
    aBoolean("daemon", daemon);
    this.#daemon = daemon;
  }

  /** The process id of the worker that runs the job; `null` before the job runs. */
  get pid(): number | null {
    return this.#run.worker?.pid ?? null;
  }

  /** The same as `pid`. */
  get ident(): number | null {
    return this.pid;
  }

  /** The name of the machine that runs the job; `null` before the job runs. */
  get host(): string | null {
    return this.#run.worker?.host ?? null;
  }

  /**
   * How the job ended:
   *
   * - `null`: it has not ended;
   * - 0: the function returned;
   * - 1: the function threw an error;
   * - −N: signal N ended it: −15 after `terminate()`, −9 after `kill()` or its timeout;
   * - another number: the exit status of its function or worker.
   */
  get exitCode(): number | null {
    return this.#run.exitCode;
  }

  /** Resolves when the job has ended, successfully or not. */
  get sentinel(): Promise<void> {
    return this.#run.ended;
  }

  /**
   * The value that the function returned. Rejects with the error that the function threw,
   * with the reason why it did not return, or with a {@linkcode GridEngineError} if the job
   * was not started.
   */
  get result(): Promise<Awaited<R>> {
    if (this.#life.state === "new") {
      return Promise.reject(this.#life.notStarted("give a result"));
    }
    return this.#run.result as Promise<Awaited<R>>;
  }

  /**
   * The values that the job sends with `currentJob().send()`, in order, until the job has
   * ended. A job that is run again sends its messages again.
   */
  get messages(): AsyncIterable<M> {
    return this.#run.messages as AsyncIterable<M>;
  }

  /**
   * Sends a value to the job, which reads it from `currentJob().messages`. Values are kept
   * until the job has ended: a job that starts later receives them, and so does each further
   * attempt after a lost worker. After the end of the job values are dropped.
   *
   * @throws {SerializationError} If the value cannot be sent to a worker.
   * @throws {GridEngineError} If the job was not started.
   */
  send(value: unknown): void {
    this.#life.mustBeStarted("send");
    this.#run.send(value);
  }

  /** How `console.log` shows the job. */
  [Symbol.for("Deno.customInspect")](
    inspect: (value: unknown, options?: unknown) => string,
    options?: unknown,
  ): string {
    const { pid, host, exitCode } = this;
    const own = { name: this.#life.name, state: this.#life.state, pid, host, exitCode };
    const shown = Object.assign(own, this);
    return `${this.constructor.name} ${inspect(shown, options)}`;
  }

  #request(): { target: (...args: never[]) => R | Promise<R>; args: unknown[] } {
    if (!(#target in this) || this.#target === undefined) {
      throw new GridEngineError(
        `The job has nothing to run: pass a target, or override run(controller)`,
      );
    }
    const args = [...this.#args];
    serializeFor(args, `${this.#life.name} → args`, "a worker", {
      numberOf: () => 0,
      numberOfFunction: () => 0,
    });
    return { target: this.#target, args };
  }

  #captureThis() {
    const [target, args, mutable] = [this.#target, this.#args, this.#mutable];
    return captureJob(this, { name: this.#life.name, target, args, mutable }, Job);
  }
}

stays(Job);
