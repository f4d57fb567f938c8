/**
 * The syntax tree of a text, and changes of the text.
 *
 * @module
 */

// deno-lint-ignore no-explicit-any -- the tree of the parser has a type per kind
export type Tree = any;

/** A part of the text. */
export interface Range {
  start: number;
  end: number;
}

/** A change of the text. */
export interface Edit extends Range {
  text: string;
}

/** Changes a text. Shorter replacements are padded, so that nothing else moves. */
export function apply(source: string, offset: number, edits: Edit[]): string {
  let text = "";
  let at = 0;
  for (const edit of edits.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    const [start, end] = [edit.start - offset, edit.end - offset];
    // Such as `import.meta` in a static block, which is removed as a whole.
    if (start < at) continue;
    const blank = source.slice(start, end).replace(/[^\r\n]/g, " ");
    // The new text may be longer than the first line of the old one.
    const [line] = /^ */.exec(blank)!;
    const padding = blank.slice(Math.min(edit.text.length, line.length));
    text += source.slice(at, start) + edit.text + padding;
    at = end;
  }
  return text + source.slice(at);
}

/** Visits a node and all below it. */
export function walk(node: Tree, visit: (node: Tree) => void): void {
  visit(node);
  for (const child of childrenOf(node)) walk(child, visit);
}

/** The nodes directly below one. */
export function* childrenOf(node: Tree): Iterable<Tree> {
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (typeof child?.type === "string" && typeof child.start === "number") {
        yield child;
      }
    }
  }
}
