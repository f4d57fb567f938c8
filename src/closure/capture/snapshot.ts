/**
 * Snapshots of the variables around a function. Functions are captured while workers start,
 * but the program goes on meanwhile and may assign to variables. So their values at the call
 * are saved at once.
 *
 * @module
 */

import { type Inspected, inspectFunction } from "./inspector.ts";

/** A function, its place, and the variables around it. */
export interface Snapshot extends Inspected {
  /** The function's text. */
  source: string;
  /** The words in the text that may be variables. */
  words: ReadonlySet<string>;
  /** The variables that the text may refer to, by name. */
  variables: Map<string, Variable>;
}

/** A variable of a scope around a function. */
export interface Variable {
  /** The number of the function's scope that holds it; 0 is the innermost. */
  scope: number;
  /** Whether it already had a value: a `const` further down has none. */
  ready: boolean;
  value: unknown;
}

/** The snapshots of one capture, by function. */
export type Snapshots = Map<object, Snapshot>;

/**
 * Takes snapshots of a function, and of the functions of the same script that are in its
 * variables.
 */
export function snapshotAll(f: object): Snapshots {
  const snapshots: Snapshots = new Map();
  const script = snapshot(f, snapshots).location?.scriptId;
  if (script === undefined) return snapshots;
  for (const { location, variables } of snapshots.values()) {
    // The map grows during this loop, which also visits new entries.
    if (location?.scriptId !== script) continue;
    for (const { value } of variables.values()) {
      if (typeof value === "function") snapshot(value, snapshots);
    }
  }
  return snapshots;
}

/** Snapshots of functions that use no variable around them, which never change. */
const constant = new WeakMap<object, Snapshot>();

/** The snapshot of a function: an earlier one of this capture, or a new one. */
export function snapshot(f: object, snapshots: Snapshots): Snapshot {
  const known = snapshots.get(f) ?? constant.get(f);
  if (known) {
    snapshots.set(f, known);
    return known;
  }
  const inspected = inspectFunction(f);
  const source = Function.prototype.toString.call(f);
  const variables = new Map<string, Variable>();
  const words = wordsIn(source);
  for (const name of words) {
    const scope = inspected.scopes.findIndex(({ variables }) =>
      Object.hasOwn(variables, name)
    );
    if (scope >= 0) {
      variables.set(name, read(inspected.scopes[scope]!.variables, name, scope));
    }
  }
  const made = { ...inspected, source, words, variables };
  snapshots.set(f, made);
  if (variables.size === 0 && !made.bound) constant.set(f, made);
  return made;
}

/** The words in a text that may be variables. */
function wordsIn(source: string): Set<string> {
  const plain = source.replace(
    /\\u(?:([\da-fA-F]{4})|\{([\da-fA-F]{1,6})\})/g,
    (text, short, long) => {
      const code = parseInt(short ?? long, 16);
      return code > 0x10ffff ? text : String.fromCodePoint(code);
    },
  );
  return new Set(plain.match(/[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*/gu));
}

function read(variables: object, name: string, scope: number): Variable {
  try {
    const value = (variables as Record<string, unknown>)[name];
    return { scope, ready: true, value };
  } catch {
    return { scope, ready: false, value: undefined };
  }
}
