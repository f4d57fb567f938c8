/**
 * The functions around a function in its script.
 *
 * @module
 */

import type { Tools } from "./analyze.ts";
import { type Inspected, scriptSource } from "./inspector.ts";
import { type Tree, walk } from "./tree.ts";

const named = new Map<string, ReadonlySet<string>>();

/**
 * The names of all named functions in the text of a file. This quick search usually makes a
 * parser unnecessary. The set is empty if the file cannot be read.
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
 * The functions around a place, outermost first; the last one is the function at the place
 * itself. The list is empty if the script cannot be read.
 */
export function enclosing(tools: Tools, place: Location): Tree[] {
  return nodesAround(tools, place).filter(({ type }) => /Function/.test(type));
}

/** The innermost member of a class or an object around a place. */
export function memberAround(
  tools: Tools,
  place: Location,
): { static: boolean } | undefined {
  const member = nodesAround(tools, place).findLast(({ type, method, kind }) =>
    /^(MethodDefinition|PropertyDefinition|StaticBlock)$/.test(type) ||
    type === "Property" && (method || kind === "get" || kind === "set")
  );
  return member &&
    { static: member.static === true || member.type === "StaticBlock" };
}

type Location = NonNullable<Inspected["location"]>;

/** The nodes around a place, outermost first. */
function nodesAround(
  tools: Tools,
  { scriptId, lineNumber, columnNumber }: Location,
): Tree[] {
  const source = scriptSource(scriptId);
  if (!trees.has(scriptId)) trees.set(scriptId, parse(tools, source));
  const tree = trees.get(scriptId);
  if (!tree) return [];
  const at = offsetOf(source, lineNumber) + columnNumber;
  const found: Tree[] = [];
  walk(tree, (node) => {
    if (node.start <= at && at < node.end) found.push(node);
  });
  return found;
}

function parse(tools: Tools, source: string): Tree | undefined {
  for (const sourceType of ["module", "script"] as const) {
    try {
      return tools.parse(source, { ecmaVersion: "latest", sourceType });
    } catch {
      // It may be a script instead of a module.
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
