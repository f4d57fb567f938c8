/**
 * Remembers what `partial` made functions from, so that they can be sent.
 *
 * @module
 */

import type { AnyFunction } from "./texts.ts";

/** What `partial` made a function from. */
export interface Partial_ {
  /** The function that is called. */
  target: AnyFunction;
  /** Its first arguments. */
  args: unknown[];
}

const remembered = new WeakMap<AnyFunction, Partial_>();

/** Remembers what a function was made from. */
export function rememberPartial(f: AnyFunction, made: Partial_): void {
  remembered.set(f, made);
}

/** What a function was made from, if `partial` made it. */
export function partialOf(f: AnyFunction): Partial_ | undefined {
  return remembered.get(f);
}
