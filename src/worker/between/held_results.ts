/**
 * The results that the thread has and did not yet send on, in memory that it shares with
 * the worker's event loop. A thread sends results on in batches, for a message of its own
 * for each would cost more than most items; but while an item computes without a pause it
 * sends nothing, for however long that takes. What it finished before lies here, and the
 * event loop takes it.
 *
 * The thread adds without locking. To take results away, either side locks, so that each
 * result is sent once.
 *
 * @module
 */

import type { Segment } from "../../protocol/messages.ts";
import type { List } from "../../protocol/lists.ts";
import { type Lossy, SharedValues } from "./shared_values.ts";

// Own copies: a function that runs in the thread may replace what is global.
const { add, compareExchange, exchange, load, store, wait } = Atomics;

/** The most results that are held: of numbers alone, and of any kind. */
const NUMBERS = 1 << 15;
const VALUES = 4096;
/** How many rows of consecutive numbers there may be. */
const ROWS = 256;

/** Where the numbers of the header stand. */
const LOCK = 0;
const COUNT = 1;
const TAKEN = 2;
const POSTED = 3;
const ROUND = 4;
/** How many rows of numbers there are; if there are none, the results are of any kind. */
const ROW_COUNT = 5;
/** How many results are left to the event loop, and how long they took, in µs. */
const LEFT = 6;
const ELAPSED = 7;
const HEADER = 8;

/** Results, and which they are. */
export interface Results {
  segments: Segment[];
  values: List;
}

/** Results, and how long those of them took that were left, in milliseconds. */
export interface TakenResults extends Results {
  elapsed: number;
}

/** Results in shared memory, as each side sees them. */
export class HeldResults {
  readonly #header: Int32Array;
  /** Chunk and offset of each result, where they are of any kind. */
  readonly #entries: Int32Array;
  /** Chunk, offset and place of the first number of each row. */
  readonly #rows: Int32Array;
  readonly #numbers: Float64Array;
  readonly #values: SharedValues;
  /** How many the thread has added. */
  #count = 0;
  /** How many of them are numbers held as such: all, or none. */
  #numberCount = 0;
  #rowCount = 0;
  /** What comes next in the last row. */
  #chunk = 0;
  #offset = 0;

  /** @param memory Shared memory of {@linkcode HeldResults.SIZE} bytes. */
  constructor(memory: SharedArrayBuffer) {
    let at = 0;
    const ints = (length: number) => {
      at += length * 4;
      return new Int32Array(memory, at - length * 4, length);
    };
    this.#header = ints(HEADER);
    this.#entries = ints(VALUES * 2);
    this.#rows = ints(ROWS * 4);
    this.#numbers = new Float64Array(memory, at, NUMBERS);
    this.#values = new SharedValues(memory, at + NUMBERS * 8);
  }

  /** How much shared memory it takes, in bytes. */
  static readonly SIZE: number = HEADER * 4 + VALUES * 8 + ROWS * 16 + NUMBERS * 8 +
    SharedValues.SIZE;

  /**
   * For the thread: holds a number, which costs next to nothing.
   *
   * @returns Whether it is held. If not, what is held should be sent on first: there is no
   * room, or it is of another kind.
   */
  addNumber(chunk: number, offset: number, value: number): boolean {
    const i = this.#count;
    if (i !== this.#numberCount || i === NUMBERS) return false;
    if (i === 0 || chunk !== this.#chunk || offset !== this.#offset) {
      if (this.#rowCount === ROWS) return false;
      const rows = this.#rows;
      const at = 4 * this.#rowCount++;
      rows[at] = chunk;
      rows[at + 1] = offset;
      rows[at + 2] = i;
      store(this.#header, ROW_COUNT, this.#rowCount);
      this.#chunk = chunk;
    }
    this.#offset = offset + 1;
    this.#numbers[i] = value;
    this.#count = this.#numberCount = i + 1;
    this.#header[COUNT] = i + 1;
    return true;
  }

  /** For the thread: how many numbers are held as such. */
  get numberCount(): number {
    return this.#numberCount;
  }

  /**
   * For the thread: holds a result of any kind; there must be no numbers.
   *
   * @param lossy See `SharedValues`.
   * @returns Whether it is held. If not, it should be sent on at once: there is no room,
   * or it cannot be cloned.
   */
  add(chunk: number, offset: number, value: unknown, lossy?: Lossy): boolean {
    const i = this.#count;
    if (i === VALUES || !this.#values.write(value, lossy)) return false;
    this.#entries[i * 2] = chunk;
    this.#entries[i * 2 + 1] = offset;
    this.#count = i + 1;
    store(this.#header, COUNT, i + 1);
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
    while (compareExchange(header, LOCK, 0, 1) !== 0) {
      wait(header, LOCK, 1, 1);
    }
    return header[TAKEN]!;
  }

  /**
   * For the thread: what it has, as it was when it was added; what the event loop has
   * taken is left out. The time is that of what was left before.
   */
  rest(): TakenResults {
    const rest = this.#read(this.#header[TAKEN]!, this.#count);
    return { ...rest, elapsed: this.#elapsed() };
  }

  /** For the thread: all that it had is sent on. */
  sent(): void {
    const header = this.#header;
    this.#count = this.#numberCount = this.#rowCount = 0;
    this.#values.clear();
    header[COUNT] =
      header[TAKEN] =
      header[ROW_COUNT] =
      header[LEFT] =
        0;
    header[ROUND]!++;
    store(header, LOCK, 0);
  }

  /**
   * For the thread: leaves all that it has to the event loop, which it calls then.
   *
   * @param elapsed How long they took, in milliseconds: seconds at most, for the sum of
   * some has to fit.
   */
  leave(elapsed: number): void {
    add(this.#header, ELAPSED, elapsed * 1000);
    store(this.#header, LEFT, this.#count);
  }

  /** For the thread: drops all but the first results, if the event loop has not taken them. */
  cut(count: number): void {
    const kept = Math.max(count, this.sending());
    if (kept < this.#count) {
      this.#count = kept;
      store(this.#header, COUNT, kept);
    }
    store(this.#header, LOCK, 0);
  }

  /** For the thread: it is about to post a message to the event loop. */
  posted(): void {
    add(this.#header, POSTED, 1);
  }

  /** For the thread: that message could not be posted. */
  notPosted(): void {
    add(this.#header, POSTED, -1);
  }

  /** For the event loop: whether the thread has left any that are not taken. */
  get areLeft(): boolean {
    return load(this.#header, LEFT) > this.#header[TAKEN]!;
  }

  /** For the event loop: how often the thread has sent results on. */
  get round(): number {
    return load(this.#header, ROUND);
  }

  /** For the event loop: how many results were added since the thread last sent some on. */
  get count(): number {
    return load(this.#header, COUNT);
  }

  /**
   * For the event loop: takes what is held. It should not have become more for a while,
   * for a thread that adds numbers does not wait until they can be seen.
   *
   * @param posted How many of the thread's messages have arrived: while there are more on
   * their way nothing is taken, for they come first.
   */
  take(posted: number): TakenResults | undefined {
    return this.#take(posted, COUNT);
  }

  /** For the event loop: takes what the thread has left, if there is any. */
  takeLeft(posted: number): TakenResults | undefined {
    return this.#take(posted, LEFT);
  }

  /** @param end The field of the header that says how many results may be taken. */
  #take(posted: number, end: typeof COUNT | typeof LEFT): TakenResults | undefined {
    const header = this.#header;
    if (load(header, end) <= header[TAKEN]!) return undefined;
    if (compareExchange(header, LOCK, 0, 1) !== 0) return undefined;
    let taken: TakenResults | undefined;
    // The thread may have sent all on since we looked.
    const to = load(header, end);
    const from = header[TAKEN]!;
    if (load(header, POSTED) === posted && to > from) {
      taken = { ...this.#read(from, to), elapsed: this.#elapsed() };
      header[TAKEN] = to;
    }
    store(header, LOCK, 0);
    return taken;
  }

  /** How long what was left took, in milliseconds; it is told once. */
  #elapsed(): number {
    return exchange(this.#header, ELAPSED, 0) / 1000;
  }

  #read(from: number, to: number): Results {
    const rows = load(this.#header, ROW_COUNT);
    return rows > 0 ? this.#readNumbers(from, to, rows) : this.#readValues(from, to);
  }

  #readNumbers(from: number, to: number, rowCount: number): Results {
    const segments: Segment[] = [];
    for (let row = 0; row < rowCount; row++) {
      const [chunk, offset, place] = this.#rows.subarray(4 * row);
      // The thread may have begun another row since.
      const next = row + 1 < rowCount ? this.#rows[4 * row + 6]! : to;
      const first = Math.max(from, place!);
      const count = Math.min(to, next) - first;
      if (count > 0) {
        segments.push({ chunk: chunk!, from: offset! + first - place!, count });
      }
    }
    return { segments, values: this.#numbers.slice(from, to) };
  }

  #readValues(from: number, to: number): Results {
    const segments: Segment[] = [];
    for (let i = from; i < to; i++) {
      const chunk = this.#entries[i * 2]!;
      const offset = this.#entries[i * 2 + 1]!;
      const segment = segments.at(-1);
      if (segment?.chunk === chunk) segment.count++;
      else segments.push({ chunk, from: offset, count: 1 });
    }
    return { segments, values: this.#values.read(from, to) };
  }
}
