/**
 * The run of a job. It has one item, and a worker of its own.
 *
 * @module
 */

import type { Code } from "../closure/capture/capture.ts";
import { Mailbox } from "../common/mailbox.ts";
import { printError } from "../common/printing.ts";
import type { Engine } from "../engine/engine.ts";
import { ItemSource } from "../engine/item_source.ts";
import { JobOutput, type LogOptions } from "../engine/job_output.ts";
import type { WorkerInfo } from "../engine/worker_info.ts";
import { JobCancelledError } from "../errors.ts";
import { onInterrupt } from "./interrupt.ts";
import { exitCodeOf, type Outcome, unpackOutcome } from "./job_outcome.ts";
import type { JobLife } from "./job_life.ts";
import { runSettings } from "./options.ts";

/** What a job runs, and how. */
export interface JobRequest {
  /** What the worker runs, serialized. */
  code: () => Promise<Code>;
  /** Runs it in the program itself. */
  here: (item: unknown) => unknown;
  /** The item that it is run with. */
  item: unknown;
  /** The job whose fields come back, if its class overrides `run`. */
  job: object | undefined;
  /** Its options of the same names. */
  timeout: number | undefined;
  retries: number;
  seed: number;
  daemon: boolean;
  logs: LogOptions;
  /** Called when it has ended. */
  ended: () => void;
}

/** The run of one job. */
export class JobRun {
  /** The worker that runs it. */
  worker: WorkerInfo | undefined;
  /** Its exit code; `null` until it has ended. */
  exitCode: number | null = null;
  /** The values that it has sent. */
  readonly messages = new Mailbox<unknown>();
  readonly #life: JobLife;
  readonly #outcome = Promise.withResolvers<unknown>();
  readonly #ended = Promise.withResolvers<void>();
  #engine: Engine | undefined;
  #id = 0;
  #asked = false;
  #killed = false;
  /** @param life The state of the job. */
  constructor(life: JobLife) {
    this.#life = life;
    // Only callers that ask for the result get its error.
    this.#outcome.promise.catch(() => {});
  }

  /** Its result. An error that nobody has asked for is printed. */
  get result(): Promise<unknown> {
    this.#asked = true;
    return this.#outcome.promise;
  }

  /** Resolves when it has ended, however it ended. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Begins the run. */
  begin(engine: Engine, request: JobRequest): void {
    const { code, here, item, job, timeout, retries, seed, daemon, logs } = request;
    const { name } = this.#life;
    const settings = {
      ...runSettings({ retries, ...(timeout && { timeout }) }, 1),
      exclusive: true,
    };
    this.#life.state = "started";
    this.#engine = engine;
    let outcome: Outcome | undefined;
    let classes: Code["classes"] = new Map();
    const fail = (error: unknown) => {
      engine.cancel(this.#id);
      end(error);
    };
    const over = onInterrupt(() => this.kill());
    const end = (error?: unknown) => {
      over();
      this.#end(outcome && error === undefined ? outcome : { error });
      request.ended();
    };
    const output = new JobOutput({
      ...logs,
      name,
      isJob: true,
      failed: fail,
    });
    const unpack = (job: object, value: unknown) => {
      const worker = this.worker && { worker: this.worker };
      const where = { name, index: undefined, ...worker };
      return unpackOutcome(
        job,
        value,
        where,
        output.last(0),
        (number) => classes.get(number),
      );
    };
    this.#id = engine.start({
      name,
      code: async () => {
        const made = await code();
        classes = made.classes;
        return made;
      },
      here,
      items: new ItemSource([item]),
      settings,
      seed,
      output,
      daemon,
      listener: {
        started: (worker) => this.worker = worker,
        message: (value) => this.messages.push(value),
        results: (_first, [value]) => outcome = job ? unpack(job, value) : { value },
        failed: (_index, error) => outcome = { error },
        ended: end,
      },
    });
  }

  /** Asks it to come to an end, and ends it after a time in milliseconds. */
  terminate(grace: number): void {
    if (this.#life.state === "started") this.#engine!.terminate(this.#id, grace);
  }

  /** Ends it at once. */
  kill(): void {
    if (this.#life.state !== "started") return;
    this.#killed = true;
    this.#engine!.terminate(this.#id, 0);
  }

  /**
   * Sends it a value, as it is now. Objects keep their class.
   *
   * @throws {SerializationError} When the value cannot travel.
   */
  send(value: unknown): void {
    this.#engine!.send(this.#id, value);
  }

  #end(outcome: Outcome): void {
    this.#life.state = "ended";
    if ("value" in outcome) {
      this.exitCode = 0;
      this.#outcome.resolve(outcome.value);
    } else {
      this.exitCode = exitCodeOf(outcome.error, this.#killed);
      this.#outcome.reject(outcome.error);
    }
    this.messages.end();
    this.#ended.resolve();
    if ("error" in outcome) this.#complain(outcome.error);
  }

  /** Prints an error that nobody asked for, as far as it can be printed. */
  #complain(error: unknown): void {
    if (this.#asked || error instanceof JobCancelledError) return;
    printError(`Exception in job "${this.#life.name}":`, error);
  }
}
