/**
 * Functions closed over their first arguments.
 *
 * @module
 */

import { nameOf } from "./closure/texts.ts";

/** How many characters of an argument a name may have. */
const LONGEST_BRIEF = 32;

/** What `partial` remembers, so that its functions can travel. */
export interface Partial_ {
  /** The function that is called in the end. */
  // deno-lint-ignore ban-types -- any function at all
  target: Function;
  /** Its first arguments. */
  args: unknown[];
}

// deno-lint-ignore ban-types -- any function at all
const remembered = new WeakMap<Function, Partial_>();

/**
 * Closes a function over its first arguments. Its name is `f_arg_arg`.
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
  remembered.set(closed, { target: f, args });
  return closed;
}

/** An argument as part of a name: itself if it is short, else what kind of thing it is. */
function brief(arg: unknown): string {
  if (typeof arg === "function") return nameOf(arg);
  if (typeof arg === "object" && arg !== null) {
    return Object.getPrototypeOf(arg)?.constructor?.name ?? "Object";
  }
  const text = String(arg);
  return text.length <= LONGEST_BRIEF ? text : `${text.slice(0, LONGEST_BRIEF - 1)}…`;
}

/** What a function was made from, if `partial` made it. */
// deno-lint-ignore ban-types -- any function at all
export function partialOf(f: Function): Partial_ | undefined {
  return remembered.get(f);
}
