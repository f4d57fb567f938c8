/**
 * Where the items of a run come from. What was read is kept until it is settled, because
 * it may have to be sent again.
 *
 * @module
 */

import { areNumbers, type List } from "../protocol/lists.ts";

/** Anything that can be iterated over, at once or in time. */
export type Items<T> = Iterable<T> | AsyncIterable<T>;

/** The items of one run, read on demand. */
export class ItemSource {
  readonly #array: ArrayLike<unknown> | undefined;
  readonly #iterator: Iterator<unknown> | AsyncIterator<unknown> | undefined;
  readonly #kept = new Map<number, unknown>();
  #count = 0;
  #ended = false;
  #closed = false;
  /** How many items may be read in all; who consumes the results raises it. */
  allowed = Infinity;

  /**
   * @param items What to read. An array is copied, so that it may be changed meanwhile.
   * @throws {TypeError} When it is nothing to iterate over.
   */
  constructor(items: Items<unknown>) {
    if (Array.isArray(items) || ArrayBuffer.isView(items) && "length" in items) {
      this.#array = copyOf(items as List);
      this.#count = this.#array.length;
      this.#ended = true;
    } else if (typeof (items as Iterable<unknown>)?.[Symbol.iterator] === "function") {
      this.#iterator = (items as Iterable<unknown>)[Symbol.iterator]();
    } else if (
      typeof (items as AsyncIterable<unknown>)?.[Symbol.asyncIterator] === "function"
    ) {
      this.#iterator = (items as AsyncIterable<unknown>)[Symbol.asyncIterator]();
    } else {
      throw new TypeError(
        `Cannot map over ${
          items === null ? "null" : `a value of type ${typeof items}`
        }: ` +
          `an Iterable or AsyncIterable is expected`,
      );
    }
  }

  /** How many items were read. */
  get count(): number {
    return this.#count;
  }

  /** How many bytes an item has, if they all have the same; else 0. */
  get weight(): number {
    return this.#array instanceof Float64Array ? this.#array.BYTES_PER_ELEMENT : 0;
  }

  /** Whether more may be read. */
  get hasRoom(): boolean {
    return !this.#ended && !this.#closed && this.#count < this.allowed;
  }

  /** Whether all items were read. */
  get ended(): boolean {
    return this.#ended;
  }

  /**
   * Reads on.
   *
   * @param most How many items at most.
   * @returns How many were read: none only at the end, or where no more may be. A source
   * that takes its time gives one at a time.
   * @throws What the source throws.
   */
  read(most: number): number | Promise<number> {
    let read = 0;
    while (read < most && this.hasRoom) {
      const next = this.#iterator!.next();
      if (next instanceof Promise) {
        return next.then((result) => read + this.#take(result));
      }
      read += this.#take(next as IteratorResult<unknown>);
    }
    return read;
  }

  /**
   * Reads the first item, unless a signal is aborted before it comes.
   *
   * @throws The signal's reason, and what the source throws.
   */
  async begin(signal: AbortSignal | undefined): Promise<void> {
    const aborted = Promise.withResolvers<never>();
    const abort = () => aborted.reject(signal!.reason);
    signal?.addEventListener("abort", abort);
    try {
      signal?.throwIfAborted();
      if (!this.#ended) await Promise.race([this.read(1), aborted.promise]);
    } catch (error) {
      this.close();
      throw error;
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }

  /** Items that were read and are not settled. */
  values(first: number, count: number): List {
    const array = this.#array;
    if (array instanceof Float64Array) return array.subarray(first, first + count);
    if (array) return Array.prototype.slice.call(array, first, first + count);
    return Array.from({ length: count }, (_, i) => this.#kept.get(first + i));
  }

  /** Forgets items. */
  settle(first: number, count: number): void {
    if (this.#array) return;
    for (let i = first; i < first + count; i++) this.#kept.delete(i);
  }

  /** Lets a source that was not read to its end clean up. */
  close(): void {
    if (this.#ended || this.#closed) return;
    this.#closed = true;
    // A source that waits for something may answer late or never; nobody waits for it.
    const closing = new Promise((resolve) => resolve(this.#iterator?.return?.()));
    closing.catch(() => {});
  }

  #take(result: IteratorResult<unknown>): number {
    if (this.#closed) return 0;
    if (result.done) {
      this.#ended = true;
      return 0;
    }
    this.#kept.set(this.#count++, result.value);
    return 1;
  }
}

/** An array as it is now. */
function copyOf(items: List): ArrayLike<unknown> {
  // A Buffer's own slice() is no copy.
  if (!Array.isArray(items)) return Float64Array.prototype.slice.call(items);
  const usual = items[Symbol.iterator] === Array.prototype[Symbol.iterator];
  // Spreading makes undefined of holes, as map() over any other iterable does.
  return usual && areNumbers(items) ? new Float64Array(items) : [...items];
}
