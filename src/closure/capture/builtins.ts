/**
 * What every worker has of its own, by identity: the global objects and functions, and
 * those of the `node:` modules.
 *
 * @module
 */

import * as types from "node:util/types";
import { nodeProcess } from "../../common/node.ts";
import { HIDDEN, hiddenBuiltins } from "../hidden_builtins.ts";
import { nameOf } from "./texts.ts";

/** Where a built-in is found. */
export interface BuiltinPlace {
  /** A `node:` module; the global object if none. */
  module?: string;
  path: string[];
  /** Whether the way ends at the accessor of a property. */
  getter?: "get" | "set";
}

/** The names of globals before the program could add its own. */
const OWN_GLOBALS = new Set<string | symbol>(Reflect.ownKeys(globalThis));

/** How deep to look: `Array.prototype.map` is three steps away. */
const DEPTH = 3;

let globals: Map<unknown, BuiltinPlace> | undefined;
let modules: Map<unknown, BuiltinPlace> | undefined;

/** Where this is found on every worker, if it is a global or part of one. */
export function findGlobal(value: unknown): BuiltinPlace | undefined {
  if (!globals) {
    globals = new Map([[globalThis, { path: [] }]]);
    collect(globals, globalThis, { path: [] }, DEPTH);
    for (const [name, value] of Object.entries(hiddenBuiltins[HIDDEN])) {
      globals.set(value, { path: [HIDDEN, name] });
    }
  }
  return globals.get(value) ?? findLazy(value);
}

/** Has a bound function that stands in for a built-in one travel as that. */
export function standIn(function_: unknown, builtin: unknown): void {
  const place = findGlobal(builtin);
  if (place) globals!.set(function_, place);
}

/** Deno makes some globals when they are first asked for: those go by their own names. */
function findLazy(value: unknown): BuiltinPlace | undefined {
  const type = typeof value === "function"
    ? value
    : Object.getOwnPropertyDescriptor(prototypeOf(value) ?? {}, "constructor")?.value;
  if (typeof type !== "function") return undefined;
  const own = nameOf(type);
  const name = type === value ? own : own.charAt(0).toLowerCase() + own.slice(1);
  if (!OWN_GLOBALS.has(name)) return undefined;
  const isLazy = Object.getOwnPropertyDescriptor(globalThis, name)?.get !== undefined;
  const found = isLazy && (globalThis as Record<string, unknown>)[name];
  return found === value ? { path: [name] } : undefined;
}

/** What something inherits from; a proxy is not asked. */
function prototypeOf(value: unknown): object | null {
  const prototype = Object.getPrototypeOf(value) as object | null;
  return types.isProxy(prototype) ? null : prototype;
}

/** Where this is found on every worker, if a `node:` module exports it. */
export function findInModules(value: unknown): BuiltinPlace | undefined {
  if (!modules) {
    modules = new Map();
    // Those with a slash repeat what others have.
    for (const name of builtinModules().toSorted((a, b) => slashes(a) - slashes(b))) {
      // Those with an underscore, or under another, warn or repeat.
      if (/^_|^(sys|punycode|test|sqlite|inspector|trace_events)\b/.test(name)) {
        continue;
      }
      const found = nodeProcess().getBuiltinModule(name) as object | undefined;
      if (!found) continue;
      const place = { module: `node:${name}`, path: [] };
      if (!modules.has(found)) modules.set(found, place);
      collect(modules, found, place, 2);
    }
  }
  return modules.get(value);
}

/** Asked for when it is needed: to load that module takes long. */
function builtinModules(): readonly string[] {
  return nodeProcess().getBuiltinModule("node:module").builtinModules;
}

function slashes(name: string): number {
  return name.split("/").length;
}

function collect(
  into: Map<unknown, BuiltinPlace>,
  object: object,
  place: BuiltinPlace,
  depth: number,
): void {
  for (const key of Reflect.ownKeys(object)) {
    const step = typeof key === "string" ? key : wellKnownStep(key);
    if (step === undefined) continue;
    const descriptor = Object.getOwnPropertyDescriptor(object, key);
    if (!descriptor) continue;
    const here: BuiltinPlace = { ...place, path: [...place.path, step] };
    for (const way of ["get", "set"] as const) {
      const accessor = descriptor[way];
      if (accessor && place.path.length > 0 && !into.has(accessor)) {
        into.set(accessor, { ...here, getter: way });
      }
    }
    // A getter is not called: it may have effects.
    const { value } = descriptor;
    const isObject = typeof value === "object" && value !== null;
    if (!isObject && typeof value !== "function" || into.has(value)) continue;
    // What the program put there itself is no built-in.
    if (object === globalThis && !OWN_GLOBALS.has(key)) continue;
    into.set(value, here);
    if (depth > 1) collect(into, value, here, depth - 1);
  }
}

/** Only well-known symbols have a name to go by. */
function wellKnownStep(key: symbol): string | undefined {
  const name = wellKnownName(key);
  return name && `@@${name}`;
}

/** The name of a well-known symbol, such as `"iterator"`. */
export function wellKnownName(symbol: symbol): string | undefined {
  return Object.getOwnPropertyNames(Symbol)
    .find((name) => Symbol[name as keyof SymbolConstructor] as unknown === symbol);
}
