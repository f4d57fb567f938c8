/**
 * Translates places in the JavaScript that Deno runs to places in the user's TypeScript.
 *
 * @module
 */

import { nodeProcess } from "../../common/node.ts";
import { type Place, SHIPPED } from "../payload.ts";

/**
 * The place in the user's file for a place in a script, as text.
 *
 * @returns File, line and column, from 1, such as `"file:///a.ts:3:5"`.
 */
export function describePlace({ file, line, column }: Place): string {
  const path = file.startsWith("file:")
    ? decodeURIComponent(new URL(file).pathname)
    : file;
  // Loaded here, because it takes long and few programs need it.
  const { findSourceMap } = nodeProcess().getBuiltinModule("node:module");
  const entry = findSourceMap(path)?.findEntry(line, column);
  return entry && "originalLine" in entry
    ? `${file}:${entry.originalLine + 1}:${entry.originalColumn + 1}`
    : `${file}:${line + 1}:${column + 1}`;
}

/**
 * The mark of sent scripts in a stack, with the line and column. Scripts that were evaluated
 * inside of a class have no name.
 */
const MARKED = new RegExp(`${SHIPPED}(?:, <anonymous>)?:(\\d+):(\\d+)`, "g");

/** The most places that are translated in one stack. */
const MOST_PLACES = 1000;

/**
 * Puts the user's lines into the stack of an error of a function that was sent to a worker.
 * The stack begins with the message, which may be long and contain anything.
 */
export function translateStack(stack: string): string {
  let text = "";
  /** The end of the translated part, the end of the last mark, and the number of places. */
  let [end, marked, places] = [0, 0, 0];
  for (const { 0: mark, 1: line, 2: column, index } of stack.matchAll(MARKED)) {
    const start = startOfFile(stack, marked, index);
    marked = index + mark.length;
    if (start === undefined) continue;
    const file = stack.slice(start, index);
    const place = { file, line: Number(line) - 1, column: Number(column) - 1 };
    text += stack.slice(end, start) + (tryToDescribe(place) ?? file + mark);
    end = marked;
    if (++places === MOST_PLACES) break;
  }
  return text + stack.slice(end);
}

/** The place in the user's file, if it can be found. */
function tryToDescribe(place: Place): string | undefined {
  try {
    return describePlace(place);
  } catch {
    return undefined;
  }
}

/** The start of the file URL that ends at `to`. */
function startOfFile(text: string, from: number, to: number): number | undefined {
  let word = to;
  while (word > from && !/[\s()]/.test(text[word - 1]!)) word--;
  const colon = text.indexOf(":", word);
  if (colon < 0 || colon > to) return undefined;
  let start = colon;
  while (start > word && /[a-z]/.test(text[start - 1]!)) start--;
  return start < colon ? start : undefined;
}
