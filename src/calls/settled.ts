/**
 * What `mapSettled` and `imapSettled` give for each item.
 *
 * @module
 */

import type { Attempts } from "../engine/run_request.ts";

/** An item that has a result. */
export interface Fulfilled<R> {
  /** Tells it from a {@linkcode Rejected}. */
  status: "fulfilled";
  /** What the function returned, even if that is an `Error`. */
  value: R;
  /** The item's index, from 0. */
  index: number;
}

/** An item that has failed. */
export interface Rejected {
  /** Tells it from a {@linkcode Fulfilled}. */
  status: "rejected";
  /**
   * What the function threw, whatever that is; or an error of this package, such as a
   * {@linkcode WorkerLostError}, a {@linkcode JobTimeoutError}, or a
   * {@linkcode GridEngineError} that has the text of a thrown value that cannot be sent.
   */
  reason: unknown;
  /** The item's index, from 0. */
  index: number;
  /**
   * How often the item was tried. An attempt counts if the item was with a worker that was
   * lost, even if it had perhaps not begun. It is 0 if no worker came for the item.
   */
  attempts: number;
  /**
   * The last lines, up to 20, that the item printed in its last attempt. It is empty if it
   * printed nothing, or if `logs` is not `"forward"`.
   */
  output: readonly string[];
}

/** What became of an item: told apart by `status`, as with `Promise.allSettled`. */
export type Settled<R> = Fulfilled<R> | Rejected;

/** An item that has a result. */
export function fulfilled<R>(index: number, value: R): Fulfilled<R> {
  return { status: "fulfilled", value, index };
}

/** An item that has failed. */
export function rejected(
  index: number,
  reason: unknown,
  { attempts, output }: Attempts,
): Rejected {
  return { status: "rejected", reason, index, attempts, output };
}
