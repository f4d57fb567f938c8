/**
 * What `partial` made, so that it can travel.
 *
 * @module
 */

/** What a function was made from. */
export interface Partial_ {
  /** The function that is called in the end. */
  // deno-lint-ignore ban-types -- any function at all
  target: Function;
  /** Its first arguments. */
  args: unknown[];
}

// deno-lint-ignore ban-types -- any function at all
const remembered = new WeakMap<Function, Partial_>();

/** Remembers what a function was made from. */
// deno-lint-ignore ban-types -- any function at all
export function rememberPartial(f: Function, made: Partial_): void {
  remembered.set(f, made);
}

/** What a function was made from, if `partial` made it. */
// deno-lint-ignore ban-types -- any function at all
export function partialOf(f: Function): Partial_ | undefined {
  return remembered.get(f);
}
