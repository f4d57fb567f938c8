/**
 * A run, as the core knows it: which of its items wait, in which order, and what is known
 * of them. An item is here while it waits, or rests before it is tried again. While it is
 * with a worker, it is in a chunk of `books.ts`.
 *
 * @module
 */

import { LONGEST_TIME } from "../common/checks.ts";
import type { WorkerLoss } from "../errors.ts";
import type { Left, RunSettings } from "./events.ts";

/** Consecutive items. */
export interface Range {
  first: number;
  count: number;
}

/** How much a new measurement counts in the running estimate, if it is lower. */
const SMOOTHING = 0.5;
/** Longer times than this are not believed, in milliseconds. */
const LONGEST = 2 ** 40;

/** A run of the core. */
export class Run {
  readonly settings: RunSettings;
  /** How many items there are so far. */
  available = 0;
  /** For how many items to request workers, until the first items have come. */
  expected: number;
  /** No more items will come. */
  ended = false;
  /** How many items are settled. */
  settled = 0;
  /** How many items are with workers. */
  assigned = 0;
  /** How many items the source was asked for and has not given. */
  pulled = 0;
  /** How long an item takes in milliseconds, once that was measured. */
  estimate: number | undefined;
  /** How long it may take, until that was measured. */
  hint: number | undefined;
  /** The size of an item's argument or result in bytes, whichever is larger. */
  weight = 0;
  /** Whether it was asked to come to an end. */
  terminating = false;
  /** How often chunks were handed back since an item was last settled. */
  handedBack = 0;

  /** How workers were lost while an item was alone with them, by item. */
  readonly #losses = new Map<number, WorkerLoss[]>();
  readonly #errors = new Map<number, number>();
  readonly #attempts = new Map<number, number>();
  /** The first item that was never handed out. */
  #next = 0;
  /** Items that were handed out and handed back unrun, in order. */
  #returned: Range[] = [];
  #returnedCount = 0;
  /** Items to be tried again because the function threw. */
  #again: number[] = [];
  /** Those of them whose time has not come yet; what is due first comes first. */
  readonly #resting: { index: number; until: number }[] = [];
  /** Items that have possibly ended their worker: to be run alone. */
  #suspects: number[] = [];
  /** How often items were cut off by run time limits. */
  readonly #cutOffs = new Map<number, number>();
  /** Those of them that wait for a fresh worker. */
  readonly #fresh: number[] = [];

  /** @param settings The settings of the run. */
  constructor(settings: RunSettings) {
    this.settings = settings;
    this.expected = settings.expected;
  }

  /** How many items wait for a worker that has its whole run time before it. */
  get pendingFresh(): number {
    return this.#fresh.length;
  }

  /** How many other items wait, and could be handed out now. */
  get pending(): number {
    return this.available - this.#next + this.#returnedCount + this.#again.length +
      this.#suspects.length;
  }

  /** Whether an item waits that must run alone. */
  get hasSuspect(): boolean {
    return this.#suspects.length > 0;
  }

  /** When the next item has rested long enough; `Infinity` if none rests. */
  get restsUntil(): number {
    return this.#resting[0]?.until ?? Infinity;
  }

  /** Whether every item is settled and no more will come. */
  get complete(): boolean {
    return this.ended && this.settled === this.available;
  }

  /** Takes out up to `most` consecutive items, in order; `undefined` if none waits. */
  take(most: number): Range | undefined {
    const again = this.#again.shift();
    if (again !== undefined) return { first: again, count: 1 };
    const range = this.#returned[0];
    if (range) {
      const count = Math.min(most, range.count);
      const taken = { first: range.first, count };
      range.first += count;
      range.count -= count;
      if (range.count === 0) this.#returned.shift();
      this.#returnedCount -= count;
      return taken;
    }
    const count = Math.min(most, this.available - this.#next);
    if (count === 0) return undefined;
    this.#next += count;
    return { first: this.#next - count, count };
  }

  /** Takes out one item that must run alone. */
  takeSuspect(): Range | undefined {
    const first = this.#suspects.shift();
    return first === undefined ? undefined : { first, count: 1 };
  }

  /** Takes out one item that needs a fresh worker. */
  takeFresh(): Range | undefined {
    const first = this.#fresh.shift();
    return first === undefined ? undefined : { first, count: 1 };
  }

  /** An item was cut off by its worker's run time limit; gives how often it was. */
  cutOff(index: number): number {
    const count = (this.#cutOffs.get(index) ?? 0) + 1;
    this.#cutOffs.set(index, count);
    return count;
  }

  /** Takes back an item that was cut off, for its next attempt. */
  waitForFresh(index: number): void {
    this.#fresh.push(index);
    this.#attempts.set(index, this.attempt(index) + 1);
  }

  /** Takes back items that were not run. */
  giveBack(range: Range): void {
    if (range.count === 0) return;
    const at = this.#returned.findIndex((other) => other.first > range.first);
    const place = at < 0 ? this.#returned.length : at;
    this.#returnedCount += range.count;
    const before = this.#returned[place - 1];
    if (before && before.first + before.count === range.first) {
      before.count += range.count;
    } else this.#returned.splice(place, 0, { ...range });
  }

  /** Takes back an item that may have been running when its worker was lost. */
  suspect(index: number): void {
    this.#suspects.push(index);
    this.#attempts.set(index, this.attempt(index) + 1);
  }

  /** The number of the next attempt, from 1. */
  attempt(index: number): number {
    return this.#attempts.get(index) ?? 1;
  }

  /**
   * Charges an item for the loss of its worker.
   *
   * @returns All its losses if it may not be tried again, else `undefined`.
   */
  charge(index: number, loss: WorkerLoss): WorkerLoss[] | undefined {
    const losses = [...this.#losses.get(index) ?? [], loss];
    if (losses.length > this.settings.retries) return losses;
    this.#losses.set(index, losses);
    this.suspect(index);
    return undefined;
  }

  /** Whether an item may be tried again if its function throws. */
  mayRetry(index: number): boolean {
    return !this.terminating &&
      (this.#errors.get(index) ?? 0) < this.settings.retryErrors;
  }

  /** An item whose function threw now is to be tried again: it waits, or rests first. */
  retryError(index: number, now: number): void {
    const errors = (this.#errors.get(index) ?? 0) + 1;
    this.#errors.set(index, errors);
    this.#attempts.set(index, this.attempt(index) + 1);
    const { retryDelay, retryFactor } = this.settings;
    const rest = Math.min(retryDelay * retryFactor ** (errors - 1), LONGEST_TIME);
    if (rest > 0) this.#rest(index, now + rest);
    else this.#again.push(index);
  }

  #rest(index: number, until: number): void {
    const before = this.#resting.findLastIndex((other) => other.until <= until);
    this.#resting.splice(before + 1, 0, { index, until });
  }

  /** Items that rest until now at most wait from now on. */
  rouse(now: number): void {
    if (this.restsUntil > now) return;
    const at = this.#resting.findIndex(({ until }) => until > now);
    const count = at < 0 ? this.#resting.length : at;
    for (const { index } of this.#resting.splice(0, count)) this.#again.push(index);
  }

  /** Items are settled: what was noted about them is forgotten. */
  settle(first: number, count: number): void {
    this.settled += count;
    this.handedBack = 0;
    if (this.#attempts.size === 0) return;
    for (let index = first; index < first + count; index++) {
      this.#losses.delete(index);
      this.#cutOffs.delete(index);
      this.#errors.delete(index);
      this.#attempts.delete(index);
    }
  }

  /** Learns how long items take: at once if they get slower, gradually if faster. */
  measure(count: number, elapsed: number, bytes: number): void {
    // Workers report the time. An infinite one would spoil all that is computed from it.
    const each = Math.min(elapsed / count, LONGEST);
    const old = this.estimate;
    this.estimate = old === undefined || each > old
      ? each
      : old + SMOOTHING * (each - old);
    this.weigh(bytes / count);
  }

  /** An item has been running for this long, so others may take as long. */
  atLeast(time: number): void {
    this.estimate = Math.max(this.estimate ?? this.hint ?? 0, time);
  }

  /** Learns how large items are: at once if they get larger, gradually if smaller. */
  weigh(bytes: number): void {
    this.weight = Math.max(bytes, this.weight * SMOOTHING);
  }

  /** All items that wait or rest. */
  left(): Left[] {
    const before = this.#handedOut().map((first) => {
      return { first, count: 1, attempts: this.attempt(first) - 1 };
    });
    for (const { index } of this.#resting) {
      before.push({ first: index, count: 1, attempts: this.attempt(index) - 1 });
    }
    const count = this.available - this.#next;
    return [...before, ...count > 0 ? [{ first: this.#next, count, attempts: 0 }] : []];
  }

  /** All items that rest, for checks in tests. */
  resting(): number[] {
    return this.#resting.map(({ index }) => index);
  }

  /** All waiting items, for checks in tests. */
  waiting(): number[] {
    const found = this.#handedOut();
    for (let i = this.#next; i < this.available; i++) found.push(i);
    return found;
  }

  /** Items that wait again. */
  #handedOut(): number[] {
    const found = [...this.#again, ...this.#suspects, ...this.#fresh];
    for (const { first, count } of this.#returned) {
      for (let i = 0; i < count; i++) found.push(first + i);
    }
    return found;
  }
}
