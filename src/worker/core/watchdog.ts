/**
 * Sees when the thread does not go on.
 *
 * It counts looks, not time: while the machine sleeps, or the process is stopped, nobody
 * looks, and while the machine is busy, the looks come late, as the thread's turns do. So
 * when the count is high, the thread had as many chances to go on as the watchdog had to
 * look.
 *
 * @module
 */

import type { Doing } from "../between/running_item.ts";

/** One thread's watchdog. */
export class Watchdog {
  readonly #interval: number;
  #seen: Doing = { state: -1, item: -1 };
  #looks = 0;

  /** @param interval How much time lies between two looks, in milliseconds. */
  constructor(interval: number) {
    this.#interval = interval;
  }

  /**
   * Looks at what the thread does.
   *
   * @returns How long it has been seen doing the same, in milliseconds.
   */
  look({ state, item }: Doing): number {
    const { state: before, item: last } = this.#seen;
    if (state === before && item === last) this.#looks++;
    else this.#looks = 0;
    this.#seen = { state, item };
    return this.#looks * this.#interval;
  }

  /** What was seen does not count: there was nothing to do. */
  reset(): void {
    this.#looks = 0;
    this.#seen = { state: -1, item: -1 };
  }
}
