/**
 * Unexpected errors, and errors that the user's callbacks throw.
 *
 * @module
 */

import { log } from "./log.ts";

/** Does something. If it throws, the error is logged and has no other effect. */
export function guarded(action: () => void): void {
  try {
    action();
  } catch (error) {
    report(error);
  }
}

/** Logs an error that is reported nowhere else. */
export function report(error: unknown): void {
  try {
    log("info", `internal error: ${textOf(error, "stack")}`);
  } catch {
    // Standard error cannot be written, so the error is lost.
  }
}

/** The message of an error, which may be any value, because any value can be thrown. */
export function messageOf(error: unknown): string {
  return textOf(error, "message");
}

function textOf(error: unknown, part: "message" | "stack"): string {
  try {
    return String(error instanceof Error ? error[part] ?? error : error);
  } catch {
    // It has a getter, or a `toString`, that throws.
    return "the value that was thrown cannot be read";
  }
}
