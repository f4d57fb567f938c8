/**
 * What of Node.js is seldom needed at once.
 *
 * @module
 */

import type process from "node:process";

/** The `process` of Node.js: loaded when somebody asks for it, for it takes 20 ms. */
export function nodeProcess(): typeof process {
  return (globalThis as unknown as { process: typeof process }).process;
}
