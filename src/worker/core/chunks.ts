/**
 * The chunks that the thread has, in the order in which it runs them, and how far each of
 * them was reported.
 *
 * @module
 */

import type { AssignedChunk, Cut } from "../../protocol/messages.ts";
import { RunningItem } from "../between/running_item.ts";

/** A chunk that is in the thread's hands. */
export interface Held {
  chunk: AssignedChunk;
  /** The number of its first item: see `RunningItem`. */
  start: number;
  /** The offset of the first item that was not reported. */
  reported: number;
  /** How long an item may run; 0 for as long as it likes. */
  timeout: number;
  /** What the run is called, and whether it is a `Job`. */
  name: string;
  exclusive: boolean;
}

/** What the thread has. */
export class Chunks {
  readonly #held = new Map<number, Held>();
  /** The number of the item that the thread is given next. */
  #next = 1;
  /** What was reported last: it may have left behind what disturbs the thread. */
  #last = "an item";

  /** How many chunks there are. */
  get size(): number {
    return this.#held.size;
  }

  /** The one that runs first. */
  get first(): Held | undefined {
    return this.#held.values().next().value;
  }

  /** The number of the item that the thread is given next. */
  get next(): number {
    return this.#next;
  }

  /** The item that was reported last, as people call it. */
  get last(): string {
    return this.#last;
  }

  /** The chunk of this number. */
  get(chunk: number): Held | undefined {
    return this.#held.get(chunk);
  }

  /** Adds a chunk behind the others. */
  add(chunk: AssignedChunk, rest: Pick<Held, "timeout" | "name" | "exclusive">): void {
    const start = this.#next;
    this.#held.set(chunk.chunk, { chunk, start, reported: 0, ...rest });
    this.#next = RunningItem.after(start, chunk.count);
  }

  /** Forgets a chunk. Returns whether it was there. */
  drop(chunk: number): boolean {
    return this.#held.delete(chunk);
  }

  /** A chunk is reported up to an offset. Returns whether no chunk is left now. */
  advance(chunk: number, reported: number): boolean {
    const held = this.#held.get(chunk);
    if (!held) return false;
    held.reported = reported;
    const { name, exclusive, chunk: { first, count } } = held;
    if (reported > 0) {
      this.#last = exclusive ? name : `${name}[${first + reported - 1}]`;
    }
    if (reported < count) return false;
    this.#held.delete(chunk);
    return this.#held.size === 0;
  }

  /** Takes away all items from one on, by its number. */
  cut(item: number): Cut[] {
    const cuts: Cut[] = [];
    for (const [chunk, held] of this.#held) {
      const from = Math.max(0, RunningItem.distance(item, held.start));
      if (from >= held.chunk.count) continue;
      held.chunk.count = from;
      cuts.push({ chunk, from });
    }
    return cuts;
  }

  /** Where an item is, by its number, if it was not reported. */
  find(item: number): { chunk: number; offset: number } | undefined {
    for (const [chunk, { chunk: { count }, start, reported }] of this.#held) {
      const offset = RunningItem.distance(item, start);
      if (offset >= reported && offset < count) return { chunk, offset };
    }
    return undefined;
  }
}
