/**
 * The run of a job. It has one item, and a worker of its own.
 *
 * @module
 */

import type { Code } from "../closure/capture/capture.ts";
import { log } from "../common/log.ts";
import { Mailbox } from "../common/mailbox.ts";
import { printError } from "../common/printing.ts";
import type { Engine } from "../engine/engine.ts";
import { ItemSource } from "../engine/item_source.ts";
import { JobOutput, type LogOptions } from "../engine/job_output.ts";
import { Copier } from "../engine/copier.ts";
import type { WorkerInfo } from "../engine/worker_info.ts";
import { JobCancelledError } from "../errors.ts";
import { lossIn } from "../protocol/complaint.ts";
import { serializeFor } from "../protocol/instances.ts";
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
  /** Whether it was logged that a message to it loses its class. */
  #warned = false;

  /** What was sent before the code of the job was there; then nothing has to wait. */
  #unsent: unknown[] | undefined = [];
  /** The numbers of the classes that the worker has, by their prototypes. */
  readonly #numbers = new Map<object, number>();

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
        for (const [number, prototype] of classes) this.#numbers.set(prototype, number);
        this.#sendAll(fail);
        return made;
      },
      here,
      items: new ItemSource([item]),
      settings,
      seed,
      output,
      daemon,
      listener: {
        started: (worker) => {
          this.worker = worker;
          // In this process there is no code.
          this.#sendAll(fail);
        },
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
   * Sends it a value, as it is now. Objects of classes that the job uses keep them.
   *
   * @throws {SerializationError} When the value cannot travel.
   */
  send(value: unknown): void {
    if (!this.#unsent) return this.#send(value);
    const copier = new Copier(() => {});
    this.#unsent.push(copier.copy(value, this.#path, "a worker", false));
  }

  /** Sends what had to wait until it was known by what numbers classes go. */
  #sendAll(fail: (error: unknown) => void): void {
    const values = this.#unsent ?? [];
    this.#unsent = undefined;
    try {
      for (const value of values) this.#send(value);
    } catch (error) {
      fail(error);
    }
  }

  #send(value: unknown): void {
    const numberOf = (prototype: object) => this.#numbers.get(prototype);
    const lossy = () => this.#warnOfLoss(value);
    const how = { numberOf, lossy };
    this.#engine!.send(this.#id, serializeFor(value, this.#path, "a worker", how));
  }

  get #path(): string {
    return `${this.#life.name} → message`;
  }

  /** Logs once that an object in a message loses its class. */
  #warnOfLoss(value: unknown): void {
    if (this.#warned) return;
    this.#warned = true;
    const keeps = (prototype: object) => this.#numbers.has(prototype);
    const lost = lossIn([{ child: value, step: () => "message" }], keeps);
    log(
      "info",
      `to job "${this.#life.name}" ${lost}: send data, and make the object from that`,
    );
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
