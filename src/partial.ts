/**
 * Functions with fixed first arguments.
 *
 * @module
 */

import { rememberPartial } from "./closure/capture/partials.ts";
import { nameOf } from "./closure/capture/texts.ts";

/** The most characters of an argument in a name. */
const LONGEST_BRIEF = 32;

/**
 * Fixes the first arguments of a function. The name of the result is `f_arg_arg`.
 *
 * @example
 * ```ts
 * import { map, partial } from "jsr:@x/gridengine";
 * import { deepEqual as assertEquals } from "node:assert/strict";
 *
 * const power = (exponent: number, base: number) => base ** exponent;
 * assertEquals(await map(partial(power, 3), [1, 2, 3]), [1, 8, 27]);
 * ```
 *
 * @param f Any function.
 * @param args Its first arguments.
 * @returns A function of the other arguments.
 */
export function partial<A extends unknown[], B extends unknown[], R>(
  f: (...args: [...A, ...B]) => R,
  ...args: A
): (...rest: B) => R {
  const closed = (...rest: B): R => f(...args, ...rest);
  const name = [nameOf(f), ...args.map(brief)].join("_");
  Object.defineProperty(closed, "name", { value: name });
  rememberPartial(closed, { target: f, args });
  return closed;
}

/** An argument as part of a name: its text, cut if it is long, or its class. */
function brief(arg: unknown): string {
  if (typeof arg === "function") return nameOf(arg);
  if (typeof arg === "object" && arg !== null) {
    return Object.getPrototypeOf(arg)?.constructor?.name ?? "Object";
  }
  const text = String(arg);
  return text.length <= LONGEST_BRIEF ? text : `${text.slice(0, LONGEST_BRIEF - 1)}…`;
}
