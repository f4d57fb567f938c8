/**
 * The results that the thread has and did not yet send on, in memory that it shares with
 * the worker's event loop. A thread sends results on in batches, for a message of its own
 * for each would cost more than most items; but while an item computes without a pause it
 * sends nothing, for however long that takes. What it finished before lies here, and the
 * event loop takes it.
 *
 * The thread adds without locking. Both lock to take away: results are sent on by one of
 * them.
 *
 * @module
 */

import type { Segment } from "../protocol/messages.ts";
import { SharedValues } from "./shared_values.ts";

/** The most results that are held. */
const ROOM = 4096;

/** Where the numbers of the header stand. */
const LOCK = 0;
const COUNT = 1;
const TAKEN = 2;
const POSTED = 3;
const ROUND = 4;
const HEADER = 8;

/** What the event loop took. */
export interface TakenResults {
  segments: Segment[];
  values: unknown[];
}

/** Results in shared memory, as each side sees them. */
export class HeldResults {
  readonly #header: Int32Array;
  /** Chunk and offset of each result. */
  readonly #entries: Int32Array;
  readonly #values: SharedValues;
  /** How many the thread has added. */
  #count = 0;

  /** @param memory Shared memory of {@linkcode HeldResults.SIZE} bytes. */
  constructor(memory: SharedArrayBuffer) {
    this.#header = new Int32Array(memory, 0, HEADER);
    this.#entries = new Int32Array(memory, HEADER * 4, ROOM * 2);
    this.#values = new SharedValues(memory, HEADER * 4 + ROOM * 8);
  }

  /** How much shared memory it takes, in bytes. */
  static readonly SIZE: number = HEADER * 4 + ROOM * 8 + SharedValues.SIZE;

  /**
   * For the thread: holds a result.
   *
   * @returns Whether it is held. If not, it should be sent on at once: there is no room,
   * or it cannot be cloned.
   */
  add(chunk: number, offset: number, value: unknown): boolean {
    const i = this.#count;
    if (i === ROOM || !this.#values.write(value)) return false;
    this.#entries[i * 2] = chunk;
    this.#entries[i * 2 + 1] = offset;
    this.#count = i + 1;
    Atomics.store(this.#header, COUNT, i + 1);
    return true;
  }

  /**
   * For the thread: begins to send on what it has. The event loop takes nothing until
   * {@linkcode HeldResults.sent}.
   *
   * @returns How many of the results, the first ones, the event loop has taken.
   */
  sending(): number {
    const header = this.#header;
    while (Atomics.compareExchange(header, LOCK, 0, 1) !== 0) {
      Atomics.wait(header, LOCK, 1, 1);
    }
    return header[TAKEN]!;
  }

  /**
   * For the thread: what it has, as it was when it was added; what the event loop has
   * taken is passed over.
   */
  values(): unknown[] {
    return this.#values.read(this.#header[TAKEN]!, this.#count);
  }

  /** For the thread: all that it had is sent on. */
  sent(): void {
    const header = this.#header;
    this.#count = 0;
    this.#values.clear();
    header[COUNT] = header[TAKEN] = 0;
    header[ROUND]!++;
    Atomics.store(header, LOCK, 0);
  }

  /** For the thread: it posts a message to the event loop. */
  posted(): void {
    Atomics.add(this.#header, POSTED, 1);
  }

  /** For the event loop: changes whenever the thread sends results on. */
  get round(): number {
    return Atomics.load(this.#header, ROUND);
  }

  /**
   * For the event loop: takes what is held.
   *
   * @param posted How many of the thread's messages have arrived: while there are more on
   * their way nothing is taken, for they come first.
   */
  take(posted: number): TakenResults | undefined {
    const header = this.#header;
    if (Atomics.load(header, COUNT) === header[TAKEN]) return undefined;
    if (Atomics.compareExchange(header, LOCK, 0, 1) !== 0) return undefined;
    const current = Atomics.load(header, POSTED) === posted;
    const taken = current ? this.#read() : undefined;
    Atomics.store(header, LOCK, 0);
    return taken;
  }

  #read(): TakenResults {
    const header = this.#header;
    const from = header[TAKEN]!;
    // The thread may have sent all on since we looked.
    const values = this.#values.read(from, Atomics.load(header, COUNT));
    const segments: Segment[] = [];
    for (let i = from; i < from + values.length; i++) {
      const chunk = this.#entries[i * 2]!;
      const offset = this.#entries[i * 2 + 1]!;
      const segment = segments.at(-1);
      if (segment?.chunk === chunk) segment.count++;
      else segments.push({ chunk, from: offset, count: 1 });
    }
    header[TAKEN] = from + values.length;
    return { segments, values };
  }
}
