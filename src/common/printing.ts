/**
 * How the library prints, on the host and on workers. Standard output and error may be a
 * file on a full disk, or a pipe that takes no more, and then Deno's console throws: what
 * cannot be printed is dropped and counted, for nothing may depend on it.
 *
 * @module
 */

/** What was dropped so far. */
export interface Dropped {
  /** How often something was. */
  count: number;
  /** Why, the first time. */
  reason: string;
}

/** What was dropped so far in this thread. */
export const dropped: Dropped = { count: 0, reason: "" };

/** Prints on standard output, as `console.log` does. */
export function printOut(...what: unknown[]): void {
  attempt(() => console.log(...what));
}

/** Prints on standard error, as `console.error` does. */
export function printError(...what: unknown[]): void {
  attempt(() => console.error(...what));
}

/** Takes what was thrown while something was printed. */
export function drop(error: unknown): void {
  // A reader who has left wants to hear nothing.
  if (error instanceof Deno.errors.BrokenPipe) return;
  if (dropped.count++ > 0) return;
  dropped.reason = error instanceof Error ? error.message : String(error);
}

/**
 * Whether an error comes from the operating system, and not from what was to be printed,
 * such as an object with an `inspect` of its own.
 */
export function isFromSystem(error: unknown): boolean {
  return error instanceof Error && / \(os error \d+\)$/.test(error.message);
}

function attempt(print: () => void): void {
  try {
    print();
  } catch (error) {
    drop(error);
  }
}
