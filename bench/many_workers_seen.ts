/**
 * What simulated workers saw: how long they waited for work, and how much they had. The
 * times are counted by size, for there may be a million of them.
 *
 * @module
 */

/** What the workers of a process saw. */
export interface Seen {
  /** How many waits were of each size, in steps of a sixteenth of a doubling. */
  buckets: number[];
  /** How many items each worker had. */
  perWorker: number[];
}

const STEPS = 16;
/** What is counted as the shortest wait, in milliseconds. */
const SHORTEST = 0.001;

/** Counts a wait in milliseconds. */
export function add({ buckets }: Seen, wait: number): void {
  const bucket = Math.round(STEPS * Math.log2(Math.max(wait, SHORTEST) / SHORTEST));
  while (buckets.length <= bucket) buckets.push(0);
  buckets[bucket]!++;
}

/** Everything that was seen by several. */
export function merge(all: Seen[]): Seen {
  const length = Math.max(0, ...all.map(({ buckets }) => buckets.length));
  const sum = (i: number) =>
    all.reduce((sum, { buckets }) => sum + (buckets[i] ?? 0), 0);
  return {
    buckets: Array.from({ length }, (_, i) => sum(i)),
    perWorker: all.flatMap(({ perWorker }) => perWorker),
  };
}

/** The wait, in milliseconds, that this part of all waits did not exceed. */
export function quantile({ buckets }: Seen, part: number): number {
  let left = part * buckets.reduce((sum, count) => sum + count, 0);
  const bucket = buckets.findIndex((count) => (left -= count) <= 0);
  return SHORTEST * 2 ** (bucket / STEPS);
}
