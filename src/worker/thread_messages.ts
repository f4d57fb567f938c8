/**
 * What the worker's event loop (`client.ts`) and the thread that runs the user's
 * function (`executor.ts`) say to each other.
 *
 * @module
 */

import type { AssignedChunk, WorkerMessage } from "../protocol/messages.ts";

/** Chunks of one run, to be run in order. */
export interface Batch {
  code: number;
  name: string;
  /** Say when each chunk begins. */
  announce: boolean;
  /** Say when each item begins. */
  timed: boolean;
  chunks: AssignedChunk[];
  /** The arguments of all items: the frames of `lists.ts`. */
  list: Uint8Array[];
}

/** To the thread. */
export type ToExecutor =
  | {
    type: "start";
    host: string;
    worker: string;
    /** Of the {@linkcode RunningItem}. */
    running: SharedArrayBuffer;
    /** Of the `HeldResults`. */
    held: SharedArrayBuffer;
  }
  | { type: "code"; code: number; value: Uint8Array }
  | { type: "forget"; codes: number[] }
  | { type: "batch"; batch: Batch }
  | { type: "abort"; chunk: number }
  | { type: "message"; chunk: number; value: Uint8Array };

/** From the thread; most of it goes on to the host as it is. */
export type FromExecutor =
  | { type: "ready" }
  | Extract<WorkerMessage, { type: "started" | "results" | "failed" | "message" }>;

/**
 * What runs now, in memory that both sides share: the event loop can look at it while
 * the thread is in an endless loop.
 */
export class RunningItem {
  readonly #numbers: Int32Array;
  readonly #since: Float64Array;

  /** @param memory Shared memory of {@linkcode RunningItem.SIZE} bytes. */
  constructor(memory: SharedArrayBuffer) {
    this.#numbers = new Int32Array(memory, 0, 2);
    this.#since = new Float64Array(memory, 8, 1);
  }

  /** How much shared memory it takes, in bytes. */
  static readonly SIZE = 16;

  /** For the thread: an item begins. */
  begin(chunk: number, offset: number, now: number): void {
    this.#since[0] = now;
    this.#numbers[1] = offset;
    Atomics.store(this.#numbers, 0, chunk);
  }

  /** For the thread: nothing runs. */
  end(): void {
    Atomics.store(this.#numbers, 0, 0);
  }

  /** For the event loop: what runs, and since when in milliseconds of the epoch. */
  read(): { chunk: number; offset: number; since: number } | undefined {
    const chunk = Atomics.load(this.#numbers, 0);
    if (chunk === 0) return undefined;
    return { chunk, offset: this.#numbers[1]!, since: this.#since[0]! };
  }
}

/** The time in milliseconds of the epoch, as exact in every thread. */
export function epoch(): number {
  return performance.timeOrigin + performance.now();
}
