/**
 * Whether the program is one that a user types piece by piece.
 *
 * @module
 */

/** Whether the program is Deno's REPL, or its kernel for notebooks. */
export function isInteractive(): boolean {
  // The thread of a worker has no main module.
  return /\/\$deno\$(jupyter_)?repl\.mts$/.test(Deno.mainModule ?? "");
}
