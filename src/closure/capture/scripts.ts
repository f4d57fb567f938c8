/**
 * The program texts in which functions are sent.
 *
 * Each function has its own text, at its own line of the user's file. Captured values are
 * variables in the text, which are set when everything exists. Functions that assign to a
 * variable that others use must share that variable, so they share a text, with a nested
 * block for each scope that they share.
 *
 * @module
 */

import type { Analysis } from "./analyze.ts";
import { NAMES } from "./class_text.ts";
import type { Place, Script, Slot } from "../payload.ts";
import type { Scope } from "./inspector.ts";
import type { Snapshot } from "./snapshot.ts";
import { type AnyFunction, isSloppy } from "./texts.ts";

/** A function that is sent as source text. */
export interface Shipped {
  f: AnyFunction;
  snapshot: Snapshot;
  analysis: Analysis;
  /** Its file, line and column. */
  place: Place | undefined;
  /** The variables that it captured, by name. */
  captured: Map<string, Captured>;
  /** Whether it is a class whose instances must be made without its constructor. */
  restorable: boolean;
}

/** A variable that a function captured. */
export interface Captured {
  /** The number of the function's scope that holds it; -1 if it is not a variable there. */
  scope: number;
  /** Its value; `undefined` if it had none yet, and so has none on the worker. */
  slot: (() => Slot) | undefined;
}

/** Where a function is made: the number of the script, and the function's number in it. */
export interface Origin {
  script: number;
  index: number;
}

/** A scope, as it was at one time, that several functions may share. */
interface SharedScope {
  parent: SharedScope | undefined;
  /** The first function that was found in it, and the number of this scope there. */
  snapshot: Snapshot;
  at: number;
  /** The places of functions directly in it. Each was evaluated only once in one scope. */
  places: Set<string>;
  /** The variables in it that functions assign to. */
  names: Set<string>;
}

/** The functions that are sent as source text in one capture. */
export class Shipment {
  readonly #functions = new Map<object, Shipped>();
  readonly #origins = new Map<object, Origin>();

  /** Adds a function. */
  add(shipped: Shipped): void {
    this.#functions.set(shipped.f, shipped);
  }

  /** A function, if it was added. */
  get(f: object): Shipped | undefined {
    return this.#functions.get(f);
  }

  /** Writes the scripts, after everything that the functions captured is numbered. */
  layOut(): Script[] {
    const scripts: Script[] = [];
    for (const group of groupsOf([...this.#functions.values()])) {
      group.functions.forEach(({ f }, index) =>
        this.#origins.set(f, { script: scripts.length, index })
      );
      scripts.push(new ScriptText(group).script());
    }
    return scripts;
  }

  /** The place of a function in the scripts, after these are written. */
  originOf(f: object): Origin {
    return this.#origins.get(f)!;
  }
}

/** The functions of one script, each with the scopes that it shares, innermost first. */
interface Group {
  functions: Shipped[];
  shared: Map<Shipped, Map<SharedScope, Set<string>>>;
}

function groupsOf(functions: Shipped[]): Group[] {
  const written = new Set<string>();
  for (const { analysis, captured, snapshot } of functions) {
    for (const [name, { scope }] of captured) {
      if (scope >= 0 && analysis.free.get(name)?.written) {
        written.add(variableKey(snapshot, scope, name));
      }
    }
  }
  const scopes: SharedScope[] = [];
  const groups = new Map<SharedScope, Group>();
  const all = new Set<Group>();
  for (const f of functions) {
    const shared = new Map<SharedScope, Set<string>>();
    const names = [...f.captured].filter(([name, { scope }]) =>
      scope >= 0 && written.has(variableKey(f.snapshot, scope, name))
    );
    const chain = names.length > 0 ? chainOf(f.snapshot, scopes) : [];
    for (
      const [name, { scope }] of names.toSorted(([, a], [, b]) => a.scope - b.scope)
    ) {
      const at = chain[scope]!;
      at.names.add(name);
      shared.set(at, (shared.get(at) ?? new Set()).add(name));
    }
    let group: Group = { functions: [f], shared: new Map([[f, shared]]) };
    for (const scope of shared.keys()) {
      const other = groups.get(scope);
      if (other && other !== group) {
        all.delete(group);
        all.delete(other);
        group = {
          // They may have been brought together by another scope.
          functions: [...new Set([...other.functions, ...group.functions])],
          shared: new Map([...other.shared, ...group.shared]),
        };
      }
    }
    all.add(group);
    for (const member of group.shared.values()) {
      for (const scope of member.keys()) groups.set(scope, group);
    }
  }
  return [...all];
}

/** Tells variables apart that functions assign to: by name, and by script if it has its own. */
function variableKey({ location, scopes }: Snapshot, scope: number, name: string) {
  return `${isGlobal(scopes[scope]!) ? "" : location?.scriptId} ${name}`;
}

/** Whether all scripts have a scope in common: the inputs of a REPL or a notebook. */
function isGlobal({ kind }: Scope): boolean {
  return kind === "Script" || kind === "Global";
}

/**
 * The scopes around a function. The debugger does not report whether two functions share a
 * scope, so scopes are compared: two count as the same scope if they have the same kind, the
 * same script, the same outer scope, and identical values of all variables. Two functions
 * made from the same text never share the innermost scope.
 */
function chainOf(snapshot: Snapshot, scopes: SharedScope[]): SharedScope[] {
  const { location, scopes: own } = snapshot;
  const place = JSON.stringify(location);
  const chain: SharedScope[] = [];
  let parent: SharedScope | undefined;
  for (let at = own.length - 1; at >= 0; at--) {
    let found = scopes.findLast((scope) =>
      scope.parent === parent &&
      (isGlobal(own[at]!) ||
        scope.snapshot.location?.scriptId === location?.scriptId) &&
      (at > 0 || own.length === 1 || !scope.places.has(place)) &&
      isSame(own[at]!, scope.snapshot.scopes[scope.at]!)
    );
    if (!found) {
      found = { parent, snapshot, at, places: new Set(), names: new Set() };
      scopes.push(found);
    }
    if (at === 0) found.places.add(place);
    chain[at] = parent = found;
  }
  return chain;
}

function isSame(a: Snapshot["scopes"][0], b: Snapshot["scopes"][0]): boolean {
  if (a.kind !== b.kind) return false;
  // There is only one scope of a module.
  if (a.kind.startsWith("Module") || isGlobal(a)) return true;
  const names = Object.keys(a.variables);
  if (names.join() !== Object.keys(b.variables).join()) return false;
  return names.every((name) => Object.is(valueOf(a, name), valueOf(b, name)));
}

function valueOf({ variables }: Snapshot["scopes"][0], name: string): unknown {
  try {
    return (variables as Record<string, unknown>)[name];
  } catch {
    return undefined;
  }
}

/** Writes the text of a group. */
class ScriptText {
  readonly #group: Group;
  readonly #variables: Script["variables"] = [];
  readonly #early: string[][];
  readonly #place: Place | undefined;
  #text: string;
  /** The present line in the user's file. */
  #line: number;

  constructor(group: Group) {
    this.#group = group;
    const places = group.functions.flatMap(({ place }) => place ?? []);
    const first = places.toSorted((a, b) => a.line - b.line)[0];
    this.#early = group.functions.map(() => []);
    // The function itself begins on the next line.
    this.#place = first && { file: first.file, line: first.line - 1, column: 0 };
    this.#line = this.#place?.line ?? 0;
    this.#text = "";
  }

  script(): Script {
    const { importMeta, restore, keep } = NAMES;
    const names = [importMeta, restore, keep];
    this.#add(`(function ($ge_set, $ge_define, ${names.join(", ")}) { `);
    this.#scope(undefined);
    this.#add(" })");
    return {
      text: this.#text,
      place: this.#place,
      variables: this.#variables,
      early: this.#early,
    };
  }

  /** Writes the functions directly in a shared scope, or those without one. */
  #scope(scope: SharedScope | undefined): void {
    const { functions, shared } = this.#group;
    const all = [...new Set([...shared.values()].flatMap((own) => [...own.keys()]))];
    const parentOf = (inner: SharedScope) => {
      let parent = inner.parent;
      while (parent && !all.includes(parent)) parent = parent.parent;
      return parent;
    };
    if (scope) {
      const user = [...shared].find(([, own]) => own.has(scope))![0];
      for (const name of scope.names) {
        const member = [...shared].find(([, own]) => own.get(scope)?.has(name))?.[0];
        const captured = (member ?? user).captured.get(name)!;
        this.#declare(name, captured.slot!(), undefined);
      }
    }
    const here = functions.filter((f) => [...shared.get(f)!.keys()][0] === scope);
    for (const f of here.toSorted((a, b) => lineOf(a) - lineOf(b))) this.#function(f);
    for (const inner of all) {
      if (parentOf(inner) !== scope) continue;
      this.#add("{ ");
      this.#scope(inner);
      this.#add("} ");
    }
  }

  #function(f: Shipped): void {
    const { analysis, captured, place, restorable } = f;
    const index = this.#group.functions.indexOf(f);
    const shared = new Set(
      [...this.#group.shared.get(f)!.values()].flatMap((x) => [...x]),
    );
    const mode = isSloppy(f.f) ? "" : '"use strict"; ';
    this.#add(`$ge_define(${index}, (() => { ${mode}`);
    for (const [name, { slot }] of captured) {
      if (slot && !shared.has(name)) {
        this.#declare(name, slot(), this.#earlyOf(f, name, index));
      }
    }
    const text = analysis.text(index, restorable);
    const [open, close] = analysis.form === "method" ? ["({", "})"] : ["(", ")"];
    this.#add(`return () => ${open}`);
    if (place && this.#line < place.line) {
      this.#add("\n".repeat(place.line - this.#line) + " ".repeat(place.column));
    }
    // Declarations after `return` are never reached, so these variables have no value.
    const valueless = [...captured].filter(([, { slot }]) => !slot)
      .map(([name]) => `let ${name}; `);
    this.#add(`${text}${close}; ${valueless.join("")}})()); `);
  }

  #earlyOf(f: Shipped, name: string, index: number): string[] | undefined {
    const early = name === NAMES.parent || name.startsWith(NAMES.key) ||
      f.analysis.free.get(name)?.early;
    return early ? this.#early[index] : undefined;
  }

  #declare(name: string, value: Slot, early: string[] | undefined): void {
    const key = String(this.#variables.length);
    this.#variables.push({ key, value });
    early?.push(key);
    this.#add(
      `let ${name}; $ge_set("${key}", ($ge_value) => { ${name} = $ge_value; }); `,
    );
  }

  #add(text: string): void {
    this.#text += text;
    this.#line += text.split("\n").length - 1;
  }
}

function lineOf({ place }: Shipped): number {
  return place?.line ?? 0;
}
