/**
 * What hangs on a function that travels by its source: its properties, and those of its
 * prototype.
 *
 * @module
 */

import { types } from "node:util";
import type { Analysis } from "./analyze.ts";
import type { Context } from "./context.ts";
import type { Found } from "./found.ts";
import { HIDDEN, hiddenBuiltins } from "./hidden_builtins.ts";
import {
  membersOf,
  type Own,
  type Privates,
  seeMembers,
  writeMembers,
  writePrivates,
} from "./members.ts";
import type { Node } from "./payload.ts";
import type { AnyFunction } from "./texts.ts";

/** Finds what hangs on a function that is no class. */
export function exploreMembers(
  context: Context,
  found: Found,
  f: AnyFunction,
  analysis: Analysis,
): void {
  const { findings } = context;
  const standard = ["length", "name", "arguments", "caller"];
  const prototype = Object.getOwnPropertyDescriptor(f, "prototype");
  const isOwn = prototype?.value?.constructor === f || !prototype ||
    types.isGeneratorFunction(f);
  const own = membersOf(f, isOwn ? [...standard, "prototype"] : standard);
  seeMembers(findings, found, own);
  findings.see(unusualParent(f, analysis), found, " → prototype");
  if (prototype && isOwn && analysis.form === "expression") {
    explorePrototype(context, found, f, () => true);
  }
  found.node = () => functionNode(context, f, own, "function");
}

/** What was put on a prototype beside that which the text puts there. */
export function explorePrototype(
  { findings, shipment }: Context,
  found: Found,
  f: AnyFunction,
  wanted: (key: PropertyKey, descriptor: PropertyDescriptor) => boolean,
): void {
  const prototype = f.prototype as object | undefined;
  if (!prototype) return;
  const own = membersOf(prototype, ["constructor"])
    .filter(([key, descriptor]) => wanted(key, descriptor));
  const known = findings.settle(prototype, found, ".prototype");
  // It is there with the function, so what it has must be given to it.
  found.in.push(known);
  seeMembers(findings, known, own);
  const above = Object.getPrototypeOf(prototype) as object | null;
  const isUsual = above === Object.prototype || shipment.get(f)?.analysis.class ||
    types.isGeneratorFunction(f);
  if (!isUsual) findings.see(above, known, " → prototype");
  known.node = () => ({
    kind: "prototype",
    of: findings.slot(f),
    ...(!isUsual && { parent: findings.slot(above) }),
    members: writeMembers(findings, prototype, own),
  });
}

/** A function or class that travels by its source, as a node. */
export function functionNode(
  { findings, shipment }: Context,
  f: AnyFunction,
  own: Own,
  kind: "function" | "class",
  privates: Privates = [],
): Node {
  const { script, index } = shipment.originOf(f);
  const name = Object.getOwnPropertyDescriptor(f, "name")?.value;
  const members = writeMembers(findings, f, own);
  const parent = unusualParent(f, shipment.get(f)!.analysis);
  const prototype = findings.numberOf(f.prototype);
  return {
    kind,
    script,
    index,
    name: typeof name === "string" ? name : "",
    ...(parent !== undefined && { parent: findings.slot(parent) }),
    ...(prototype !== undefined && { prototype: { node: prototype } }),
    privates: writePrivates(findings, privates),
    members,
  };
}

const FUNCTIONS: unknown[] = [
  Function,
  ...Object.values(hiddenBuiltins[HIDDEN]).filter((value) =>
    typeof value === "function" && Object.getPrototypeOf(value) === Function
  ),
].map((type) => (type as AnyFunction).prototype);

/** What a function or class inherits from, if its text does not say so. */
export function unusualParent(
  f: AnyFunction,
  analysis: Analysis,
): object | null | undefined {
  if (analysis.class && analysis.class.parent !== "none") return undefined;
  const parent = Object.getPrototypeOf(f) as object | null;
  return FUNCTIONS.includes(parent) ? undefined : parent;
}
