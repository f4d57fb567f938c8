/**
 * The process as functions see it: as if it were that of the program that they are from.
 *
 * @module
 */

import { changeProcess } from "../../common/node.ts";
import type { Program } from "../../protocol/run_file.ts";

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
  // In place, for modules may hold the array by itself.
  changeProcess(({ argv }) => argv.splice(1, argv.length, main, ...args));
}

/** What those take that end a process. */
type Status = number | string | undefined;

/**
 * Takes over the ways in which functions may end their thread. Deno ends a thread that
 * exits without telling anybody, so it has to be told before. `process.exit` leads to
 * `Deno.exit`.
 *
 * @param exit What is done instead, with the exit status.
 */
export function ownExits(exit: (status: number) => never): void {
  const { abs, trunc } = Math;
  const leave = (status?: Status): never =>
    exit(abs(trunc(Number(status ?? Deno.exitCode))) || 0);
  Object.defineProperty(Deno, "exit", { value: leave });
  Object.defineProperty(self, "close", { value: () => leave(0) });
}
