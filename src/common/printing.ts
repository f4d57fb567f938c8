/**
 * How the library prints, on the host and on workers. Standard output and error may be a
 * file on a full disk, or a full pipe, and then Deno's console throws. What cannot be
 * printed is dropped and counted, because nothing may depend on it.
 *
 * @module
 */

/** The output that was dropped so far. */
export interface Dropped {
  /** How many times output was dropped. */
  count: number;
  /** The reason of the first time. */
  reason: string;
}

/** The output that was dropped so far in this thread. */
export const dropped: Dropped = { count: 0, reason: "" };

/** Prints on standard output, as `console.log` does. */
export function printOut(...what: unknown[]): void {
  attempt(() => console.log(...what));
}

/** Prints on standard error, as `console.error` does. */
export function printError(...what: unknown[]): void {
  attempt(() => console.error(...what));
}

/** Counts output that could not be printed because of this error. */
export function drop(error: unknown): void {
  // The reader has closed the pipe, and wants no output.
  if (error instanceof Deno.errors.BrokenPipe) return;
  if (dropped.count++ > 0) return;
  dropped.reason = error instanceof Error ? error.message : String(error);
}

/**
 * Whether an error comes from the operating system, and not from the value to be printed,
 * such as an object with its own `inspect`.
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
