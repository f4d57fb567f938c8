/**
 * In which asynchronous context the user's callbacks run.
 *
 * @module
 */

import { nodeModule } from "./node.ts";

/**
 * The same callback, in the context of this moment: there it finds what an
 * `AsyncLocalStorage` held when the call was made that it was given to.
 */
export function inThisContext<A extends unknown[]>(
  callback: (...args: A) => void,
): (...args: A) => void {
  const { AsyncLocalStorage } = nodeModule("node:async_hooks");
  return AsyncLocalStorage.bind(callback);
}
