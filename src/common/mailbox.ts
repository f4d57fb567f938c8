/**
 * A queue that one side fills and the other iterates over.
 *
 * @module
 */

// An own copy, and below no methods of arrays: a job may replace them, and is still to hear.
const OwnPromise = Promise;

/** A queue that needs nothing but itself. */
class Queue<T> {
  #values: T[] = [];
  #taken = 0;

  get length(): number {
    return this.#values.length - this.#taken;
  }

  push(value: T): void {
    this.#values[this.#values.length] = value;
  }

  shift(): T {
    const value = this.#values[this.#taken]!;
    this.#values[this.#taken++] = undefined as never;
    if (this.length === 0) {
      this.#values = [];
      this.#taken = 0;
    }
    return value;
  }
}

/** Values pushed in come out of the iteration in order, until it is ended. */
export class Mailbox<T> implements AsyncIterable<T> {
  readonly #values = new Queue<T>();
  readonly #waiting = new Queue<(result: IteratorResult<T>) => void>();
  #ended = false;

  /** Adds a value; after the end it is dropped. */
  push(value: T): void {
    if (this.#ended) return;
    if (this.#waiting.length > 0) this.#waiting.shift()({ value, done: false });
    else this.#values.push(value);
  }

  /** What is in it can still be read; then the iteration ends. */
  end(): void {
    this.#ended = true;
    while (this.#waiting.length > 0) {
      this.#waiting.shift()({ value: undefined, done: true });
    }
  }

  /** Takes the next value, as soon as there is one. */
  async next(): Promise<IteratorResult<T>> {
    if (this.#values.length > 0) return { value: this.#values.shift(), done: false };
    if (this.#ended) return { value: undefined, done: true };
    return await new OwnPromise((resolve) => this.#waiting.push(resolve));
  }

  /** Each value is given to one reader only. */
  [Symbol.asyncIterator](): AsyncIterator<T> {
    return { next: () => this.next() };
  }
}
