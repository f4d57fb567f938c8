/**
 * Finds what belongs to a class that is sent as source text: what it extends, and its state,
 * which is not in its text.
 *
 * @module
 */

import { stepTo } from "../../protocol/steps.ts";
import type { Analysis } from "./analyze.ts";
import { type ClassFacts, type Member, NAMES } from "./class_text.ts";
import type { Context, MemberPlace } from "./context.ts";
import type { Found } from "./found.ts";
import {
  explorePrototype,
  functionNode,
  METHOD,
  unusualParent,
  usualOf,
} from "./function_members.ts";
import { inspectPrivates } from "./inspector.ts";
import {
  type Attributes,
  differenceOf,
  membersOf,
  partsOf,
  seeMembers,
  seePrivates,
} from "./members.ts";
import type { Node, TextMember } from "../payload.ts";
import type { Captured } from "./shipped.ts";
import { type AnyFunction, sourceOrNone } from "./texts.ts";

/** The name of a member that was deleted and whose name was computed. */
const GONE = "$ge_gone";

/**
 * Finds what belongs to a class.
 *
 * @param captured The variables that it captured. Its parent and the computed names of its
 * members are added.
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
  const privates = facts.staticPrivateFields.length > 0 ? inspectPrivates(f) : [];
  seePrivates(findings, found, privates);
  const members = facts.members.map((member) => placeOf(member, f));
  for (const { part, f: method, ...place } of members) {
    if (part) context.members.set(method!, { of: f, part, ...place });
  }
  facts.computed.forEach((member, i) => {
    const { key } = members[facts.members.indexOf(member)]!;
    if (typeof key === "symbol") findings.see(key, found, stepTo(key));
    captured.set(`${NAMES.key}${i}`, { scope: -1, slot: () => findings.slot(key) });
  });
  const keysOf = (isStatic: boolean) =>
    members.filter((one) => one.static === isStatic).map(({ key }) => key);
  const statics = differenceOf(
    f,
    (key, own) => usualMember(facts, key, own, true) ?? usualOf(f, true, key, own),
    new Set(["name", "length", ...keysOf(true)]),
  );
  seeMembers(findings, found, statics);
  const ofPrototype = differenceOf(
    f.prototype,
    (key, own) =>
      usualMember(facts, key, own, false) ??
        (key === "constructor" && own.value === f ? METHOD : undefined),
    new Set(["constructor", ...keysOf(false)]),
  );
  explorePrototype(context, found, f, ofPrototype);
  found.node = () => {
    const taken = members.flatMap(({ part, f: method, ...place }) => {
      const node = part && findings.numberOf(method);
      return node === undefined
        ? []
        : [{ node, member: textMember(context, { of: f, part: part!, ...place }) }];
    });
    return functionNode(context, f, statics, "class", privates, taken);
  };
}

/** A method or accessor that the text of a class defines, as a node. */
export function memberNode(context: Context, place: MemberPlace): Node {
  const of = context.findings.slot(place.of);
  return { kind: "member", of, member: textMember(context, place) };
}

function textMember({ findings }: Context, place: MemberPlace): TextMember {
  const { key, static: isStatic, part } = place;
  const name = typeof key === "symbol"
    ? findings.slot(key) as { node: number }
    : String(key);
  return { key: name, static: isStatic, part };
}

/** The present place of a member of a class's text, if the class still has it. */
function placeOf(member: Member, type: AnyFunction): {
  key: PropertyKey;
  static: boolean;
  part?: MemberPlace["part"];
  f?: AnyFunction;
} {
  const owner = member.static ? type : type.prototype as object;
  const part = member.kind === "method" ? "value" : member.kind;
  const all = membersOf(owner, []);
  const found = all.find(([key, own]) => isOf(member, key, own[part])) ??
    // It may exist under another name only.
    all.find(([, own]) => sourceOrNone(own[part]) === member.text);
  if (found) {
    const [key, own] = found;
    const f = own[part] as AnyFunction;
    return { key: member.name ?? key, static: member.static, part, f };
  }
  // A computed name of a deleted member is no longer known.
  return { key: member.name ?? GONE, static: member.static };
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

/** The attributes of a property that the text of the class defines. */
function usualMember(
  { members }: ClassFacts,
  key: PropertyKey,
  own: PropertyDescriptor,
  isStatic: boolean,
): Attributes | undefined {
  const isThere = partsOf(own).every((part) =>
    members.some((member) => member.static === isStatic && isOf(member, key, part))
  );
  return isThere ? METHOD : undefined;
}

/** Whether a part of a property is the member that the text defines. */
function isOf(member: Member, key: PropertyKey, part: unknown): boolean {
  return (member.name === undefined || member.name === key) &&
    sourceOrNone(part) === member.text;
}
