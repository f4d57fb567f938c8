/**
 * Waits inside the library that can be ended.
 *
 * @module
 */

import { drmaaError, hasCode } from "./library.ts";

/** How long one call waits inside the library, in seconds, while nothing else does. */
const SLICE = 1;
/** Milliseconds from one look to the next, where a call may not wait inside. */
const PAUSE = 50;

/** How long to wait. */
export interface WaitOptions {
  /** Milliseconds, after which `EXIT_TIMEOUT` is thrown. Default: `Infinity`. */
  timeout?: number;
  /**
   * Ends the wait. What has ended by then is still reported: it is never lost. This
   * takes up to a second.
   */
  signal?: AbortSignal;
}

/**
 * The waits of a session. Each is made of calls of a second at most, so that it can be
 * ended, one call at a time: not every implementation bears two threads that wait.
 */
export class Waits {
  readonly #mustBeOpen: () => void;
  #waiters = 0;
  #turn: Promise<unknown> = Promise.resolve();

  /** @param mustBeOpen Throws when the session is closed. */
  constructor(mustBeOpen: () => void) {
    this.#mustBeOpen = mustBeOpen;
  }

  /**
   * Waits until calls no longer throw `EXIT_TIMEOUT`.
   *
   * @param name The function that is called.
   * @param about What an error names beside it, such as a job.
   * @param options How long to wait.
   * @param slice One call, which waits so many seconds and then throws `EXIT_TIMEOUT`.
   * @throws {DrmaaError} `EXIT_TIMEOUT` when time is up; also what a call throws, and the
   * signal's reason.
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
        `A timeout is in milliseconds, from 0, not ${timeout}`,
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
            `${name} of ${about}: not within ${timeout} ms`,
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
