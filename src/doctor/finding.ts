/**
 * The findings of checks, and how they are printed.
 *
 * @module
 */

/** What one check has found. */
export interface Finding {
  /**
   * `"ok"`; `"warning"`: maps run, but perhaps not as the user expects; `"failure"`: maps do
   * not run; `"skipped"`: the check could not be made.
   */
  status: "ok" | "warning" | "failure" | "skipped";
  /** What was checked. */
  check: string;
  /** What was found. */
  detail: string;
  /** What to do; only warnings and failures have one. */
  remedy?: string;
}

/** The check found nothing wrong. */
export function ok(check: string, detail: string): Finding {
  return { status: "ok", check, detail };
}

/** Maps run, but perhaps not as the user expects. */
export function warning(check: string, detail: string, remedy: string): Finding {
  return { status: "warning", check, detail, remedy };
}

/** Maps do not run. */
export function failure(check: string, detail: string, remedy: string): Finding {
  return { status: "failure", check, detail, remedy };
}

/** The check could not be made. */
export function skipped(check: string, why: string): Finding {
  return { status: "skipped", check, detail: why };
}

/** How each status is printed. */
const MARKS = { ok: "ok", warning: "warning", failure: "FAILED", skipped: "skipped" };

/** A finding as a line, followed by a line with its remedy. */
export function lines({ status, check, detail, remedy }: Finding): string {
  const line = `${MARKS[status].padEnd(8)} ${check.padEnd(17)} ${oneLine(detail)}`;
  return remedy === undefined ? line : `${line}\n${" ".repeat(9)}-> ${remedy}`;
}

function oneLine(text: string): string {
  return text.trim().split(/\s*\n\s*/).join("; ");
}
