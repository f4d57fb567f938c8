/**
 * Functions and classes into data, on the host.
 *
 * A function travels by name where a name is enough: a built-in, or what another module
 * exports. Otherwise it travels by its source.
 *
 * @module
 */

import { SerializationError } from "../errors.ts";
import { partialOf } from "../partial.ts";
import { serializeFor } from "../protocol/values.ts";
import { locate } from "./locate.ts";
import type { ClassPayload, FunctionPayload } from "./payload.ts";

// deno-lint-ignore ban-types -- any function at all
type AnyFunction = Function;

/** How long a module may take to be imported that is loaded already, in milliseconds. */
const IMPORT_TIMEOUT = 1000;

const captured = new WeakMap<AnyFunction, Promise<FunctionPayload>>();

/**
 * Refuses at once what can be seen to be no function that can travel.
 *
 * @throws {TypeError} When it is no function.
 * @throws {SerializationError} When it cannot travel.
 */
export function checkFunction(f: unknown): void {
  if (typeof f !== "function") {
    throw new TypeError(
      `Cannot run ${describe(f)} on a worker: a function is expected`,
    );
  }
  if (partialOf(f)) return checkPartial(f);
  const source = sourceOf(f);
  if (/^class\b/.test(source)) {
    throw new TypeError(
      `Cannot call class "${f.name}" without new: give a function, such as ` +
        `(x) => new ${f.name}(x)`,
    );
  }
  if (isNative(source)) globalPath(f);
  else formOf(f, source);
}

/**
 * A function as data. What was captured once is remembered.
 *
 * @throws {SerializationError} When the function cannot travel.
 */
export function captureFunction(f: AnyFunction): Promise<FunctionPayload> {
  let payload = captured.get(f);
  if (!payload) captured.set(f, payload = describeFunction(f));
  return payload;
}

/**
 * A subclass of `Job` as data.
 *
 * @param type The class.
 * @param base `Job` itself, where the chain of classes that travel ends.
 * @throws {SerializationError} When the class cannot travel.
 */
export async function captureClass(
  type: AnyFunction,
  base: AnyFunction,
): Promise<ClassPayload> {
  const place = await locate(type);
  const name = await exportName(type, place?.file);
  if (name !== undefined) return { kind: "module", module: place!.file, export: name };
  const source = sourceOf(type);
  const baseName = /^class(?:\s+(?!extends\b)[\w$]+)?\s+extends\s+([\w$]+)\s*\{/.exec(
    source,
  )
    ?.[1];
  if (baseName === undefined) {
    throw new SerializationError(
      `The class "${type.name}" cannot be sent to a worker: write "extends" and the plain ` +
        `name of its base class, or export it from a module of its own`,
    );
  }
  const parent = Object.getPrototypeOf(type) as AnyFunction;
  return {
    kind: "source",
    source,
    place,
    baseName,
    base: parent === base ? "Job" : await captureClass(parent, base),
  };
}

async function describeFunction(f: AnyFunction): Promise<FunctionPayload> {
  const made = partialOf(f);
  if (made) {
    checkPartial(f);
    return {
      kind: "partial",
      target: await captureFunction(made.target),
      args: made.args,
    };
  }
  const source = sourceOf(f);
  const place = isNative(source) ? undefined : await locate(f);
  // Some built-ins are JavaScript of Deno's own.
  if (isNative(source) || place?.file.startsWith("ext:")) {
    return { kind: "global", path: globalPath(f) };
  }
  const name = await exportName(f, place?.file);
  if (name !== undefined) return { kind: "module", module: place!.file, export: name };
  return { kind: "source", source, form: formOf(f, source), name: f.name, place };
}

function checkPartial(f: AnyFunction): void {
  const { target, args } = partialOf(f)!;
  checkFunction(target);
  serializeFor(args, `${f.name} → args`, "a worker");
}

function sourceOf(f: AnyFunction): string {
  return Function.prototype.toString.call(f);
}

function isNative(source: string): boolean {
  return /\{\s*\[native code\]\s*\}$/.test(source);
}

function describe(value: unknown): string {
  return value === null ? "null" : `a value of type ${typeof value}`;
}

/** How the source of a function must be wrapped to be an expression. */
function formOf(f: AnyFunction, source: string): "expression" | "method" {
  const attempts = [["expression", `(${source})`], [
    "method",
    `({${source}})`,
  ]] as const;
  let reason: unknown;
  for (const [form, text] of attempts) {
    try {
      // This only parses: nothing is called.
      new Function(`"use strict"; return ${text}`);
      return form;
    } catch (error) {
      reason ??= error;
    }
  }
  throw new SerializationError(
    `The function "${f.name}" cannot be sent to a worker by its source: ` +
      `${(reason as Error).message}; export it from a module of its own`,
    { cause: reason },
  );
}

/** Under which global name a built-in function is found, such as `["Math", "sqrt"]`. */
function globalPath(f: AnyFunction): string[] {
  const globals = globalThis as unknown as Record<string, unknown>;
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    // Reading some globals has effects, or is deprecated; these hold functions only.
    if (!/^[A-Z]|^[a-z]\w+$/.test(name) || name === "localStorage") continue;
    const value = globals[name];
    if (value === f) return [name];
    if (typeof value !== "function" && typeof value !== "object" || !value) continue;
    const descriptor = Object.getOwnPropertyDescriptor(value, f.name);
    if (descriptor?.value === f) return [name, f.name];
  }
  throw new SerializationError(
    `The built-in function "${f.name}" cannot be sent to a worker: it has no global ` +
      `name there (a bound function has none: use partial, or an arrow function)`,
  );
}

/**
 * Under which name a module exports a value. The main module is never asked: while it
 * waits for us, importing it would wait for it.
 */
async function exportName(
  value: unknown,
  module: string | undefined,
): Promise<string | undefined> {
  if (!module || module === Deno.mainModule || !/^(file|https?):/.test(module)) {
    return undefined;
  }
  // A module that waits for us at its top level, too, is still being loaded.
  const timeout = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => timeout.resolve(undefined), IMPORT_TIMEOUT);
  try {
    const found = await Promise.race([import(module), timeout.promise]);
    return Object.keys(found ?? {}).find((name) => found[name] === value);
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}
