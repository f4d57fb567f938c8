/**
 * What the text of a function shows at a glance, for which no parser has to be loaded.
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

/** The name of a function; none if it has one of another kind, or one that throws. */
export function nameOf(f: AnyFunction): string {
  try {
    const { name } = f;
    return typeof name === "string" ? name : "";
  } catch {
    return "";
  }
}

/** The text of a function, whatever it calls `toString`. */
export function sourceOf(f: AnyFunction): string {
  return Function.prototype.toString.call(f);
}

/** The text of a function, or none if it is something else. */
export function sourceOrNone(f: unknown): string | undefined {
  return typeof f === "function" ? sourceOf(f) : undefined;
}

/** Whether it is a class; a method, too, may have that name. */
export function isClass(source: string): boolean {
  return /^class\b(?!\s*\()/.test(source);
}

const callerOf = Object.getOwnPropertyDescriptor(Function.prototype, "caller")?.get;

/**
 * Whether a function is not in strict mode, such as one of `new Function`. It shows of
 * ordinary functions only: of arrows, methods, generators and async functions it does not.
 */
export function isSloppy(f: AnyFunction): boolean {
  // Ordinary ones have a prototype, for ever. To ask arrows and methods would cost an error.
  if (!Object.hasOwn(f, "prototype")) return false;
  try {
    callerOf!.call(f);
    return true;
  } catch {
    return false;
  }
}

/** Whether it is the text of a function that is built in or was bound. */
export function isNative(source: string): boolean {
  return /\{\s*\[native code\]\s*\}$/.test(source);
}

const ARROW = /^(async\b\s*)?(\(|[\p{ID_Start}$_][\p{ID_Continue}$]*\s*=>)/u;

/** What of a function's text comes before its parameters, where V8 says that it stands. */
export function headOf(source: string): string {
  return ARROW.test(source) || isClass(source)
    ? ""
    : source.slice(0, source.indexOf("("));
}

/** Where a text begins that has this head before the place that V8 tells. */
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
 * Whether no parser is needed to see that a function uses nothing around it.
 *
 * @param mayNameFunction Whether it may name a function expression around it, which is no
 * variable to the debugger.
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

/** What is to be said of a function that uses nothing around it. */
export function simple(source: string): Analysis {
  return {
    form: "expression",
    free: new Map(),
    placed: false,
    class: undefined,
    ownName: undefined,
    asDeclaration: () => simple(source),
    text: () => source,
  };
}
