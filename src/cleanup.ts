/**
 * What is done when something is over. It can go wrong, and must not take the place of
 * results or of the error that was to be thrown.
 *
 * @module
 */

import { messageOf } from "./dispatcher/fault.ts";
import { log } from "./settings.ts";

/**
 * Ends something. What goes wrong with that is said, not thrown.
 *
 * @param what What then has failed, for the log.
 * @param end How to end it.
 */
export async function cleanUp(
  what: string,
  end: () => void | Promise<void> | undefined,
): Promise<void> {
  try {
    await end();
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
