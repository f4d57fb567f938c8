/**
 * Iterates over a source as the language does: like `for await` if it is an
 * `AsyncIterable`, like `for of` if it is an `Iterable`. The same methods are looked up and
 * called, at the same times. What breaks the rules of iteration is refused by name.
 *
 * @module
 */

import { shown } from "../common/checks.ts";
import { log } from "../common/log.ts";

/** A method of an object whose interface is not checked yet. */
type Method = (this: unknown) => unknown;

/** One iteration over a source. */
export class SourceIterator {
  /** Whether its items come asynchronously. */
  readonly isAsync: boolean;
  readonly #iterator: { return?: Method | null };
  readonly #next: Method;
  /** Whether it has come to its end, or has failed: then it is not asked any more. */
  #over = false;
  #closed = false;
  /** Whether it is answering now. */
  #asked = false;

  /**
   * @param items The source.
   * @throws {TypeError} When it cannot be iterated over.
   * @throws What the source throws when it is asked for its iterator.
   */
  constructor(items: unknown) {
    const source = items as
      | { [Symbol.asyncIterator]?: Method; [Symbol.iterator]?: Method }
      | null
      | undefined;
    let method = source?.[Symbol.asyncIterator];
    this.isAsync = method !== undefined && method !== null;
    if (!this.isAsync) method = source?.[Symbol.iterator];
    if (method === undefined || method === null) throw refusal(items);
    const name = this.isAsync ? "[Symbol.asyncIterator]" : "[Symbol.iterator]";
    const iterator = mustBeMethod(name, method).call(items);
    if (!isObject(iterator)) {
      throw new TypeError(
        `The source's ${name}() gave ${shown(iterator)}: an iterator is expected`,
      );
    }
    this.#iterator = iterator;
    this.#next = mustBeMethod("next", (iterator as { next?: unknown }).next);
  }

  /** Whether it has come to its end, or has failed. */
  get over(): boolean {
    return this.#over;
  }

  /**
   * Reads items of a synchronous source, until it is over or closed.
   *
   * @param most How many at most.
   * @param put Takes each item.
   * @throws What the source throws.
   * @throws {TypeError} When what it gives is not the result of a step.
   */
  read(most: number, put: (item: unknown) => void): void {
    this.#asked = true;
    try {
      for (let read = 0; read < most && !this.#over && !this.#closed; read++) {
        const result = this.#next.call(this.#iterator);
        // `for of` would take it for an item, and so never end.
        if (isThenable(result)) {
          throw new TypeError(
            "The source's next() gave a promise: to do so it must be an " +
              "AsyncIterable, with [Symbol.asyncIterator]()",
          );
        }
        this.#take(result, put);
      }
    } catch (error) {
      this.#over = true;
      throw error;
    } finally {
      this.#asked = false;
      if (this.#closed) this.#return();
    }
  }

  /** Reads one item of an asynchronous source. It throws as `read()` does. */
  async readInTime(put: (item: unknown) => void): Promise<void> {
    try {
      this.#take(await this.#next.call(this.#iterator), put);
    } catch (error) {
      this.#over = true;
      throw error;
    }
  }

  /**
   * Lets a source that was left before its end clean up. Nobody waits for that, because
   * it may take long, or for ever if it waits for something itself.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    // A generator cannot end while it runs.
    if (!this.#asked) this.#return();
  }

  #return(): void {
    if (this.#over) return;
    // This error cannot be thrown any more, because nobody waits. It costs no result.
    const failed = (error: unknown) =>
      log("info", `the source of a map failed to clean up: ${shown(error)}`);
    try {
      const closing = this.#iterator.return?.();
      if (this.isAsync) Promise.resolve(closing).catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  #take(result: unknown, put: (item: unknown) => void): void {
    if (!isObject(result)) {
      throw new TypeError(
        `The source's next() gave ${shown(result)}: an object with done and value is ` +
          `expected`,
      );
    }
    if ((result as { done?: unknown }).done) {
      this.#over = true;
      return;
    }
    const { value } = result as { value?: unknown };
    // What comes after it was closed is dropped.
    if (!this.#closed) put(value);
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null || typeof value === "function";
}

function isThenable(value: unknown): boolean {
  return isObject(value) && typeof (value as { then?: unknown }).then === "function";
}

function mustBeMethod(name: string, method: unknown): Method {
  if (typeof method === "function") return method as Method;
  throw new TypeError(
    `The source's ${name} is ${shown(method)}: a method is expected`,
  );
}

/** The error for a value that cannot be iterated over: it says what to do. */
function refusal(items: unknown): TypeError {
  let what = items === null ? "null" : `a value of type ${typeof items}`;
  let expected = "an Iterable or AsyncIterable is expected";
  if (isThenable(items)) {
    what = "a promise";
    expected += "; await it first";
  } else if (typeof items === "function") {
    what = "a function";
    expected += "; call it if it gives one";
  } else if (isObject(items) && "length" in items) {
    what = "an object that is only like an array";
    expected += "; make an array of it with Array.from()";
  }
  return new TypeError(`Cannot map over ${what}: ${expected}`);
}
