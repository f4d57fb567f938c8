/**
 * Finds what every worker has itself: global objects and functions, and those of the `node:`
 * modules. They are found by identity.
 *
 * @module
 */

import * as types from "node:util/types";
import { nodeProcess } from "../../common/node.ts";
import { HIDDEN, hiddenBuiltins } from "../hidden_builtins.ts";
import { nameOf } from "./texts.ts";

/** The place of a built-in. */
export interface BuiltinPlace {
  /** A `node:` module. Default: the global object. */
  module?: string;
  path: string[];
  /** Set if the path ends at an accessor of a property. */
  getter?: "get" | "set";
}

/** The names of globals before the program could add its own. */
const OWN_GLOBALS = new Set<string | symbol>(Reflect.ownKeys(globalThis));

/** The depth of the search: `Array.prototype.map` is three steps away. */
const DEPTH = 3;

let globals: Map<unknown, BuiltinPlace> | undefined;
let modules: Map<unknown, BuiltinPlace> | undefined;

/** The place of a value on every worker, if it is a global or part of one. */
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

/** Sends a bound function that replaces a built-in function as that built-in. */
export function standIn(function_: unknown, builtin: unknown): void {
  const place = findGlobal(builtin);
  if (place) globals!.set(function_, place);
}

/** Finds a global that Deno makes only on first use, by its own name. */
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

/** The prototype of a value, but no proxy, because reading that would call its handler. */
function prototypeOf(value: unknown): object | null {
  const prototype = Object.getPrototypeOf(value) as object | null;
  return types.isProxy(prototype) ? null : prototype;
}

/** The place of a value on every worker, if a `node:` module exports it. */
export function findInModules(value: unknown): BuiltinPlace | undefined {
  if (!modules) {
    modules = new Map();
    // Modules with a slash repeat exports of others, so they come last.
    for (const name of builtinModules().toSorted((a, b) => slashes(a) - slashes(b))) {
      // Modules with an underscore, and these others, warn or repeat exports.
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

/** Loaded only when it is needed, because loading that module takes long. */
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
    // A global that the program has added is not a built-in.
    if (object === globalThis && !OWN_GLOBALS.has(key)) continue;
    into.set(value, here);
    if (depth > 1) collect(into, value, here, depth - 1);
  }
}

/** The step for a symbol. Only well-known symbols have one. */
function wellKnownStep(key: symbol): string | undefined {
  const name = wellKnownName(key);
  return name && `@@${name}`;
}

/** The name of a well-known symbol, such as `"iterator"`. */
export function wellKnownName(symbol: symbol): string | undefined {
  return Object.getOwnPropertyNames(Symbol)
    .find((name) => Symbol[name as keyof SymbolConstructor] as unknown === symbol);
}
