/**
 * What a check has found.
 *
 * @module
 */

/** What one check has found. */
export interface Finding {
  /**
   * `"ok"`; `"warning"`: maps run, but perhaps not as the user means them to;
   * `"failure"`: maps do not run; `"skipped"`: it could not be looked at.
   */
  status: "ok" | "warning" | "failure" | "skipped";
  /** What was checked. */
  check: string;
  /** What was seen. */
  detail: string;
  /** What to do about it; warnings and failures have one. */
  remedy?: string;
}

/** All is well. */
export function ok(check: string, detail: string): Finding {
  return { status: "ok", check, detail };
}

/** Maps run, but perhaps not as the user means them to. */
export function warning(check: string, detail: string, remedy: string): Finding {
  return { status: "warning", check, detail, remedy };
}

/** Maps do not run. */
export function failure(check: string, detail: string, remedy: string): Finding {
  return { status: "failure", check, detail, remedy };
}

/** It could not be looked at. */
export function skipped(check: string, why: string): Finding {
  return { status: "skipped", check, detail: why };
}

/** What a finding is printed as. */
const MARKS = { ok: "ok", warning: "warning", failure: "FAILED", skipped: "skipped" };

/** A finding as a line, and its remedy as another one. */
export function lines({ status, check, detail, remedy }: Finding): string {
  const line = `${MARKS[status].padEnd(8)} ${check.padEnd(17)} ${oneLine(detail)}`;
  return remedy === undefined ? line : `${line}\n${" ".repeat(9)}-> ${remedy}`;
}

function oneLine(text: string): string {
  return text.trim().split(/\s*\n\s*/).join("; ");
}
