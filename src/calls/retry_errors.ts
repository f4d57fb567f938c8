/**
 * The option `retryErrors`: which errors of functions are worth another try, how many
 * tries there are, and when.
 *
 * @module
 */

import {
  aFunction,
  type Check,
  checkOptions,
  type Checks,
  millisecondsFrom,
  shown,
  wholeFrom,
} from "../common/checks.ts";
import { inThisContext } from "../common/context.ts";
import type { RunSettings } from "../core/events.ts";

/** How often, when and for which errors an item is tried again if the function threw. */
export interface RetryErrors {
  /** How often an item is tried again at most: a whole number from 0. */
  times: number;
  /**
   * How long an item waits before it is tried again for the first time, in milliseconds.
   * Other items run meanwhile.
   * @default {0}
   */
  delay?: number;
  /**
   * What the delay is multiplied by each further time: a number above 0. The delay never
   * gets longer than about 24 days.
   * @default {1}
   */
  factor?: number;
  /**
   * Says whether an error is worth another try. It is called in this program, while there
   * are tries left, with what the map would throw. If it throws, the map ends and throws
   * that error, whose `cause` is then the error of the item, unless it has a `cause`
   * already.
   * @default {undefined} Each error is.
   */
  if?: (error: unknown) => boolean;
}

const PARTS: Checks<RetryErrors> = {
  times: wholeFrom(0),
  delay: millisecondsFrom(0),
  factor(name, value) {
    if (typeof value === "number" && value > 0 && value < Infinity) return;
    throw new RangeError(`${name} is ${shown(value)}: a number above 0 is expected`);
  },
  if: aFunction,
};

/** The check of the option. */
export const aRetry: Check = (name, value) => {
  if (typeof value === "number") return wholeFrom(0)(name, value);
  if (typeof value !== "object" || value === null) {
    throw new TypeError(
      `${name} is ${
        shown(value)
      }: a number or an object such as { times: 3 } is expected`,
    );
  }
  const partOf = (part: keyof RetryErrors): Check => (_, value) =>
    PARTS[part](`${name}.${part}`, value);
  checkOptions(name, value as RetryErrors, {
    times: partOf("times"),
    delay: partOf("delay"),
    factor: partOf("factor"),
    if: partOf("if"),
  });
  if ((value as RetryErrors).times === undefined) {
    throw new TypeError(
      `${name} has no times: it says how often an item is tried again, such as ` +
        `{ times: 3 }`,
    );
  }
};

/** What the core is to know of the option. */
export function retrySettings(
  option: number | RetryErrors,
): Pick<RunSettings, "retryErrors" | "retryDelay" | "retryFactor"> {
  const { times, delay = 0, factor = 1 } = typeof option === "number"
    ? { times: option }
    : option;
  return { retryErrors: times, retryDelay: delay, retryFactor: factor };
}

/**
 * Asks the user whether an error is worth another try.
 *
 * @param option The option, which was checked.
 * @param failed Takes what the user's function throws.
 * @returns `undefined` if each error is worth it.
 */
export function retryQuestion(
  option: number | RetryErrors | undefined,
  failed: (error: unknown) => void,
): ((error: unknown) => boolean) | undefined {
  if (typeof option !== "object" || option.if === undefined) return undefined;
  const ask: (error: unknown) => unknown = inThisContext(option.if);
  return (error) => {
    try {
      const answer = ask(error);
      if (typeof (answer as { then?: unknown } | null)?.then !== "function") {
        return Boolean(answer);
      }
      // What it comes to is told by nobody else.
      Promise.resolve(answer).catch(() => {});
      throw new TypeError(
        "retryErrors.if gave a Promise: true or false is expected at once",
      );
    } catch (thrown) {
      failed(withCause(thrown, error));
      return false;
    }
  };
}

/** Adds a cause to an error, unless it has one. */
function withCause(error: unknown, cause: unknown): unknown {
  const fits = error instanceof Error && error !== cause && !("cause" in error) &&
    Object.isExtensible(error);
  if (!fits) return error;
  return Object.defineProperty(error, "cause", {
    value: cause,
    writable: true,
    configurable: true,
  });
}

/** What errors of functions say if the user may have meant `retryErrors` by `retries`. */
export function retryNote(
  retries: number | undefined,
  option: number | RetryErrors | undefined,
): string | undefined {
  if (!retries || option !== undefined) return undefined;
  return "retries is only for lost workers: retryErrors runs an item again that threw " +
    "an error";
}
