/**
 * Errors where none should be, and what others' code throws where it is called back.
 *
 * @module
 */

import { log } from "./log.ts";

/** Does something. Should it throw, that is logged, and costs nothing else. */
export function guarded(action: () => void): void {
  try {
    action();
  } catch (error) {
    report(error);
  }
}

/** Logs an error that is told to nobody else. */
export function report(error: unknown): void {
  try {
    log("info", `internal error: ${textOf(error, "stack")}`);
  } catch {
    // Where standard error takes nothing, nobody can be told.
  }
}

/** What an error says; it may be any value, for anything can be thrown. */
export function messageOf(error: unknown): string {
  return textOf(error, "message");
}

function textOf(error: unknown, part: "message" | "stack"): string {
  try {
    return String(error instanceof Error ? error[part] ?? error : error);
  } catch {
    // It has a getter, or a `toString`, that throws.
    return "what was thrown cannot be read";
  }
}
