/**
 * Whether the program is one that a user types piece by piece.
 *
 * @module
 */

import { isNotebook } from "./notebook.ts";

/** Whether the program is Deno's REPL, or a notebook. */
export function isInteractive(): boolean {
  // The thread of a worker has no main module.
  return isNotebook() || (Deno.mainModule?.endsWith("/$deno$repl.mts") ?? false);
}
