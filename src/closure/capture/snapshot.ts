/**
 * The variables around a function as they are at this moment. Functions are captured
 * while workers start, but the program goes on meanwhile and may assign to a variable:
 * so what a call means is written down at once.
 *
 * @module
 */

import { type Inspected, inspectFunction } from "./inspector.ts";

/** A function, its place, and the variables around it. */
export interface Snapshot extends Inspected {
  /** The text that was read. */
  source: string;
  /** Every word of it that may be a variable. */
  words: ReadonlySet<string>;
  /** By name, those that the text can mean. */
  variables: Map<string, Variable>;
}

/** A variable of a scope around a function. */
export interface Variable {
  /** Which of the function's scopes holds it; 0 is the innermost. */
  scope: number;
  /** Whether it had a value yet: a `const` further down has none. */
  ready: boolean;
  value: unknown;
}

/** Snapshots of functions, which belong to one capture. */
export type Snapshots = Map<object, Snapshot>;

/**
 * Writes down a function and those in the variables that it names, as far as they stand
 * in the same script.
 */
export function snapshotAll(f: object): Snapshots {
  const snapshots: Snapshots = new Map();
  const script = snapshot(f, snapshots).location?.scriptId;
  if (script === undefined) return snapshots;
  for (const { location, variables } of snapshots.values()) {
    // A map may grow while it is gone through.
    if (location?.scriptId !== script) continue;
    for (const { value } of variables.values()) {
      if (typeof value === "function") snapshot(value, snapshots);
    }
  }
  return snapshots;
}

/** Of functions that name no variable around them nothing can change. */
const constant = new WeakMap<object, Snapshot>();

/** The snapshot of a function: the one that was taken, or one of now. */
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

/** Every word of a text that may be a variable. */
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
