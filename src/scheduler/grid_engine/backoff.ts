/**
 * Pauses that grow from one attempt to the next.
 *
 * @module
 */

/** The first pause and the longest, in milliseconds. */
const FIRST = 1000;
const LONGEST = 60_000;

/** The pauses between attempts: a second, then twice as long each time. */
export class Backoff {
  #next = FIRST;

  /** The length of the next pause, in milliseconds. */
  get next(): number {
    return this.#next;
  }

  /**
   * Waits until the next attempt.
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
