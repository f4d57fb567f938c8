/**
 * Where the items of a run come from. Items that were read are kept until they are settled,
 * because they may have to be sent again.
 *
 * @module
 */

import { areNumbers, type List } from "../protocol/lists.ts";
import { cancelledError } from "./failures.ts";
import { SourceIterator } from "./source_iterator.ts";

/**
 * Anything that can be iterated over: with `for of`, or with `for await` if it has a
 * `[Symbol.asyncIterator]`.
 */
export type Items<T> = Iterable<T> | AsyncIterable<T>;

/** The items of one run, read on demand. */
export class ItemSource {
  readonly #array: ArrayLike<unknown> | undefined;
  readonly #iterator: SourceIterator | undefined;
  readonly #kept = new Map<number, unknown>();
  #count = 0;
  #settled = 0;
  #ended = false;
  #closed = false;
  #failure: { error: unknown } | undefined;
  /** How many items may be read in all. The consumer of the results raises this. */
  allowed = Infinity;

  /**
   * @param items What to read. An array is copied, so that it may be changed meanwhile.
   * @throws {TypeError} When it cannot be iterated over.
   */
  constructor(items: Items<unknown>) {
    if (isUsualArray(items)) {
      this.#array = copyOf(items);
      this.#count = this.#array.length;
      this.#ended = true;
    } else this.#iterator = new SourceIterator(items);
  }

  /** How many items were read. */
  get count(): number {
    return this.#count;
  }

  /** How large an item is in bytes, if all have the same size; else 0. */
  get weight(): number {
    return this.#array instanceof Float64Array ? this.#array.BYTES_PER_ELEMENT : 0;
  }

  /** How many items were read and are not settled. */
  get unsettled(): number {
    return this.#count - this.#settled;
  }

  /**
   * How many items fail if the run ends now: all that are not settled. If the source has
   * failed, it is the source that fails, and not its items.
   */
  get failedWithRun(): number {
    return this.failure ? 0 : this.unsettled;
  }

  /** Whether more may be read. */
  get hasRoom(): boolean {
    return !this.#ended && !this.#closed && !this.#failure &&
      this.#count < this.allowed;
  }

  /** Whether all items were read. */
  get ended(): boolean {
    return this.#ended;
  }

  /** What the source has thrown: then it gives nothing more. */
  get failure(): { error: unknown } | undefined {
    return this.#failure;
  }

  /**
   * Reads more items.
   *
   * @param most How many items at most.
   * @returns How many were read: none only at the end, if the source fails, or if no more
   * may be read. An asynchronous source gives one at a time.
   */
  read(most: number): number | Promise<number> {
    if (!this.hasRoom) return 0;
    const iterator = this.#iterator!;
    if (iterator.isAsync) return this.#readOne(iterator);
    const before = this.#count;
    try {
      iterator.read(Math.min(most, this.allowed - before), this.#keep);
    } catch (error) {
      this.#failure = { error };
    }
    return this.#readSince(before);
  }

  async #readOne(iterator: SourceIterator): Promise<number> {
    const before = this.#count;
    try {
      await iterator.readInTime(this.#keep);
    } catch (error) {
      this.#failure = { error };
    }
    return this.#readSince(before);
  }

  #readSince(before: number): number {
    if (!this.#closed && !this.#failure) this.#ended = this.#iterator!.over;
    return this.#count - before;
  }

  /**
   * Reads the first item, unless a signal is aborted before it comes.
   *
   * @param name The name of the run.
   * @param closing Is aborted when the dispatcher is closed.
   * @param signal The user's signal.
   * @throws {JobCancelledError} When the dispatcher is closed.
   * @throws The signal's reason, and what the source throws.
   */
  async begin(
    name: string,
    closing: AbortSignal,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    if (this.#array) return signal?.throwIfAborted();
    const ended = Promise.withResolvers<never>();
    const abort = () => ended.reject(signal!.reason);
    const cancel = () => ended.reject(cancelledError({ name, index: undefined }));
    signal?.addEventListener("abort", abort);
    closing.addEventListener("abort", cancel);
    try {
      signal?.throwIfAborted();
      await Promise.race([this.read(1), ended.promise]);
      if (this.#failure) throw this.#failure.error;
    } catch (error) {
      this.close();
      throw error;
    } finally {
      signal?.removeEventListener("abort", abort);
      closing.removeEventListener("abort", cancel);
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
    this.#settled += count;
    if (this.#array) return;
    for (let i = first; i < first + count; i++) this.#kept.delete(i);
  }

  /** Lets a source that was not read to its end clean up. */
  close(): void {
    this.#closed = true;
    this.#iterator?.close();
  }

  readonly #keep = (item: unknown): void => {
    this.#kept.set(this.#count++, item);
  };
}

/** Whether it is an array or a typed array, with the usual way of iterating over it. */
function isUsualArray(items: unknown): items is List {
  const usual = Array.isArray(items)
    ? Array.prototype
    : ArrayBuffer.isView(items) && "length" in items
    ? Float64Array.prototype
    : undefined;
  if (!usual) return false;
  const { [Symbol.asyncIterator]: inTime, [Symbol.iterator]: atOnce } =
    items as unknown as AsyncIterable<unknown> & Iterable<unknown>;
  return inTime === undefined && atOnce === usual[Symbol.iterator];
}

/** A copy of an array as it is now. */
function copyOf(items: List): ArrayLike<unknown> {
  // The slice() of a Buffer does not copy.
  if (!Array.isArray(items)) return Float64Array.prototype.slice.call(items);
  // Spreading turns holes into undefined, as iterating does.
  return areNumbers(items) ? new Float64Array(items) : [...items];
}
