/**
 * Places in the user's TypeScript, out of places in the JavaScript that Deno runs.
 *
 * @module
 */

import { nodeProcess } from "./node_process.ts";
import { type Place, SHIPPED } from "./payload.ts";

/**
 * Where a place of a script stands in the file that the user wrote, for people.
 *
 * @returns File, line and column, from 1, such as `"file:///a.ts:3:5"`.
 */
export function describePlace({ file, line, column }: Place): string {
  const path = file.startsWith("file:")
    ? decodeURIComponent(new URL(file).pathname)
    : file;
  // To load that module takes long, and few programs need it.
  const { findSourceMap } = nodeProcess().getBuiltinModule("node:module");
  const entry = findSourceMap(path)?.findEntry(line, column);
  return entry && "originalLine" in entry
    ? `${file}:${entry.originalLine + 1}:${entry.originalColumn + 1}`
    : `${file}:${line + 1}:${column + 1}`;
}

const FRAME = new RegExp(`([a-z]+:[^\\s()]*)${SHIPPED}:(\\d+):(\\d+)`, "g");

/** Puts the user's lines into the stack of an error that came from shipped functions. */
export function translateStack(stack: string): string {
  return stack.replace(
    FRAME,
    (_, file, line, column) =>
      describePlace({ file, line: Number(line) - 1, column: Number(column) - 1 }),
  );
}
