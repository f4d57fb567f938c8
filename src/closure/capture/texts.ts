/**
 * What the text of a function shows without a parser.
 *
 * @module
 */

import * as types from "node:util/types";
import type { Analysis } from "./analyze.ts";
import type { Place } from "../payload.ts";
import type { Snapshot } from "./snapshot.ts";

/** A function or class of any kind. */
// deno-lint-ignore ban-types -- any function at all
export type AnyFunction = Function;

/** The name of a function; empty if it is not a string, or if reading it throws. */
export function nameOf(f: AnyFunction): string {
  try {
    const { name } = f;
    return typeof name === "string" ? name : "";
  } catch {
    return "";
  }
}

/** The text of a function, even if the function has its own `toString`. */
export function sourceOf(f: AnyFunction): string {
  return Function.prototype.toString.call(f);
}

/** The text of a function; `undefined` for any other value. */
export function sourceOrNone(f: unknown): string | undefined {
  return typeof f === "function" ? sourceOf(f) : undefined;
}

/** Whether this is the text of a class, and not of a method that is named `class`. */
export function isClass(source: string): boolean {
  return /^class\b(?!\s*\()/.test(source);
}

const callerOf = Object.getOwnPropertyDescriptor(Function.prototype, "caller")?.get;

/**
 * Whether a function is not in strict mode, such as one of `new Function`. This can be seen
 * for ordinary functions only, not for arrows, methods, generators and async functions.
 */
export function isSloppy(f: AnyFunction): boolean {
  // Ordinary functions always have a prototype. Others would throw below, which is slow.
  if (!Object.hasOwn(f, "prototype")) return false;
  try {
    callerOf!.call(f);
    return true;
  } catch {
    return false;
  }
}

/** Whether this is the text of a function that is built in or was bound. */
export function isNative(source: string): boolean {
  return /\{\s*\[native code\]\s*\}$/.test(source);
}

const ARROW = /^(async\b\s*)?(\(|[\p{ID_Start}$_][\p{ID_Continue}$]*\s*=>)/u;

/** The part of a function's text before the parameters, where V8 locates the function. */
export function headOf(source: string): string {
  return ARROW.test(source) || isClass(source)
    ? ""
    : source.slice(0, source.indexOf("("));
}

/** The place where a text begins that has this head before V8's location. */
export function placeOf(
  file: string,
  { lineNumber, columnNumber }: { lineNumber: number; columnNumber: number },
  head: string,
): Place {
  const lines = head.split("\n").length - 1;
  const column = lines > 0 ? 0 : Math.max(0, columnNumber - head.length);
  return { file, line: lineNumber - lines, column };
}

/**
 * Whether a function clearly uses nothing around it, so that no parser is needed.
 *
 * @param mayNameFunction Whether it may use the name of a function expression around it,
 * which the debugger does not show as a variable.
 */
export function needsNothing(
  f: AnyFunction,
  { source, variables }: Snapshot,
  mayNameFunction: boolean,
): boolean {
  // A method may have the name `async`.
  const isArrow = ARROW.test(source) &&
    (types.isAsyncFunction(f) || !/^async\s*\(/.test(source));
  return variables.size === 0 && !mayNameFunction &&
    (isArrow || /^(async\s+)?function\b/.test(source)) &&
    !/\b(this|super|arguments|eval|with|import\s*\.|target)\b|#|\\u/.test(source);
}

/** The analysis of a function that uses nothing around it. */
export function simple(source: string): Analysis {
  return {
    form: "expression",
    around: new Set(),
    privates: new Set(),
    frame: ["(", ")"],
    free: new Map(),
    placed: false,
    class: undefined,
    ownName: undefined,
    asDeclaration: () => simple(source),
    text: () => source,
  };
}

/** Whether a function is a class whose text has a `#name`, which may be a private one. */
export function mayHavePrivates(f: AnyFunction): boolean {
  const source = sourceOf(f);
  return isClass(source) && /#[\p{ID_Start}$_]/u.test(source);
}
