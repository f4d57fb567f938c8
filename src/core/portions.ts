/**
 * How much work a worker is given at a time. A chunk is about ten milliseconds of work:
 * then the cost of a message does not matter. But how long an item takes is a guess. So
 * chunks are smaller where a wrong guess costs most, and items that wait behind a long
 * one are recalled.
 *
 * @module
 */

import type { Run } from "./run.ts";

/** How much work one chunk should be, in milliseconds. */
const TARGET = 10;
/** Towards the end chunks become as short as this, in milliseconds. */
const LEAST = 2;
/** How much work may wait with a worker, in milliseconds. */
const WINDOW = 2 * TARGET;
/** For items that take less than this, one is sent ahead, in milliseconds. */
const AHEAD = 1000;
/** How many items a worker may have while time is guessed and size unknown. */
const GUESSED_ITEMS = 16;
/** How many items a chunk may have at the very end. */
const TAIL_ITEMS = 10;
/** If less work than this is left, one worker gets all of it, in milliseconds. */
const LIGHT = 0.1;
/** A worker that has settled nothing for this long is stuck in an item, in ms. */
const STUCK = 2 * TARGET;
/** A recall without an answer is repeated at intervals that grow up to this, in ms. */
const RARELY = 1000;
/** Items that would wait longer than this are recalled for an idle worker, in ms. */
const WORTH_RECALLING = TARGET / 2;
/** How often to look for items to recall while a worker is idle, in milliseconds. */
export const RECALL_INTERVAL = TARGET / 2;
/** How large the results of a chunk should be at most, in bytes. */
const CHUNK_BYTES = 1 << 20;
/** How many chunks may be with one worker. */
const MOST_CHUNKS = 2048;
/** The most items that a source is asked for on behalf of one chunk. */
const MOST_READ = 1 << 16;

/** What a worker has. */
export interface Load {
  /** Its chunks, in the order in which they run. */
  readonly chunks: readonly { readonly run: Run }[];
  /** How many items are with it. */
  readonly items: number;
  /** How often its waiting items were recalled since an item was last settled. */
  readonly recalls: number;
  /** When they were last recalled. */
  readonly recalled: number;
  /** When a part of a larger message to it or from it last arrived. */
  readonly moved: number;
}

/**
 * How many items the next chunk for a worker may have; 0 when it has enough.
 *
 * @param workers How many workers there are.
 */
export function mostItems(worker: Load, run: Run, workers: number): number {
  const { chunkSize, exclusive } = run.settings;
  const idle = worker.items === 0;
  if (exclusive) return idle ? 1 : 0;
  const { estimate = run.hint } = run;
  if (estimate === undefined) {
    return idle ? (chunkSize === "auto" ? 1 : chunkSize) : 0;
  }
  if (!idle && !hasRoom(worker, run, estimate, workers)) return 0;
  if (chunkSize !== "auto") return chunkSize;
  const guessed = run.estimate === undefined && run.weight === 0
    ? GUESSED_ITEMS
    : Infinity;
  if (idle && run.pending * estimate < LIGHT && run.pending <= guessed) {
    return run.pending;
  }
  // Towards the end, items may turn out to be longer than those before.
  const tail = workers > 1
    ? Math.max(TAIL_ITEMS, Math.ceil(run.pending / (4 * workers)))
    : Infinity;
  // One chunk is on its way while the other runs.
  const most = Math.min(tail, guessed / 2);
  if (worker.items > most) return 0;
  const byBytes = CHUNK_BYTES / Math.max(run.weight, 1);
  const share = run.pending / workers;
  const few = Math.min(share / 2, Math.max(share / 4, itemsIn(LEAST, estimate)));
  const least = Math.min(itemsIn(TARGET, estimate), byBytes, Math.ceil(few), most);
  return Math.max(1, Math.floor(least));
}

/** Whether a worker that has something may have more. */
function hasRoom(worker: Load, run: Run, estimate: number, workers: number): boolean {
  // It would wait there, like the items that were recalled.
  if (worker.recalls > 0) return false;
  // One run at a time, so that a run can be cancelled without harm to another.
  if (worker.chunks[0]!.run !== run) return false;
  if (estimate < AHEAD && worker.items === 1) return true;
  // No more than its share while others have nothing.
  const share = (run.pending + run.assigned) / workers;
  return worker.items * estimate < WINDOW && worker.items < share &&
    worker.chunks.length < MOST_CHUNKS &&
    worker.items * run.weight < 2 * CHUNK_BYTES;
}

/** How many items a chunk of a run usually has: this says how far to read ahead. */
export function usualItems({ estimate, settings: { chunkSize } }: Run): number {
  if (chunkSize !== "auto") return chunkSize;
  if (estimate === undefined) return 1;
  return Math.min(MOST_READ, Math.max(1, itemsIn(TARGET, estimate)));
}

/**
 * Whether the items that wait with a worker should rather go to an idle one.
 *
 * @param since For how long the worker has settled nothing, in milliseconds.
 * @param now The time.
 */
export function isWorthRecalling(
  worker: Load,
  run: Run,
  since: number,
  now: number,
): boolean {
  const { recalls, recalled, moved } = worker;
  // The items may not have arrived yet.
  if (now - moved < STUCK) return false;
  // A recall that comes before the thread has seen the previous one gets no answer. And
  // workers that have not begun should not pass the same items round too often.
  if (recalls > 0) {
    return now - recalled >= Math.min(STUCK * 2 ** (recalls - 1), RARELY);
  }
  const estimate = run.estimate ?? run.hint ?? 0;
  return since >= STUCK || worker.items * estimate - since >= WORTH_RECALLING;
}

function itemsIn(time: number, estimate: number): number {
  return time / Math.max(estimate, 1e-6);
}
