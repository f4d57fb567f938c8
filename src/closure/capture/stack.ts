/**
 * Places in the user's TypeScript, out of places in the JavaScript that Deno runs.
 *
 * @module
 */

import { nodeProcess } from "../../common/node.ts";
import { type Place, SHIPPED } from "../payload.ts";

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

/** What stands after a place within the user's file. */
const MARKED = new RegExp(`${SHIPPED}:(\\d+):(\\d+)`, "g");

/** So many places are translated, and those behind them stay as they are. */
const MOST_PLACES = 1000;

/**
 * Puts the user's lines into the stack of an error that came from shipped functions. It
 * begins with the message, which may be long, and have anything in it.
 */
export function translateStack(stack: string): string {
  let text = "";
  /** What is translated ends here, and the last mark there. */
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

/** Where a place stands in the file that the user wrote, if it is one. */
function tryToDescribe(place: Place): string | undefined {
  try {
    return describePlace(place);
  } catch {
    return undefined;
  }
}

/** Where the address of a file begins that ends at `to`. */
function startOfFile(text: string, from: number, to: number): number | undefined {
  let word = to;
  while (word > from && !/[\s()]/.test(text[word - 1]!)) word--;
  const colon = text.indexOf(":", word);
  if (colon < 0 || colon > to) return undefined;
  let start = colon;
  while (start > word && /[a-z]/.test(text[start - 1]!)) start--;
  return start < colon ? start : undefined;
}
