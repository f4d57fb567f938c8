/**
 * What one worker did when, as a bounded number of bars.
 *
 * @module
 */

import type { AssignedChunk } from "../protocol/messages.ts";
import { BAR_KINDS, type BarKind, type BarRecord } from "./record.ts";

/** The first resolution at which bars are merged, in milliseconds. */
const FIRST_RESOLUTION = 0.01;
/** The coarsest resolution, in milliseconds: 300 years. */
const LONGEST = 1e13;

interface Bar {
  start: number;
  end: number;
  /** How long items ran in it. */
  busy: number;
  tries: number;
  failed: number;
  kind: BarKind;
}

/** A chunk that is with the worker. */
export interface LaneChunk extends AssignedChunk {
  /** How many of its items have ended. */
  done: number;
}

/** The lane of one worker. Times are milliseconds. */
export class Lane {
  /** Its name. */
  readonly worker: string;
  host: string | undefined;
  pid: number | undefined;
  /** Which of its processes it is. */
  incarnation: string | undefined;
  asked: number | undefined;
  started: number | undefined;
  ready: number | undefined;
  lost: number | undefined;
  cause: string | undefined;
  tries = 0;
  work = 0;
  wasted = 0;
  /** Since when it runs its item, or is idle. */
  since = 0;
  /** Neighbouring bars that are together no longer than this become one. */
  resolution = 0;
  /** Its chunks, in the order in which they run. */
  #chunks: LaneChunk[] = [];
  #bars: Bar[] = [];
  /** The last item that has ended: whether it has failed is known only later. */
  #last: { chunk: number; offset: number; elapsed: number; bar: Bar } | undefined;

  readonly #drawn: boolean;

  /**
   * @param worker The name of the worker.
   * @param drawn Whether it has bars.
   */
  constructor(worker: string, drawn: boolean) {
    this.worker = worker;
    this.#drawn = drawn;
  }

  /** How many items are with it. */
  get items(): number {
    return this.#chunks.reduce((sum, { count, done }) => sum + count - done, 0);
  }

  /** Chunks were assigned to it. */
  assign(chunks: readonly AssignedChunk[], now: number): void {
    if (this.#chunks.length === 0) this.since = Math.max(this.since, now);
    for (const chunk of chunks) this.#chunks.push({ ...chunk, done: 0 });
  }

  /** One of its chunks; the chunks before that one are over. */
  at(id: number): LaneChunk | undefined {
    const i = this.#chunks.findIndex(({ chunk }) => chunk === id);
    if (i > 0) this.#chunks.splice(0, i);
    return i < 0 ? undefined : this.#chunks[0];
  }

  /** The items of its first chunk have ended, up to and including an offset. */
  advance(chunk: LaneChunk, offset: number): void {
    chunk.done = Math.max(chunk.done, offset + 1);
    if (chunk.done >= chunk.count) this.#chunks.shift();
  }

  /** The items of a chunk from an offset on are no longer with it. */
  cut(id: number, from: number): void {
    const i = this.#chunks.findIndex(({ chunk }) => chunk === id);
    if (i < 0) return;
    const chunk = this.#chunks[i]!;
    chunk.count = Math.min(chunk.count, from);
    if (chunk.done >= chunk.count) this.#chunks.splice(i, 1);
  }

  /** No chunk is with it any more. */
  clear(): void {
    this.#chunks = [];
  }

  /** An item has ended, after it ran for a time. At most `most` bars are kept. */
  ran(
    chunk: number,
    offset: number,
    end: number,
    elapsed: number,
    most: number,
  ): void {
    const start = Math.min(end, Math.max(this.since, end - elapsed));
    this.since = end;
    this.#settle(most);
    const busy = end - start;
    const bar: Bar = { start, end, busy, tries: 1, failed: 0, kind: "run" };
    this.#last = { chunk, offset, elapsed, bar };
    this.tries++;
    this.work += elapsed;
  }

  /** Whether this item was the last that has ended. */
  isLast(chunk: number, offset: number): boolean {
    return this.#last?.chunk === chunk && this.#last.offset === offset;
  }

  /** The last item that has ended has failed; `again` if it is tried again. */
  fail(again: boolean): void {
    const { bar, elapsed } = this.#last!;
    bar.failed = 1;
    if (!again) return;
    this.work -= elapsed;
    this.wasted += elapsed;
  }

  /** What it runs is lost or cancelled. */
  end(kind: BarKind, now: number, most: number): void {
    this.#settle(most);
    if (this.items > 0) {
      if (this.#drawn) this.#bars.push(barOf(kind, this.since, now));
      this.wasted += now - this.since;
    }
    this.#chunks = [];
    this.since = now;
  }

  /** Its bars, including one for what it runs now. */
  bars(now: number): BarRecord[] {
    const bars = [...this.#bars];
    if (this.#last) bars.push(this.#last.bar);
    if (this.items > 0) bars.push(barOf("running", this.since, now));
    return bars.map(({ start, end, busy, tries, failed, kind }) => [
      rounded(start),
      rounded(end),
      rounded(busy),
      tries,
      failed,
      BAR_KINDS.indexOf(kind),
    ]);
  }

  /** Adds the bar of the last item that has ended: it cannot change any more. */
  #settle(most: number): void {
    if (!this.#last || !this.#drawn) return;
    const { bar } = this.#last;
    this.#last = undefined;
    const before = this.#bars.at(-1);
    if (before && fits(before, bar, this.resolution)) join(before, bar);
    else this.#bars.push(bar);
    while (this.#bars.length > most && this.resolution < LONGEST) this.#coarsen();
  }

  #coarsen(): void {
    this.resolution = Math.max(FIRST_RESOLUTION, 2 * this.resolution);
    const bars: Bar[] = [];
    for (const bar of this.#bars) {
      const before = bars.at(-1);
      if (before && fits(before, bar, this.resolution)) join(before, bar);
      else bars.push(bar);
    }
    this.#bars = bars;
  }
}

function barOf(kind: BarKind, start: number, end: number): Bar {
  return { start, end, busy: end - start, tries: 1, failed: 0, kind };
}

function fits(before: Bar, bar: Bar, merge: number): boolean {
  return bar.end - before.start <= merge && bar.kind === "run" && before.kind === "run";
}

function join(before: Bar, bar: Bar): void {
  before.end = bar.end;
  before.busy += bar.busy;
  before.tries += bar.tries;
  before.failed += bar.failed;
}

/** A time, rounded to a microsecond. */
function rounded(time: number): number {
  return Math.round(time * 1000) / 1000;
}
