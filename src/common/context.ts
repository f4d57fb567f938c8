/**
 * The asynchronous context of the user's callbacks.
 *
 * @module
 */

import { nodeModule } from "./node.ts";

/**
 * Binds a callback to the present context: it sees the values that each `AsyncLocalStorage`
 * has at this call.
 */
export function inThisContext<A extends unknown[], R>(
  callback: (...args: A) => R,
): (...args: A) => R {
  const { AsyncLocalStorage } = nodeModule("node:async_hooks");
  return AsyncLocalStorage.bind(callback);
}
