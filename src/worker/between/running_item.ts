/**
 * What the thread runs now, and how the event loop takes back what has not begun.
 *
 * @module
 */

// Own copies: a function that runs in the thread may replace what is global.
const { add, and, compareExchange, exchange, load, or, store } = Atomics;

/** Where the numbers stand. */
const STATE = 0;
const RUNS = 1;
/** The end of the items that are taken back, until the thread has seen it. */
const UNTIL = 2;
const NUMBERS = 4;

/** What the thread does. One of the numbers changes whenever it goes on. */
export interface Doing {
  /** See `RunningItem`. */
  state: number;
  /** The number of the item that began last. */
  item: number;
}

/** The states of the thread: nothing runs, an item runs, or the code is loaded. */
export const IDLE = 0;
const RUNNING = 1;
export const LOADING = 2;
/** Items have ended, but timers and promises that they left behind may still run. */
export const SETTLING = 3;

/** The bits of the item's number. It starts again at 0 after the largest. */
const ITEM = (1 << 30) - 1;
/** The bit that is set when it has started again. */
const ROUND = 1 << 30;
/** The bit that is set when the items that have not begun were recalled. */
const RECALLED = 1 << 31;
/** In place of an end: the thread has seen the recall. */
const SEEN = -1;

/**
 * What runs now, in memory that both sides share: the event loop can look at it while
 * the thread is in an endless loop, and can recall what the thread has not begun.
 *
 * Items are numbered in the order in which they come to the thread, from 1 on, in 30
 * bits: after the largest number comes 0.
 */
export class RunningItem {
  readonly #numbers: Int32Array;
  readonly #since: Float64Array;
  /** For the thread: how many of the next items were recalled. */
  #recalled = 0;
  /** For the event loop: up to where items were taken back. */
  #until = 0;

  /** @param memory Shared memory of {@linkcode RunningItem.SIZE} bytes. */
  constructor(memory: SharedArrayBuffer) {
    this.#numbers = new Int32Array(memory, 0, NUMBERS);
    this.#since = new Float64Array(memory, NUMBERS * 4, 1);
  }

  /** How much shared memory it takes, in bytes. */
  static readonly SIZE: number = NUMBERS * 4 + 8;

  /** The number of the item that comes so many after another. */
  static after(item: number, count: number): number {
    return (item + count) & ITEM;
  }

  /** How many items an item comes after another; they are not too far from each other. */
  static distance(item: number, other: number): number {
    return (item - other) << 2 >> 2;
  }

  /** For the thread: it loads what items need. */
  load(): void {
    store(this.#numbers, RUNS, LOADING);
  }

  /** For the thread: items will begin. */
  start(): void {
    store(this.#numbers, RUNS, RUNNING);
  }

  /**
   * For the thread: the next item is about to begin.
   *
   * One atomic step both marks the item as begun and reads whether it was recalled. The
   * event loop recalls, and reads which item has begun, in one step, too. So both agree on
   * what has begun.
   *
   * @param now When it begins, in milliseconds of the epoch; 0 if nobody needs it.
   * @returns Whether it may begin. If not, it was recalled.
   */
  begin(now: number): boolean {
    if (this.#recalled > 0) {
      this.#recalled--;
      return false;
    }
    this.#since[0] = now;
    const state = add(this.#numbers, STATE, 1) + 1;
    return (state & (ROUND | RECALLED)) === 0 || this.#mayBegin(state);
  }

  /** For the thread: nothing runs but what items left behind. */
  settle(): void {
    store(this.#numbers, RUNS, SETTLING);
  }

  /** For the thread: nothing runs. */
  end(): void {
    store(this.#numbers, RUNS, IDLE);
  }

  /** For the event loop: what runs, and since when in milliseconds of the epoch. */
  read(): { item: number; since: number } | undefined {
    const { state, item } = this.doing;
    return state === RUNNING ? { item, since: this.#since[0]! } : undefined;
  }

  /** For the event loop: what the thread does, and the item that began last. */
  get doing(): Doing {
    const numbers = this.#numbers;
    return { state: load(numbers, RUNS), item: load(numbers, STATE) & ITEM };
  }

  /**
   * For the event loop: takes back the items that the thread has not begun, up to one
   * that it has not been given.
   *
   * @returns The first of them. `undefined` if nothing is taken back: all have begun, or
   * the thread is just taking note of the last recall.
   */
  recall(until: number): number | undefined {
    const numbers = this.#numbers;
    const state = load(numbers, STATE);
    const last = this.#until;
    if (state < 0) {
      // Nothing has begun since the last recall: extend it by what was given since.
      const more = last !== until &&
        compareExchange(numbers, UNTIL, last, until) === last;
      if (more) this.#until = until;
      return more ? last : undefined;
    }
    if (RunningItem.after(state, 1) === until) return undefined;
    store(numbers, UNTIL, until);
    this.#until = until;
    return RunningItem.after(or(numbers, STATE, RECALLED) & ITEM, 1);
  }

  #mayBegin(state: number): boolean {
    const numbers = this.#numbers;
    if (state < 0) {
      const until = exchange(numbers, UNTIL, SEEN);
      // This one is the first of them, if there are any.
      this.#recalled = RunningItem.distance(until, state & ITEM);
      // As if the last of them had begun. This also allows the next recall.
      store(numbers, STATE, RunningItem.after(until, -1));
      return this.#recalled > 0 ? this.begin(0) : this.begin(this.#since[0]!);
    }
    and(numbers, STATE, ~ROUND);
    return true;
  }
}

const { timeOrigin } = performance;
/** An own copy: a function that runs in the thread may replace what is global. */
const now = performance.now.bind(performance);

/** The time in milliseconds of the epoch. It is exact, and the same in all threads. */
export function epoch(): number {
  return timeOrigin + now();
}
