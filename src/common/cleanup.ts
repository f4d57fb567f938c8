/**
 * Clean-up that may fail. Its errors must not replace results, or the error that is to be
 * thrown.
 *
 * @module
 */

import { messageOf } from "./fault.ts";
import { log } from "./log.ts";
import { within } from "./within.ts";

/** How long a clean-up may take by default, in milliseconds. */
const LIMIT = 5000;

/**
 * Ends something. Errors are logged, not thrown. If it takes too long, such as when a file
 * server does not answer, that is logged, too, and it is no longer waited for.
 *
 * @param what The message for the log if this fails.
 * @param end Ends it.
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

/** {@linkcode cleanUp} for something that ends at once. */
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
