/**
 * Pauses that grow from one try to the next.
 *
 * @module
 */

/** The first pause and the longest, in milliseconds. */
const FIRST = 1000;
const LONGEST = 60_000;

/** The pauses between tries of one thing: a second, then twice as long each time. */
export class Backoff {
  #next = FIRST;

  /** How long the next pause is, in milliseconds. */
  get next(): number {
    return this.#next;
  }

  /**
   * Waits until the next try.
   *
   * @param signal Ends the pause early.
   */
  async pause(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, signal.aborted ? 0 : this.#next);
    const end = () => resolve();
    signal.addEventListener("abort", end);
    await promise;
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
    this.#next = Math.min(2 * this.#next, LONGEST);
  }
}
