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
import { checkFunction, rootOf } from "./closure/capture/root.ts";
import { inspectPrivates, mayInspect } from "./closure/capture/inspector.ts";
import type { JobOutcome, Slot, Task } from "./closure/payload.ts";
import { translateStack } from "./closure/capture/stack.ts";
import { captureLater } from "./calls/call.ts";
import {
  checkPlace,
  engineOf,
  type JobDispatcher,
  PLACE_CHECKS,
  withTimeout,
} from "./dispatcher.ts";
import type { WorkerInfo } from "./engine/worker_info.ts";
import type { Engine } from "./engine/engine.ts";
import { stackLine, withOutput } from "./engine/failures.ts";
import { ItemSource } from "./engine/item_source.ts";
import { JobOutput, logMode, type LogOptions } from "./engine/job_output.ts";
import { COMMON_CHECKS, DEFAULT_RETRIES, runSettings } from "./calls/options.ts";
import { type SharedDispatcher, sharedDispatcher } from "./shared.ts";
import {
  GridEngineError,
  JobCancelledError,
  JobTimeoutError,
  WorkerLostError,
} from "./errors.ts";
import { printError } from "./common/printing.ts";
import { decodeFailure } from "./protocol/failure.ts";
import { lossIn } from "./protocol/complaint.ts";
import { serializeFor } from "./protocol/values.ts";
import { freshSeed } from "./common/random.ts";
import { log } from "./common/log.ts";
import type { SchedulerLike } from "./scheduler/scheduler.ts";
import type { JobController } from "./job_controller.ts";
import { Mailbox } from "./common/mailbox.ts";

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
/** Signal numbers, for exit codes. */
const SIGKILL = 9;
const SIGTERM = 15;

type Outcome = { value: unknown } | { error: unknown };

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
  readonly #timeout: number | undefined;
  readonly #retries: number;
  readonly #seed: number;
  readonly #logs: LogOptions;
  readonly #scheduler: SchedulerLike | undefined;
  readonly #dispatcher: JobDispatcher | undefined;
  readonly #outcome = Promise.withResolvers<Awaited<R>>();
  readonly #ended = Promise.withResolvers<void>();
  readonly #messages = new Mailbox<unknown>();
  #name: string;
  #daemon: boolean;
  #state: "new" | "started" | "ended" = "new";
  #closed = false;
  #asked = false;
  /** It was said that a message to it loses its class. */
  #warned = false;
  #killed = false;
  #engine: Engine | undefined;
  /** What it runs on, if no dispatcher was given. */
  #shared: SharedDispatcher | undefined;
  #run = 0;
  #worker: WorkerInfo | undefined;
  #exitCode: number | null = null;

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
    this.#name = options.name ?? `Job-${++jobs}`;
    this.#daemon = options.daemon ?? false;
    this.#mutable = options.mutable ?? false;
    this.#timeout = timeout;
    this.#retries = retries;
    this.#seed = options.seed ?? freshSeed();
    logMode(options);
    const { logs, onLog } = options;
    this.#logs = { ...(logs && { logs }), ...(onLog && { onLog }) };
    this.#scheduler = options.scheduler;
    this.#dispatcher = options.dispatcher;
    // Whoever asks for the result hears of its failure; others must not be made to.
    this.#outcome.promise.catch(() => {});
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
    this.#mustBeOpen();
    if (this.#state !== "new") {
      throw new GridEngineError(
        `Job "${this.#name}" was started before: a job runs once; make a new Job`,
      );
    }
    const overridden = this.run !== Job.prototype.run;
    const item = overridden ? null : this.#request().args;
    const code = overridden ? this.#captureThis() : captureLater(this.#target!, true);
    const on = dispatcher ?? this.#dispatcher;
    const shared = on ? undefined : sharedDispatcher(this.#scheduler);
    const engine = engineOf(on ?? shared!);
    const timeout = this.#timeout;
    const settings = {
      ...runSettings({ retries: this.#retries, ...(timeout && { timeout }) }, 1),
      exclusive: true,
    };
    this.#state = "started";
    this.#engine = engine;
    this.#shared = shared;
    let outcome: Outcome | undefined;
    const end = (error?: unknown) => {
      this.#end(outcome && error === undefined ? outcome : { error });
      shared?.release();
    };
    const output = new JobOutput({
      ...this.#logs,
      name: this.#name,
      isJob: true,
      failed: (error) => {
        engine.cancel(this.#run);
        end(error);
      },
    });
    this.#run = engine.start({
      name: this.#name,
      code,
      items: new ItemSource([item]),
      settings,
      seed: this.#seed,
      output,
      daemon: this.#daemon,
      listener: {
        started: (worker) => this.#worker = worker,
        message: (value) => this.#messages.push(value),
        results: (_first, [value]) => {
          outcome = overridden ? this.#unpack(value, output.last(0)) : { value };
        },
        failed: (_index, error) => outcome = { error },
        ended: end,
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
    this.#mustBeStarted("join");
    const late = () => `job "${this.#name}" is still running`;
    await withTimeout(this.#ended.promise, timeout, late);
  }

  /** Whether it was started and has not ended. */
  isAlive(): boolean {
    this.#mustBeOpen();
    return this.#state === "started";
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
    this.#mustBeStarted("terminate");
    millisecondsFrom(0)("grace", grace);
    if (this.#state === "started") this.#engine!.terminate(this.#run, grace);
  }

  /** Ends the job at once: exit code −9. */
  kill(): void {
    this.#mustBeStarted("kill");
    if (this.#state !== "started") return;
    this.#killed = true;
    this.#engine!.terminate(this.#run, 0);
  }

  /**
   * Says that the job is no longer needed; it cannot be used any more.
   *
   * @throws {GridEngineError} While it runs.
   */
  close(): void {
    if (this.#state === "started") {
      throw new GridEngineError(
        `Job "${this.#name}" is still running: join() or terminate() it before close()`,
      );
    }
    this.#closed = true;
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
    if (this.#state === "started") this.terminate();
    if (this.#state !== "new") await this.#ended.promise;
    await this.#shared?.left();
  }

  /** What it is called. It can be set until it is started. */
  get name(): string {
    return this.#name;
  }

  set name(name: string) {
    this.#mustBeNew("name");
    aText("name", name);
    this.#name = name;
  }

  /** Whether the program may end before the job. It can be set until it is started. */
  get daemon(): boolean {
    return this.#daemon;
  }

  set daemon(daemon: boolean) {
    this.#mustBeNew("daemon");
    aBoolean("daemon", daemon);
    this.#daemon = daemon;
  }

  /** The id of the worker process that runs it; `null` before it runs. */
  get pid(): number | null {
    return this.#worker?.pid ?? null;
  }

  /** The same as `pid`. */
  get ident(): number | null {
    return this.pid;
  }

  /** The name of the machine that runs it; `null` before it runs. */
  get host(): string | null {
    return this.#worker?.host ?? null;
  }

  /**
   * How it ended: `null` while it has not; 0; 1 when it threw; −N when signal N ended it,
   * as −15 after `terminate()` and −9 after `kill()` or its timeout; the status that its
   * function or worker exited with.
   */
  get exitCode(): number | null {
    return this.#exitCode;
  }

  /** Resolves when it has ended, however it ended. */
  get sentinel(): Promise<void> {
    return this.#ended.promise;
  }

  /**
   * What the function returned; rejects with what it threw, or why it did not return, and
   * with a {@linkcode GridEngineError} when the job was not started.
   */
  get result(): Promise<Awaited<R>> {
    if (this.#state === "new") return Promise.reject(this.#notStarted("give a result"));
    this.#asked = true;
    return this.#outcome.promise;
  }

  /**
   * What the running job has sent with `currentJob().send()`, in order, until it has
   * ended. A job that is tried again sends again.
   */
  get messages(): AsyncIterable<unknown> {
    return this.#messages;
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
    this.#mustBeStarted("send");
    this.#engine!.send(
      this.#run,
      serializeFor(value, `${this.#name} → message`, "a worker", () => {
        this.#warnOfLoss(value);
      }),
    );
  }

  /** Says once that an object in what is sent loses its class. */
  #warnOfLoss(value: unknown): void {
    if (this.#warned) return;
    this.#warned = true;
    const lost = lossIn([{ child: value, step: () => "message" }]);
    log(
      "info",
      `to job "${this.#name}" ${lost}: send data, and make the object of that`,
    );
  }

  /** What `console.log` shows of it. */
  [Symbol.for("Deno.customInspect")](
    inspect: (value: unknown, options?: unknown) => string,
    options?: unknown,
  ): string {
    const { pid, host, exitCode } = this;
    const own = { name: this.#name, state: this.#state, pid, host, exitCode };
    const shown = Object.assign(own, this);
    return `${this.constructor.name} ${inspect(shown, options)}`;
  }

  #end(outcome: Outcome): void {
    this.#state = "ended";
    this.#target = undefined;
    this.#args = [];
    if ("value" in outcome) {
      this.#exitCode = 0;
      this.#outcome.resolve(outcome.value as Awaited<R>);
    } else {
      this.#exitCode = this.#exitCodeOf(outcome.error);
      this.#outcome.reject(outcome.error);
    }
    this.#messages.end();
    this.#ended.resolve();
    if ("error" in outcome) this.#complain(outcome.error);
  }

  /** What failed is printed if nobody asked for it: as far as it can be. */
  #complain(error: unknown): void {
    if (this.#asked || error instanceof JobCancelledError) return;
    printError(`Exception in job "${this.#name}":`, error);
  }

  /** What came of a subclass's `run`; its fields come back here. */
  #unpack(value: unknown, lines: readonly string[]): Outcome {
    if (typeof value !== "object" || value === null) {
      const error = `Job "${this.#name}" came to nothing that its worker could send`;
      return { error: new GridEngineError(error) };
    }
    const { result, thrown, fields }: JobOutcome = value;
    const { name: _, daemon: __, ...own } = Object(fields);
    let outcome: Outcome = { value: result };
    try {
      Object.assign(this, own);
    } catch (error) {
      // A field is read-only, or its setter has thrown this.
      outcome = { error };
    }
    if (thrown === undefined) return outcome;
    const where = { name: this.#name, index: undefined };
    const worker = this.#worker && { worker: this.#worker };
    const line = stackLine({ ...where, ...worker });
    return {
      error: withOutput(decodeFailure(thrown, line, translateStack), lines),
    };
  }

  #exitCodeOf(error: unknown): number {
    if (error instanceof JobCancelledError) return this.#killed ? -SIGKILL : -SIGTERM;
    if (error instanceof JobTimeoutError) return -SIGKILL;
    if (error instanceof WorkerLostError) {
      // The function itself may have thrown it, with anything or nothing in it.
      const { signalNumber, exitStatus } = Object([error.attempts].flat().at(-1));
      if (Number.isInteger(signalNumber)) return -signalNumber;
      return Number.isInteger(exitStatus) ? exitStatus : -SIGKILL;
    }
    return 1;
  }

  #request(): { target: (...args: never[]) => R; args: unknown[] } {
    if (!(#target in this) || this.#target === undefined) {
      throw new GridEngineError(
        `The job has nothing to run: give a target, or override run(controller)`,
      );
    }
    const args = [...this.#args];
    serializeFor(args, `${this.#name} → args`, "a worker");
    return { target: this.#target, args };
  }

  #captureThis(): () => Promise<Uint8Array> {
    const root = rootOf(this.constructor);
    const values: { name: string; value: unknown }[] = [
      { name: `${this.#name} → this`, value: this },
    ];
    if (this.#target) {
      values.push({ name: `${this.#name} → target`, value: this.#target });
      values.push({ name: `${this.#name} → args`, value: [...this.#args] });
    }
    const mutable = this.#mutable;
    if (mutable) this.#warnOfPrivates();
    const task = ([_, job, target, args]: Slot[]): Task => ({
      kind: "job",
      job: job!,
      mutable,
      ...(target && { target }),
      ...(args && { args }),
    });
    return async () => {
      const { capture } = await import("./closure/capture/capture.ts");
      return (await capture(root, task, values, Job)).bytes;
    };
  }

  /** What is private to a class does not come back from a worker. */
  #warnOfPrivates(): void {
    if (!mayInspect()) return;
    // Those of this class come first.
    const count = inspectPrivates(new Job({ name: "" })).length;
    const names = inspectPrivates(this).slice(count).map(([name]) => name);
    if (names.length === 0) return;
    log(
      "info",
      `job "${this.#name}" is mutable, but what it sets in ${
        names.join(", ")
      } stays on ` +
        `the worker: use a field that is not private`,
    );
  }

  #mustBeOpen(): void {
    if (!this.#closed) return;
    throw new GridEngineError(`Job "${this.#name}" is closed`);
  }

  #mustBeStarted(what: string): void {
    this.#mustBeOpen();
    if (this.#state === "new") throw this.#notStarted(what);
  }

  #notStarted(what: string): GridEngineError {
    return new GridEngineError(
      `Job "${this.#name}" cannot ${what}: start() it first`,
    );
  }

  #mustBeNew(what: string): void {
    this.#mustBeOpen();
    if (this.#state === "new") return;
    throw new GridEngineError(
      `Job "${this.#name}" was started: set its ${what} before start()`,
    );
  }
}
