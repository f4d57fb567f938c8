/**
 * The recording of a run, where its call asks for a report or a dashboard.
 *
 * @module
 */

import { dirname } from "node:path";
import { type CellOutput, isNotebook } from "../common/notebook.ts";
import type { Recording } from "../report/recording.ts";
import type { CallRequest } from "./call.ts";
import { INLINE } from "./cells.ts";
import type { DispatchOptions } from "./options.ts";

/**
 * Checks that a report can be written.
 *
 * @throws {Error} When there can be no file of that name, or no output of a cell. It says
 * why.
 */
export function checkReport({ report }: DispatchOptions): void {
  if (report === undefined) return;
  if (report !== INLINE) return checkPath(report);
  if (!isNotebook()) {
    throw new Error(
      `report: "${INLINE}" is for notebooks: give a path such as "run.html"`,
    );
  }
}

/** Begins to record a run, if its call asks for that. Loads `src/report/` only then. */
export async function openRecording(
  { name, options: { report, dashboard } }: CallRequest,
  items: { readonly count: number; readonly ended: boolean },
  cell: CellOutput | undefined,
): Promise<Recording | undefined> {
  const port = portOf(dashboard);
  if (report === undefined && port === undefined) return undefined;
  const path = cell ? undefined : report;
  const { Recording } = await import("../report/recording.ts");
  return Recording.begin({ name, path, cell, port }, items);
}

function portOf(dashboard: DispatchOptions["dashboard"]): number | undefined {
  if (dashboard === undefined || dashboard === false) return undefined;
  if (dashboard === true) return 0;
  return dashboard.port ?? 0;
}

function checkPath(path: string): void {
  try {
    const { isDirectory } = Deno.statSync(path);
    if (isDirectory) throw new Error("it is a directory");
    Deno.openSync(path, { append: true }).close();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw unwritable(path, error);
    createAndRemove(path);
  }
}

/** Creates a file and removes it: there is no other way to know that this is possible. */
function createAndRemove(path: string): void {
  try {
    Deno.openSync(path, { write: true, createNew: true }).close();
    Deno.removeSync(path);
  } catch (error) {
    const missing = error instanceof Deno.errors.NotFound;
    const reason = missing ? `there is no directory ${dirname(path)}` : error;
    throw unwritable(path, reason);
  }
}

function unwritable(path: string, reason: unknown): Error {
  const text = reason instanceof Error ? reason.message : reason;
  return new Error(`report: "${path}" cannot be written: ${text}`, { cause: reason });
}
