/**
 * How a function is called with an item, on a worker and in the program itself.
 *
 * @module
 */

/**
 * Makes the call of a function.
 *
 * @param f The function.
 * @param spread Whether an item is a list of arguments, and not the only one.
 */
export function callOf(
  f: (...args: never[]) => unknown,
  spread: boolean,
): (item: unknown) => unknown {
  const call = f as (...args: unknown[]) => unknown;
  return spread ? (args) => call(...argumentsOf(args)) : (argument) => call(argument);
}

function argumentsOf(item: unknown): Iterable<unknown> {
  const list = item as Iterable<unknown> | null | undefined;
  if (typeof list?.[Symbol.iterator] === "function") return list;
  const what = item === null ? "null" : `of type ${typeof item}`;
  throw new TypeError(`An item is ${what}: starmap takes lists of arguments`);
}
