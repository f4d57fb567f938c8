/**
 * Waits of the library that can be ended early.
 *
 * @module
 */

import { drmaaError, hasCode } from "./library.ts";

/** How long one call waits inside the library, in seconds, if no other call waits. */
const SLICE = 1;
/** The pause between two calls that do not wait inside the library, in milliseconds. */
const PAUSE = 50;

/** How long to wait, and how to end the wait early. */
export interface WaitOptions {
  /** The timeout in milliseconds; then `EXIT_TIMEOUT` is thrown. Default: `Infinity`. */
  timeout?: number;
  /**
   * Ends the wait, within a second. A job that has ended by then is still reported: no
   * report is lost.
   */
  signal?: AbortSignal;
}

/**
 * The waits of a session. Each wait is split into calls of at most a second, so that it can
 * be ended. Only one call runs at a time, because some implementations do not allow two
 * threads to wait.
 */
export class Waits {
  readonly #mustBeOpen: () => void;
  #waiters = 0;
  #turn: Promise<unknown> = Promise.resolve();

  /** @param mustBeOpen Throws if the session is closed. */
  constructor(mustBeOpen: () => void) {
    this.#mustBeOpen = mustBeOpen;
  }

  /**
   * Repeats a call until it no longer throws `EXIT_TIMEOUT`.
   *
   * @param name The function that is called.
   * @param about What an error message names beside the function, such as a job.
   * @param options How long to wait.
   * @param slice One call: it waits the given seconds and then throws `EXIT_TIMEOUT`.
   * @throws {DrmaaError} `EXIT_TIMEOUT` when the timeout has passed; also what a call
   * throws, and the signal's reason.
   */
  async wait<T>(
    name: string,
    about: string,
    { timeout = Infinity, signal }: WaitOptions,
    slice: (seconds: bigint) => Promise<T>,
  ): Promise<T> {
    if (!(timeout >= 0)) {
      throw drmaaError(
        "INVALID_ARGUMENT",
        `timeout must be a number of milliseconds from 0, not ${timeout}`,
      );
    }
    const end = performance.now() + timeout;
    this.#waiters++;
    try {
      for (;;) {
        signal?.throwIfAborted();
        this.#mustBeOpen();
        const left = end - performance.now();
        const inside = this.#waiters === 1 && left >= SLICE * 1000;
        try {
          return await this.#inTurn(() => slice(inside ? BigInt(SLICE) : 0n));
        } catch (error) {
          if (!hasCode(error, "EXIT_TIMEOUT")) throw error;
        }
        if (left <= 0) {
          throw drmaaError(
            "EXIT_TIMEOUT",
            `${name} of ${about}: not ended within ${timeout} ms`,
          );
        }
        if (!inside) {
          await new Promise((resolve) => setTimeout(resolve, Math.min(left, PAUSE)));
        }
      }
    } finally {
      this.#waiters--;
    }
  }

  #inTurn<T>(call: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(call);
    this.#turn = turn.catch(() => {});
    return turn;
  }
}
