/**
 * What a function sees of the program that it is from.
 *
 * @module
 */

import { nodeProcess } from "../closure/node_process.ts";
import type { Program } from "../protocol/run_file.ts";

/**
 * Gives `Deno.args` and `process.argv` what the program has there: this process has words of
 * its own, which are nobody's business.
 */
export function showProgram({ main, args }: Program): void {
  Object.defineProperty(Deno, "args", {
    value: Object.freeze([...args]),
    enumerable: true,
    configurable: true,
  });
  const { argv } = nodeProcess();
  // In place, for modules may hold the array by itself.
  argv.splice(1, argv.length, main, ...args);
}
