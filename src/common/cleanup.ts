/**
 * What is done when something is over. It can go wrong, and must not take the place of
 * results or of the error that was to be thrown.
 *
 * @module
 */

import { messageOf } from "./fault.ts";
import { log } from "./log.ts";
import { within } from "./within.ts";

/** How long it may take to end something, in milliseconds. */
const LIMIT = 5000;

/**
 * Ends something. What goes wrong with that is said, not thrown; so is that it takes too
 * long, as with a file server that does not answer. Then it is left to itself.
 *
 * @param what What then has failed, for the log.
 * @param end How to end it.
 * @param limit How long that may take, in milliseconds.
 */
export async function cleanUp(
  what: string,
  end: () => void | Promise<void> | undefined,
  limit: number = LIMIT,
): Promise<void> {
  const ended = async () => {
    await end();
    return true;
  };
  try {
    if (await within(limit, ended(), false)) return;
    complain(what, `it takes longer than ${limit} ms`);
  } catch (error) {
    complain(what, error);
  }
}

/** {@linkcode cleanUp}, of what ends at once. */
export function cleanUpNow(what: string, end: () => void): void {
  try {
    end();
  } catch (error) {
    complain(what, error);
  }
}

function complain(what: string, error: unknown): void {
  log("info", `${what}: ${messageOf(error)}`);
}
