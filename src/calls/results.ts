/**
 * The results of a map, in order.
 *
 * @module
 */

import type { Attempts } from "../engine/run_request.ts";
import type { List } from "../protocol/lists.ts";
import { fulfilled, rejected, type Settled } from "./settled.ts";

/** Collects results as they come. */
export interface Results {
  /** Puts results in their places. */
  put(first: number, values: List): void;
  /** Puts a failure in its place. */
  fail(index: number, error: unknown, attempts: Attempts): void;
  /** All results; missing ones are replaced by this error, if there is one. */
  all(count: number, missing?: unknown): unknown[] | Float64Array;
}

/** Results of any kind. */
export class AnyResults implements Results {
  readonly #array: unknown[];

  /** @param count How many to expect. */
  constructor(count: number) {
    this.#array = new Array(count);
  }

  /** {@linkcode Results.put} */
  put(first: number, values: List): void {
    const array = this.#array;
    const { length } = values;
    // Each loop sees only one kind of list, and so is fast.
    if (Array.isArray(values)) {
      for (let i = 0; i < length; i++) array[first + i] = values[i];
    } else {
      for (let i = 0; i < length; i++) array[first + i] = values[i];
    }
  }

  /** {@linkcode Results.fail} */
  fail(index: number, error: unknown): void {
    this.#array[index] = error;
  }

  /** {@linkcode Results.all} */
  all(count: number, missing?: unknown): unknown[] {
    if (missing === undefined) return this.#array;
    for (let i = 0; i < count; i++) if (!(i in this.#array)) this.#array[i] = missing;
    return this.#array;
  }
}

/** Results and failures, told apart. */
export class SettledResults implements Results {
  readonly #array: Settled<unknown>[];

  /** @param count How many to expect. */
  constructor(count: number) {
    this.#array = new Array(count);
  }

  /** {@linkcode Results.put} */
  put(first: number, values: List): void {
    for (let i = 0; i < values.length; i++) {
      this.#array[first + i] = fulfilled(first + i, values[i]);
    }
  }

  /** {@linkcode Results.fail} */
  fail(index: number, error: unknown, attempts: Attempts): void {
    this.#array[index] = rejected(index, error, attempts);
  }

  /** {@linkcode Results.all} */
  all(): Settled<unknown>[] {
    return this.#array;
  }
}

/** Results that are all numbers, eight bytes each. */
export class NumberResults implements Results {
  #array: Float64Array;

  /** @param count How many to expect. */
  constructor(count: number) {
    this.#array = new Float64Array(count);
  }

  /**
   * {@linkcode Results.put}
   *
   * @throws {TypeError} When one is not a number.
   */
  put(first: number, values: List): void {
    const end = first + values.length;
    if (end > this.#array.length) {
      const larger = new Float64Array(Math.max(end, 2 * this.#array.length));
      larger.set(this.#array);
      this.#array = larger;
    }
    const wrong = Array.isArray(values)
      ? values.findIndex((value) => typeof value !== "number")
      : -1;
    if (wrong >= 0) {
      throw new TypeError(
        `The result of item ${
          first + wrong
        } is of type ${typeof values[wrong]}: into: ` +
          `Float64Array takes numbers only`,
      );
    }
    this.#array.set(values as ArrayLike<number>, first);
  }

  /** {@linkcode Results.fail} */
  fail(): void {
    // Errors are thrown: an array of numbers cannot hold them.
  }

  /** {@linkcode Results.all} */
  all(count: number): Float64Array {
    return count === this.#array.length ? this.#array : this.#array.slice(0, count);
  }
}
