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

import { NAMES } from "./class_text.ts";
import { valueModulesWith } from "./modules.ts";
import type { Place, Script, Slot } from "../payload.ts";
import type { Inside, Shipped } from "./shipped.ts";
import { chainOf, type SharedScope, sharingOf } from "./scopes.ts";
import { type AnyFunction, isSloppy } from "./texts.ts";

/** The names of what is needed to make a function, not only to run it. */
const EARLY: string[] = [NAMES.parent, NAMES.self, NAMES.above];

/** Where a function is made: the number of the script, and the function's number in it. */
export interface Origin {
  script: number;
  index: number;
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

  /** All functions that were added. */
  all(): Shipped[] {
    return [...this.#functions.values()];
  }

  /**
   * Writes the scripts, after everything that the functions captured is numbered.
   *
   * @param isSent Whether workers get a class, or have it, by its source.
   */
  layOut(isSent: (type: AnyFunction) => boolean): Script[] {
    const scripts: Script[] = [];
    for (const group of groupsOf(this.all())) {
      group.functions.forEach(({ f }, index) =>
        this.#origins.set(f, { script: scripts.length, index })
      );
      scripts.push(new ScriptText(group, isSent).script());
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
  const sharing = new Map(sharingOf(functions));
  const scopes: SharedScope[] = [];
  const groups = new Map<SharedScope, Group>();
  const all = new Set<Group>();
  for (const f of functions) {
    const shared = new Map<SharedScope, Set<string>>();
    const names = sharing.get(f) ?? [];
    const chain = names.length > 0 ? chainOf(f.snapshot, scopes) : [];
    for (const { name, scope } of names.toSorted((a, b) => a.scope - b.scope)) {
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

/** Writes the text of a group. */
class ScriptText {
  readonly #group: Group;
  readonly #isSent: (type: AnyFunction) => boolean;
  readonly #variables: Script["variables"] = [];
  readonly #early: string[][];
  readonly #place: Place | undefined;
  #text: string;
  /** The present line in the user's file. */
  #line: number;

  constructor(group: Group, isSent: (type: AnyFunction) => boolean) {
    this.#group = group;
    this.#isSent = isSent;
    const places = group.functions.flatMap(({ place }) => place ?? []);
    const first = places.toSorted((a, b) => a.line - b.line)[0];
    this.#early = group.functions.map(() => []);
    // The function itself begins on the next line.
    this.#place = first && { file: first.file, line: first.line - 1, column: 0 };
    this.#line = this.#place?.line ?? 0;
    this.#text = "";
  }

  script(): Script {
    const { importMeta, restore, keep, inside } = NAMES;
    const names = [importMeta, restore, keep, inside];
    this.#add(`(function ($ge_set, $ge_define, ${names.join(", ")}) { `);
    this.#scope(undefined);
    this.#add(" })");
    const around = this.#inside();
    return {
      text: this.#text,
      ...(around && { inside: around.slot() }),
      place: this.#place,
      variables: this.#variables,
      early: this.#early,
    };
  }

  /** The class inside of which the functions are made. */
  #inside(): Inside | undefined {
    const { functions } = this.#group;
    const [first, ...others] = functions.flatMap(({ inside }) => inside ?? []);
    if (first && others.some(({ type }) => type !== first.type)) {
      first.refuse("shares a variable with a function of another class");
    }
    if (first && !this.#isSent(first.type)) {
      const otherwise = `; or write ${valueModulesWith(first.type)}`;
      first.refuse("is sent without the class", otherwise);
    }
    if (first && functions.some(({ f }) => f === first.type)) {
      first.refuse("shares a variable with the class, to which they assign");
    }
    return first;
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
    const { analysis, captured, place } = f;
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
    const text = analysis.text(index, f.restorable);
    const [open, close] = analysis.frame;
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
    const early = EARLY.includes(name) || name.startsWith(NAMES.key) ||
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
