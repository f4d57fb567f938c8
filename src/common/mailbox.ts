/**
 * A queue that one side fills and the other iterates over.
 *
 * @module
 */

// A copy, and no array methods below: a job may replace those, and must still get messages.
const OwnPromise = Promise;

/** A queue that uses no built-in methods. */
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

/** In place of a value that could not be had. */
class Missing {
  constructor(readonly error: unknown) {}
}

/** An iteration over the values that are pushed, in order, until it is ended. */
export class Mailbox<T> implements AsyncIterable<T> {
  readonly #values = new Queue<T | Missing>();
  readonly #waiting = new Queue<(result: IteratorResult<T | Missing>) => void>();
  #ended = false;

  /** Adds a value. After the end values are dropped. */
  push(value: T): void {
    this.#push(value);
  }

  /** In place of a value that could not be had, its reader is thrown an error. */
  fail(error: unknown): void {
    this.#push(new Missing(error));
  }

  #push(value: T | Missing): void {
    if (this.#ended) return;
    if (this.#waiting.length > 0) this.#waiting.shift()({ value, done: false });
    else this.#values.push(value);
  }

  /** Ends the iteration, after the values that are still in it. */
  end(): void {
    this.#ended = true;
    while (this.#waiting.length > 0) {
      this.#waiting.shift()({ value: undefined, done: true });
    }
  }

  /** Waits for the next value, and takes it. */
  async next(): Promise<IteratorResult<T>> {
    const result = await this.#next();
    const { value } = result;
    if (value instanceof Missing) throw value.error;
    return result as IteratorResult<T>;
  }

  #next(): IteratorResult<T | Missing> | Promise<IteratorResult<T | Missing>> {
    if (this.#values.length > 0) return { value: this.#values.shift(), done: false };
    if (this.#ended) return { value: undefined, done: true };
    return new OwnPromise((resolve) => this.#waiting.push(resolve));
  }

  /** An iterator. Each value goes to one reader only. */
  [Symbol.asyncIterator](): AsyncIterator<T> {
    return { next: () => this.next() };
  }
}
