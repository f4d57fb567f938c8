/**
 * What belongs to a class that travels by its source: what it extends, and its state,
 * which its text does not say.
 *
 * @module
 */

import { stepTo } from "../protocol/steps.ts";
import type { Analysis } from "./analyze.ts";
import { type ClassFacts, type Member, NAMES } from "./class_text.ts";
import type { Context } from "./context.ts";
import type { Found } from "./found.ts";
import { explorePrototype, functionNode, unusualParent } from "./function_members.ts";
import { inspectPrivates } from "./inspector.ts";
import { membersOf, partsOf, seeMembers, seePrivates } from "./members.ts";
import type { Captured } from "./scripts.ts";
import { type AnyFunction, sourceOrNone } from "./texts.ts";

/**
 * Finds what belongs to a class.
 *
 * @param captured What it captured: its parent and the computed names of its members
 * are added.
 */
export function exploreClass(
  context: Context,
  found: Found,
  f: AnyFunction,
  analysis: Analysis,
  captured: Map<string, Captured>,
): void {
  const { findings } = context;
  const facts = analysis.class!;
  exploreParent(context, found, f, analysis, captured);
  const statics = facts.staticPrivateFields.length > 0 ? inspectPrivates(f) : [];
  seePrivates(findings, found, statics);
  facts.computed.forEach((member, i) => {
    const owner = member.static ? f : f.prototype as object;
    const key = membersOf(owner, []).find(([key, own]) =>
      partsOf(own).some((part) => isOf(member, key, part))
    )?.[0];
    if (typeof key === "symbol") findings.see(key, found, stepTo(key));
    captured.set(`${NAMES.key}${i}`, { scope: -1, slot: () => findings.slot(key) });
  });
  const own = membersOf(f, ["length", "name", "prototype"])
    .filter(([key, descriptor]) => !isInText(facts, key, descriptor, true));
  seeMembers(findings, found, own);
  explorePrototype(
    context,
    found,
    f,
    (key, descriptor) => !isInText(facts, key, descriptor, false),
  );
  found.node = () => functionNode(context, f, own, "class", statics);
}

function exploreParent(
  { findings }: Context,
  found: Found,
  f: AnyFunction,
  analysis: Analysis,
  captured: Map<string, Captured>,
): void {
  const facts = analysis.class!;
  if (facts.parent === "none") {
    findings.see(unusualParent(f, analysis), found, " → extends");
    return;
  }
  const parent = Object.getPrototypeOf(f) as AnyFunction;
  findings.see(parent, found, " → extends");
  const slot = () => findings.slot(parent);
  if (facts.parent === "named") {
    const name = facts.parentName!;
    if (captured.has(name) || findings.has(parent)) {
      captured.set(name, { scope: -1, slot });
    }
  } else captured.set(NAMES.parent, { scope: -1, slot });
}

/** Whether a property is there by the text of the class. */
function isInText(
  { members }: ClassFacts,
  key: PropertyKey,
  own: PropertyDescriptor,
  isStatic: boolean,
): boolean {
  return partsOf(own).every((part) =>
    members.some((member) => member.static === isStatic && isOf(member, key, part))
  );
}

/** Whether a part of a property is what the text says of a member. */
function isOf(member: Member, key: PropertyKey, part: unknown): boolean {
  return (member.name === undefined || member.name === key) &&
    sourceOrNone(part) === member.text;
}
