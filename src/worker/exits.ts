/**
 * The ways in which functions may end their thread. Deno ends a thread that exits without
 * a word to anybody, so the word has to come first.
 *
 * @module
 */

/** What those take that end a process. */
type Status = number | string | undefined;

/**
 * Lays hold of them.
 *
 * @param exit What is done instead, with the exit status.
 */
export function ownExits(exit: (status: number) => never): void {
  const { abs, trunc } = Math;
  const leave = (status?: Status): never =>
    exit(abs(trunc(Number(status ?? Deno.exitCode))) || 0);
  Object.defineProperty(Deno, "exit", { value: leave });
  Object.defineProperty(self, "close", { value: () => leave(0) });
  // Its `exit` calls its listeners, and then this.
  const { process } = globalThis as { process?: object };
  if (process) Object.defineProperty(process, "reallyExit", { value: leave });
}
