/**
 * The properties of a function that is sent as source text, and of its prototype.
 *
 * @module
 */

import * as types from "node:util/types";
import type { Analysis } from "./analyze.ts";
import type { Context } from "./context.ts";
import type { Found } from "./found.ts";
import { HIDDEN, hiddenBuiltins } from "../hidden_builtins.ts";
import {
  type Attributes,
  type Difference,
  differenceOf,
  type Privates,
  seeMembers,
  writeMembers,
  writePrivates,
} from "./members.ts";
import type { Node, NodeOf } from "../payload.ts";
import type { AnyFunction } from "./texts.ts";

/** The attributes of methods, and of the `constructor` of a prototype. */
export const METHOD: Attributes = {
  writable: true,
  enumerable: false,
  configurable: true,
};
/** The attributes of a function's `name` and `length`. */
const FIXED: Attributes = { writable: false, enumerable: false, configurable: true };

/** The attributes of the properties that every function is made with. */
export function usualOf(
  f: AnyFunction,
  isClass: boolean,
  key: PropertyKey,
  { value }: PropertyDescriptor,
): Attributes | undefined {
  switch (key) {
    case "name":
      return typeof value === "string" ? FIXED : undefined;
    case "length":
      return typeof value === "number" ? FIXED : undefined;
    case "prototype":
      return isClass || hasOwnPrototype(f)
        ? { writable: !isClass, enumerable: false, configurable: false }
        : undefined;
    case "arguments":
    case "caller":
      return {};
    default:
      return undefined;
  }
}

/** Whether a function still has the prototype that it was made with. */
function hasOwnPrototype(f: AnyFunction): boolean {
  const prototype = f.prototype as object | undefined;
  if (typeof prototype !== "object" || prototype === null) return false;
  return types.isGeneratorFunction(f) ||
    Object.getOwnPropertyDescriptor(prototype, "constructor")?.value === f;
}

/** Finds the properties of a function that is not a class. */
export function exploreMembers(
  context: Context,
  found: Found,
  f: AnyFunction,
  analysis: Analysis,
): void {
  const { findings } = context;
  const usual = (key: PropertyKey, own: PropertyDescriptor) =>
    usualOf(f, false, key, own);
  const difference = differenceOf(f, usual, ["name", "length"]);
  seeMembers(findings, found, difference);
  findings.see(unusualParent(f, analysis), found, " → prototype");
  if (hasOwnPrototype(f) && analysis.form === "expression") {
    const isPrototype = (key: PropertyKey, { value }: PropertyDescriptor) =>
      key === "constructor" && value === f ? METHOD : undefined;
    explorePrototype(context, found, f, differenceOf(f.prototype, isPrototype, []));
  }
  found.node = () => functionNode(context, f, difference, "function");
}

/** Finds the properties of a prototype that the text does not define. */
export function explorePrototype(
  { findings, shipment }: Context,
  found: Found,
  f: AnyFunction,
  difference: Difference,
): void {
  const prototype = f.prototype as object;
  const known = findings.settle(prototype, found, ".prototype");
  // The prototype is made with the function, so its node must be made, too.
  found.in.push(known);
  seeMembers(findings, known, difference);
  const above = Object.getPrototypeOf(prototype) as object | null;
  const isUsual = types.isGeneratorFunction(f) ||
    above === prototypeAbove(f, shipment.get(f)?.analysis);
  if (!isUsual) findings.see(above, known, " → prototype");
  known.node = () => ({
    kind: "prototype",
    of: findings.slot(f),
    ...(!isUsual && { parent: findings.slot(above) }),
    members: writeMembers(findings, prototype, difference),
  });
}

/** The object that the prototype of a function or class inherits from by its text. */
function prototypeAbove(f: AnyFunction, analysis: Analysis | undefined): unknown {
  if ((analysis?.class?.parent ?? "none") === "none") return Object.prototype;
  return (Object.getPrototypeOf(f) as AnyFunction).prototype;
}

/** A function or class that is sent as source text, as a node. */
export function functionNode(
  { findings, shipment }: Context,
  f: AnyFunction,
  difference: Difference,
  kind: "function" | "class",
  privates: Privates = [],
  taken: NodeOf<"function" | "class">["taken"] = [],
): Node {
  const { script, index } = shipment.originOf(f);
  const name = Object.getOwnPropertyDescriptor(f, "name")?.value;
  const length = Object.getOwnPropertyDescriptor(f, "length")?.value;
  const members = writeMembers(findings, f, difference);
  const parent = unusualParent(f, shipment.get(f)!.analysis);
  const prototype = findings.numberOf(f.prototype);
  return {
    kind,
    script,
    index,
    name: typeof name === "string" ? name : "",
    length: typeof length === "number" ? length : 0,
    ...(parent !== undefined && { parent: findings.slot(parent) }),
    ...(prototype !== undefined && { prototype: { node: prototype } }),
    privates: writePrivates(findings, privates),
    taken,
    members,
  };
}

const FUNCTIONS: unknown[] = [
  Function,
  ...Object.values(hiddenBuiltins[HIDDEN]).filter((value) =>
    typeof value === "function" && Object.getPrototypeOf(value) === Function
  ),
].map((type) => (type as AnyFunction).prototype);

/** The object that a function or class inherits from, if its text does not define that. */
export function unusualParent(
  f: AnyFunction,
  analysis: Analysis,
): object | null | undefined {
  if (analysis.class && analysis.class.parent !== "none") return undefined;
  const parent = Object.getPrototypeOf(f) as object | null;
  return FUNCTIONS.includes(parent) ? undefined : parent;
}
