/**
 * The modules of Node.js, loaded when they are first used. Loading takes 10 to 30 ms, longer
 * than everything else that a worker needs to start.
 *
 * @module
 */

import type process from "node:process";

type Process = typeof process;

/** The modules that are used. */
interface Modules {
  "node:async_hooks": typeof import("node:async_hooks");
  "node:buffer": typeof import("node:buffer");
  "node:os": typeof import("node:os");
  "node:path": typeof import("node:path");
  "node:util/types": typeof import("node:util/types");
  "node:v8": typeof import("node:v8");
  "node:vm": typeof import("node:vm");
}

/**
 * How Deno defines `process`, saved before the user's code can replace it. Since Deno 2.9 a
 * getter loads it.
 */
const property = Object.getOwnPropertyDescriptor(globalThis, "process")!;
const loaded: Partial<Modules> = {};
let change: ((process: Process) => void) | undefined;

/** The `process` of Node.js. */
export function nodeProcess(): Process {
  const process =
    (property.get ? property.get.call(globalThis) : property.value) as Process;
  const changeIt = change;
  change = undefined;
  changeIt?.(process);
  return process;
}

/** A module of Node.js, such as `node:v8`. */
export function nodeModule<Name extends keyof Modules>(name: Name): Modules[Name] {
  return loaded[name] ??= nodeProcess().getBuiltinModule(name) as Modules[Name];
}

/**
 * Changes `process` as soon as it is loaded, before the user's functions see it: as a global
 * variable, or as a module that is loaded after a call of {@linkcode nodeProcess}.
 */
export function changeProcess(how: (process: Process) => void): void {
  if (!property.get) return how(property.value);
  change = how;
  Object.defineProperty(globalThis, "process", { ...property, get: nodeProcess });
}
