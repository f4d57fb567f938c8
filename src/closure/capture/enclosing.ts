/**
 * What stands around a function in its script.
 *
 * @module
 */

import type { Tools } from "./analyze.ts";
import { type Inspected, scriptSource } from "./inspector.ts";
import { type Tree, walk } from "./tree.ts";

const named = new Map<string, ReadonlySet<string>>();

/**
 * The names of all functions that are written in a file with one: a quick look, by which
 * mostly no parser is needed. There are none where the file cannot be read.
 */
export function functionNamesIn(file: string | undefined): ReadonlySet<string> {
  if (!file?.startsWith("file:")) return new Set();
  let names = named.get(file);
  if (!names) {
    const text = readText(new URL(file));
    const heads = text.matchAll(
      /\bfunction\b[\s*]*([\p{ID_Start}$_][\p{ID_Continue}$]*)/gu,
    );
    named.set(file, names = new Set(Array.from(heads, ([, name]) => name!)));
  }
  return names;
}

function readText(file: URL): string {
  try {
    return Deno.readTextFileSync(file);
  } catch {
    return "";
  }
}

const trees = new Map<string, Tree | undefined>();

/**
 * The functions around a place, outermost first, and the one that stands there last.
 * There are none where the script cannot be read.
 */
export function enclosing(
  tools: Tools,
  { scriptId, lineNumber, columnNumber }: NonNullable<Inspected["location"]>,
): Tree[] {
  const source = scriptSource(scriptId);
  if (!trees.has(scriptId)) trees.set(scriptId, parse(tools, source));
  const tree = trees.get(scriptId);
  if (!tree) return [];
  const at = offsetOf(source, lineNumber) + columnNumber;
  const found: Tree[] = [];
  walk(tree, (node) => {
    if (/Function/.test(node.type) && node.start <= at && at < node.end) {
      found.push(node);
    }
  });
  return found;
}

function parse(tools: Tools, source: string): Tree | undefined {
  for (const sourceType of ["module", "script"] as const) {
    try {
      return tools.parse(source, { ecmaVersion: "latest", sourceType });
    } catch {
      // It may be of the other kind.
    }
  }
  return undefined;
}

/** Where a line begins, by its number from 0. */
function offsetOf(source: string, line: number): number {
  let at = 0;
  for (let i = 0; i < line; i++) at = source.indexOf("\n", at) + 1;
  return at;
}
