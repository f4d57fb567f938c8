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
  /** The number of the first item: see {@linkcode RunningItem}. */
  start: number;
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

/** Where the numbers stand. */
const ITEM = 0;
const RUNS = 1;
const RECALL = 2;
const NEXT = 3;
const UNTIL = 4;
const FROM = 5;
const NUMBERS = 6;

/** The state of recalls: none, or one that was asked for (odd), or obeyed (the next). */
const NONE = 0;
/** States come round after so many, odd and even. */
const STATES = 2 ** 30;

/**
 * What runs now, in memory that both sides share: the event loop can look at it while
 * the thread is in an endless loop, and can recall what the thread has not begun.
 *
 * Items are numbered in the order in which they come to the thread, from 1 on, in 32
 * bits, so that the numbers come round again.
 */
export class RunningItem {
  readonly #numbers: Int32Array;
  readonly #since: Float64Array;
  /** The state that the last recall began with. */
  #asked = 1;

  /** @param memory Shared memory of {@linkcode RunningItem.SIZE} bytes. */
  constructor(memory: SharedArrayBuffer) {
    this.#numbers = new Int32Array(memory, 0, NUMBERS);
    this.#since = new Float64Array(memory, NUMBERS * 4, 1);
  }

  /** How much shared memory it takes, in bytes. */
  static readonly SIZE: number = NUMBERS * 4 + 8;

  /**
   * For the thread: an item is about to begin.
   *
   * @returns Whether it may. If not, it was recalled, and is not the thread's any more.
   */
  begin(item: number, now: number): boolean {
    const numbers = this.#numbers;
    this.#since[0] = now;
    numbers[RUNS] = 1;
    Atomics.store(numbers, ITEM, item);
    return Atomics.load(numbers, RECALL) === NONE || this.#mayBegin(item);
  }

  /** For the thread: nothing runs. */
  end(): void {
    Atomics.store(this.#numbers, RUNS, 0);
  }

  /** For the event loop: what runs, and since when in milliseconds of the epoch. */
  read(): { item: number; since: number } | undefined {
    if (Atomics.load(this.#numbers, RUNS) === 0) return undefined;
    return { item: Atomics.load(this.#numbers, ITEM), since: this.#since[0]! };
  }

  /**
   * For the event loop: takes back the items that the thread has not begun, up to one
   * that it has not been given.
   *
   * Both sides first write and then read. So if the thread still stands where it stood,
   * it will see the recall before it begins anything else. If not, it may have seen it or
   * not, and whoever is first to change the state decides.
   *
   * @returns The first item that was taken back; `undefined` when none was.
   */
  recall(until: number): number | undefined {
    const numbers = this.#numbers;
    const running = this.read();
    if (!running) return undefined;
    const next = (running.item + 1) | 0;
    if (until === next) return undefined;
    if (Atomics.load(numbers, RECALL) !== NONE) return undefined;
    // No two in a row have the same state, so that one is not obeyed for another.
    const asked = this.#asked = (this.#asked + 2) % STATES;
    Atomics.store(numbers, NEXT, next);
    Atomics.store(numbers, UNTIL, until);
    Atomics.store(numbers, RECALL, asked);
    if (Atomics.load(numbers, ITEM) === running.item) return next;
    const state = Atomics.compareExchange(numbers, RECALL, asked, NONE);
    return state === asked ? undefined : numbers[FROM];
  }

  #mayBegin(item: number): boolean {
    const numbers = this.#numbers;
    for (;;) {
      const state = Atomics.load(numbers, RECALL);
      if (state === NONE) return true;
      if (state % 2 === 0) {
        if (isBefore(item, numbers[UNTIL]!)) return false;
        Atomics.store(numbers, RECALL, NONE);
        return true;
      }
      // It was asked for when this one was believed to run.
      if (isBefore(item, Atomics.load(numbers, NEXT))) return true;
      numbers[FROM] = item;
      const found = Atomics.compareExchange(numbers, RECALL, state, state + 1);
      if (found === state) return false;
      // It was withdrawn, and perhaps there is another one.
    }
  }
}

/** Whether an item comes before another; they are not too far from each other. */
function isBefore(item: number, other: number): boolean {
  return ((item - other) | 0) < 0;
}

/** The time in milliseconds of the epoch, as exact in every thread. */
export function epoch(): number {
  return performance.timeOrigin + performance.now();
}
