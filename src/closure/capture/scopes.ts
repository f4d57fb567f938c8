/**
 * Which functions have scopes in common. Those that assign to a variable there must share it
 * on the worker, too.
 *
 * @module
 */

import type { Heap, HeapScope } from "./heap.ts";
import { type Scope, scriptSource } from "./inspector.ts";
import type { Shipped } from "./shipped.ts";
import { type Snapshot, snapshot, type Snapshots } from "./snapshot.ts";
import type { AnyFunction } from "./texts.ts";

/** A scope, as it was at one time, that several functions may share. */
export interface SharedScope {
  parent: SharedScope | undefined;
  /** The first function that was found in it, and the number of this scope there. */
  snapshot: Snapshot;
  at: number;
  /** The places of functions directly in it. */
  places: Set<string>;
  /** The variables in it that functions assign to. */
  names: Set<string>;
}

/** A variable to which some function assigns. */
interface Written {
  name: string;
  /** The number of the function's scope that holds it. */
  scope: number;
  /** The same for all variables of that name in one script, whatever their scope. */
  key: string;
}

/** The functions that use variables to which functions assign, with these variables. */
export function sharingOf(functions: Shipped[]): [Shipped, Written[]][] {
  const all = functions.map((f): [Shipped, Written[]] => [
    f,
    [...f.captured].flatMap(([name, { scope }]) =>
      scope < 0 ? [] : [{ name, scope, key: keyOf(f.snapshot, scope, name) }]
    ),
  ]);
  const written = new Set(
    all.flatMap(([{ analysis }, variables]) =>
      variables.flatMap(({ name, key }) =>
        analysis.free.get(name)?.written ? [key] : []
      )
    ),
  );
  return all.map(([f, variables]): [Shipped, Written[]] => [
    f,
    variables.filter(({ key }) => written.has(key)),
  ]).filter(([, variables]) => variables.length > 0);
}

function keyOf({ location, scopes }: Snapshot, scope: number, name: string): string {
  return `${isGlobal(scopes[scope]!) ? "" : location?.scriptId} ${name}`;
}

/** Whether all scripts have a scope in common: the inputs of a REPL or a notebook. */
function isGlobal({ kind }: Scope): boolean {
  return kind === "Script" || kind === "Global";
}

/** Whether there is only one such scope, or one of a script. */
function isSingle(scope: Scope): boolean {
  return scope.kind.startsWith("Module") || isGlobal(scope);
}

/** The last numbers of the scopes of functions, and the snapshot that they are from. */
const known = new WeakMap<object, { of: object; numbers: (number | undefined)[] }>();

/**
 * Numbers the scopes of functions by a snapshot of the heap, where it is unsure which share
 * variables.
 *
 * @param refuse Refuses a function that uses such a variable, if that cannot be found out.
 */
export async function numberScopes(
  functions: Shipped[],
  heap: Heap,
  snapshots: Snapshots,
  refuse: (f: AnyFunction, variable: string) => never,
): Promise<void> {
  const users = new Map<string, User[]>();
  for (const [{ f, snapshot }, variables] of sharingOf(functions)) {
    for (const { name, scope: at, key } of variables) {
      const scope = snapshot.scopes[at]!;
      if (isSingle(scope)) continue;
      users.set(key, [...users.get(key) ?? [], { f, snapshot, scope, at, name }]);
    }
  }
  const unsure = [...users.values()].filter((all) => {
    const places = new Set(
      all.map(({ snapshot }) => JSON.stringify(snapshot.location)),
    );
    return all.length > 1 &&
      (places.size < all.length ||
        !all.every(({ scope }) => isProven(scope, snapshots)));
  }).flat();
  if (unsure.length === 0) return;
  const [first] = unsure.map(({ f }) => known.get(f)?.of);
  if (!first || !unsure.every(({ f }) => known.get(f)?.of === first)) {
    let taken = await heap.take();
    if (taken && unsure.some(({ f }) => !taken!.scopesAround(f))) {
      taken = await heap.takeAgain();
    }
    if (taken) {
      for (const { f, snapshot } of unsure) {
        const numbers = aligned(snapshot.scopes, taken.scopesAround(f) ?? []);
        known.set(f, { of: taken.id, numbers });
      }
    }
  }
  for (const { f, snapshot, at, name } of unsure) {
    const numbers = known.get(f)?.numbers ?? [];
    if (numbers[at] === undefined) refuse(f, name);
    numbers.forEach((id, i) => {
      if (id !== undefined) snapshot.scopes[i]!.id = id;
    });
  }
}

/** A function that uses a variable to which functions assign. */
interface User {
  f: AnyFunction;
  snapshot: Snapshot;
  scope: Scope;
  /** The number of that scope. */
  at: number;
  name: string;
}

/**
 * Whether a scope with the same values must be the same: it holds a function that was
 * declared in it, or a constant that it was made for.
 */
function isProven(scope: Scope, snapshots: Snapshots): boolean {
  return Object.keys(scope.variables).some((name) => {
    const value = valueOf(scope, name);
    if (typeof value !== "function") return false;
    const { scopes: [own], location, source } = snapshot(value, snapshots);
    if (!own || !location || !isAlike(own, scope)) return false;
    const isDeclared = new RegExp(
      `^(async\\s+)?function\\b[\\s*]*${name.replaceAll("$", "\\$")}\\b`,
    );
    if (isDeclared.test(source)) return true;
    const [line = ""] = scriptSource(location.scriptId).split("\n").slice(
      location.lineNumber,
    );
    const before = line.slice(0, location.columnNumber);
    return before.trimEnd().replace(/\basync$/, "").trimEnd().endsWith(
      `const ${name} =`,
    );
  });
}

/**
 * The numbers of scopes in a snapshot of the heap. It has more scopes than the debugger
 * shows: those with nothing but what only V8 knows. Where it is unsure which is which, there
 * is no number.
 */
function aligned(scopes: Scope[], all: HeapScope[]): (number | undefined)[] {
  const inner = scopes.filter((scope) => !isSingle(scope));
  const fits = (scope: Scope, { names }: HeapScope) => {
    const keys = Object.keys(scope.variables);
    return keys.length > 0 && keys.every((name) => names.includes(name));
  };
  const match = (ours: Scope[], theirs: HeapScope[]) => {
    let from = 0;
    return ours.map((scope) => {
      const at = theirs.findIndex((one, i) => i >= from && fits(scope, one));
      from = at < 0 ? theirs.length : at + 1;
      return theirs[at]?.id;
    });
  };
  const first = match(inner, all);
  const last = match(inner.toReversed(), all.toReversed()).reverse();
  return first.map((id, i) => id === last[i] ? id : undefined);
}

/**
 * The scopes around a function. Scopes that have numbers are compared by these. Else two
 * count as the same if they have the same kind, the same script, the same outer scope, and
 * identical values of all variables; and two functions made from the same text never share
 * the innermost scope then.
 */
export function chainOf(snapshot: Snapshot, scopes: SharedScope[]): SharedScope[] {
  const { location, scopes: own } = snapshot;
  const place = JSON.stringify(location);
  const chain: SharedScope[] = [];
  let parent: SharedScope | undefined;
  for (let at = own.length - 1; at >= 0; at--) {
    const { id } = own[at]!;
    let found = scopes.findLast((scope) => {
      const other = scope.snapshot.scopes[scope.at]!;
      if (id !== undefined && other.id !== undefined) return id === other.id;
      return scope.parent === parent &&
        (isGlobal(own[at]!) ||
          scope.snapshot.location?.scriptId === location?.scriptId) &&
        (at > 0 || own.length === 1 || !scope.places.has(place)) &&
        isAlike(own[at]!, other);
    });
    if (!found) {
      found = { parent, snapshot, at, places: new Set(), names: new Set() };
      scopes.push(found);
    }
    if (at === 0) found.places.add(place);
    chain[at] = parent = found;
  }
  return chain;
}

function isAlike(a: Scope, b: Scope): boolean {
  if (a.kind !== b.kind) return false;
  if (isSingle(a)) return true;
  const names = Object.keys(a.variables);
  if (names.join() !== Object.keys(b.variables).join()) return false;
  return names.every((name) => Object.is(valueOf(a, name), valueOf(b, name)));
}

function valueOf({ variables }: Scope, name: string): unknown {
  try {
    return (variables as Record<string, unknown>)[name];
  } catch {
    return undefined;
  }
}
