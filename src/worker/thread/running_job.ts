/**
 * The job that runs, as its function sees it.
 *
 * @module
 */

import type { Restored } from "../../closure/revive/restore.ts";
import { cannotSend, type JobController } from "../../job_controller.ts";
import { Mailbox } from "../../common/mailbox.ts";
import type { AssignedChunk } from "../../protocol/messages.ts";
import type { Child } from "../../protocol/steps.ts";
import { deserializeWhole, serializeFor } from "../../protocol/instances.ts";
import { Refusal } from "../../protocol/refusal.ts";
import { unmade } from "../../protocol/refused.ts";
import { randomNumbers, seedOf } from "../../common/random.ts";
import type { Batch, FromThread, ToThread } from "../between/thread_messages.ts";

/** What the host says to a running job. */
export type ToJob = Extract<ToThread, { type: "abort" | "message" }>;

/** The thread that a job runs in. */
export interface ThreadOfJob {
  /** The worker's identity. */
  readonly worker: string;
  /** The machine's name. */
  readonly host: string;
  /** Says something to the event loop. */
  post(message: FromThread): void;
  /** Is told where an object is that arrives without its class, by which code. */
  lossy(code: number, values: () => Child[]): void;
  /** The number of the class with this prototype, if it came with a code. */
  numberOf(code: number, prototype: object): number | undefined;
  /** Loads what adds to a code, if something new does. */
  load(code: number): Promise<unknown> | undefined;
  /** Makes an object of the class with this number that has its `#private` fields only. */
  restore(code: number, number: number): Restored | undefined;
  /** The function with this number, which came with a code. */
  valueOf(code: number, number: number): unknown;
  /** The prototype of the class with this number, which came with a code. */
  prototypeOf(code: number, number: number): object | undefined;
}

/** The running job, as `currentJob()` gives it. What is seldom needed is made when asked for. */
export class RunningJob implements JobController {
  readonly #chunk: AssignedChunk;
  readonly #offset: number;
  readonly #batch: Batch;
  readonly #thread: ThreadOfJob;
  #aborter: AbortController | undefined;
  #messages: Mailbox<unknown> | undefined;
  /** Messages that wait for code. */
  #taking: Promise<void> | undefined;
  #seed: number | undefined;
  #random: (() => number) | undefined;
  #send: ((value: unknown) => void) | undefined;

  /**
   * @param chunk The chunk that its item is of.
   * @param offset The item's place in it.
   * @param batch What came with the chunk.
   * @param thread Where it runs.
   */
  constructor(
    chunk: AssignedChunk,
    offset: number,
    batch: Batch,
    thread: ThreadOfJob,
  ) {
    this.#chunk = chunk;
    this.#offset = offset;
    this.#batch = batch;
    this.#thread = thread;
  }

  /** {@linkcode JobController.id} */
  get id(): string {
    return `${this.#thread.worker}.${this.#chunk.chunk}.${this.#offset}`;
  }

  /** {@linkcode JobController.name} */
  get name(): string {
    return this.#batch.name;
  }

  /** {@linkcode JobController.index} */
  get index(): number {
    return this.#chunk.first + this.#offset;
  }

  /** {@linkcode JobController.attempt} */
  get attempt(): number {
    return this.#chunk.attempt;
  }

  /** {@linkcode JobController.host} */
  get host(): string {
    return this.#thread.host;
  }

  /** {@linkcode JobController.signal} */
  get signal(): AbortSignal {
    return (this.#aborter ??= new AbortController()).signal;
  }

  /** {@linkcode JobController.seed} */
  get seed(): number {
    return this.#seed ??= seedOf(this.#batch.seed, this.index);
  }

  /** {@linkcode JobController.random} */
  get random(): () => number {
    return this.#random ??= randomNumbers(this.seed);
  }

  /** {@linkcode JobController.messages} */
  get messages(): Mailbox<unknown> {
    return this.#messages ??= new Mailbox();
  }

  /** {@linkcode JobController.send} */
  get send(): (value: unknown) => void {
    return this.#send ??= (value) => this.#sendValue(value);
  }

  #sendValue(value: unknown): void {
    if (!this.#batch.announce) throw cannotSend(this.name);
    const { code } = this.#batch;
    const numberOf = (prototype: object) => this.#thread.numberOf(code, prototype);
    const lossy = () => {
      this.#thread.lossy(code, () => [{ child: value, step: () => "message" }]);
    };
    const bytes = serializeFor(value, "message", "the host", { numberOf, lossy });
    this.#thread.post({ type: "message", chunk: this.#chunk.chunk, value: bytes });
  }

  /** Takes what the host says to it. */
  take(data: ToJob): void {
    if (data.type === "abort") (this.#aborter ??= new AbortController()).abort();
    else {
      // What came before must be there before it.
      const loading = this.#thread.load(this.#batch.code) ?? this.#taking;
      if (!loading) return this.#receive(data.value);
      const before = this.#taking;
      const taking = Promise.all([before, loading])
        .then(() => this.#receive(data.value))
        .catch((error) => this.messages.fail(error))
        .finally(() => {
          if (this.#taking === taking) this.#taking = undefined;
        });
      this.#taking = taking;
    }
  }

  #receive(bytes: Uint8Array): void {
    const { code } = this.#batch;
    const prototypeOf = (number: number) => this.#thread.prototypeOf(code, number);
    const functionOf = (number: number) => this.#thread.valueOf(code, number);
    const restore = (number: number) => this.#thread.restore(code, number);
    let value: unknown;
    try {
      value = deserializeWhole(bytes, prototypeOf, functionOf, restore);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return this.messages.fail(unmade("message", error));
    }
    this.messages.push(value);
  }

  /** Whether the function threw this because it was asked to come to an end. */
  ended(error: unknown): boolean {
    const signal = this.#aborter?.signal;
    return signal !== undefined && signal.aborted && error === signal.reason;
  }

  /** It has come to its end. */
  close(): void {
    this.#messages?.end();
  }
}
