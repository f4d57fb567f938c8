/**
 * How long items took, in bins of equal proportion: exact to 1 %, for any number of items.
 *
 * @module
 */

import type { TimesRecord } from "./record.ts";

/** The shortest time that has a bin of its own, in milliseconds. */
const LEAST = 1e-4;
/** How many bins there are from a time to ten times it. */
const PER_DECADE = 100;
/** From 0.1 µs to 31 years. */
const BINS = 16 * PER_DECADE;
/** How many bins are shown: more if there are more times, within these bounds. */
const MOST_SHOWN = 40;
const LEAST_SHOWN = 8;

/** Counts of times. */
export class Histogram {
  readonly #counts = new Uint32Array(BINS);
  #count = 0;
  #sum = 0;
  #least = Infinity;
  #most = 0;

  /** Counts a time in milliseconds. */
  add(time: number): void {
    this.#counts[binOf(time)]!++;
    this.#count++;
    this.#sum += time;
    if (time < this.#least) this.#least = time;
    if (time > this.#most) this.#most = time;
  }

  /** The longest time. */
  get most(): number {
    return this.#most;
  }

  /** The times, as the page shows them. */
  record(): TimesRecord {
    const count = this.#count;
    return {
      count,
      sum: this.#sum,
      least: count > 0 ? this.#least : 0,
      most: this.#most,
      median: this.#quantile(0.5),
      p95: this.#quantile(0.95),
      p99: this.#quantile(0.99),
      bins: this.#bins(),
    };
  }

  /** The time that this part of all times does not exceed. */
  #quantile(part: number): number {
    let left = Math.ceil(part * this.#count);
    for (let bin = 0; bin < BINS; bin++) {
      left -= this.#counts[bin]!;
      if (left > 0) continue;
      const middle = Math.sqrt(edge(bin) * edge(bin + 1));
      return this.#count === 0
        ? 0
        : Math.min(this.#most, Math.max(this.#least, middle));
    }
    return this.#most;
  }

  #bins(): [number, number, number][] {
    if (this.#count === 0) return [];
    const first = binOf(this.#least);
    const last = binOf(this.#most);
    const fitting = Math.ceil(2 * Math.sqrt(this.#count));
    const shown = Math.max(LEAST_SHOWN, Math.min(MOST_SHOWN, fitting));
    const width = Math.ceil((last - first + 1) / shown);
    const bins: [number, number, number][] = [];
    for (let bin = first; bin <= last; bin += width) {
      const counts = this.#counts.subarray(bin, bin + width);
      const count = counts.reduce((sum, count) => sum + count, 0);
      bins.push([edge(bin), edge(bin + width), count]);
    }
    return bins;
  }
}

function binOf(time: number): number {
  const bin = Math.floor(Math.log10(Math.max(time, LEAST) / LEAST) * PER_DECADE);
  return Math.min(bin, BINS - 1);
}

function edge(bin: number): number {
  return LEAST * 10 ** (bin / PER_DECADE);
}
