/**
 * What the text of a class says beside that it is a function, and what has to change in
 * it so that it means the same elsewhere.
 *
 * @module
 */

import type { Edit, Tree } from "./tree.ts";

/** What the shipped text calls that which is given to it. */
export const NAMES = {
  /** `import.meta`, which only modules may say: as long as that, so nothing moves. */
  importMeta: "$ge_impmeta",
  parent: "$ge_parent",
  /** The name of a member that is computed, with its number. */
  key: "$ge_key",
  restore: "$ge_restore",
  keep: "$ge_keep",
} as const;

/** A member that a class has by its text. */
export interface Member {
  /** None where it is computed. */
  name: string | undefined;
  static: boolean;
  kind: "method" | "get" | "set";
  /** Its text, as its function gives it. */
  text: string;
}

/** What is said of a class beside that it is a function. */
export interface ClassFacts {
  /** Whether its text says what it extends by a plain name. */
  parent: "none" | "named" | "expression";
  /** That name. */
  parentName: string | undefined;
  members: Member[];
  /** Those of them whose names are computed: they are given to the text. */
  computed: Member[];
  /** What of its text comes before the constructor's parameters, if it has one. */
  head: string | undefined;
  /** Its own `#private` fields. */
  privateFields: string[];
  /** Whether it declares anything `#private` that instances bear. */
  marksInstances: boolean;
  staticPrivateFields: string[];
}

/** Reads a class. */
export function factsOf(root: Tree, source: string, offset: number): ClassFacts {
  const own = constructorOf(root);
  const facts: ClassFacts = {
    parent: !root.superClass || root.superClass.raw === "null"
      ? "none"
      : root.superClass.type === "Identifier"
      ? "named"
      : "expression",
    parentName: root.superClass?.name,
    members: [],
    computed: [],
    head: own && source.slice(0, own.value.start - offset),
    privateFields: [],
    marksInstances: false,
    staticPrivateFields: [],
  };
  for (const member of root.body.body) {
    if (member.type === "StaticBlock") continue;
    const isPrivate = member.key.type === "PrivateIdentifier";
    if (isPrivate && !member.static) facts.marksInstances = true;
    if (member.type === "PropertyDefinition") {
      const names = member.static ? facts.staticPrivateFields : facts.privateFields;
      if (isPrivate) names.push(`#${member.key.name}`);
    } else if (!isPrivate && member.kind !== "constructor") {
      const start = member.static
        ? member.start +
          /^static\s*/.exec(source.slice(member.start - offset))![0].length
        : member.start;
      const found: Member = {
        name: member.computed ? undefined : String(member.key.name ?? member.key.value),
        static: member.static,
        kind: member.kind,
        text: source.slice(start - offset, member.end - offset),
      };
      facts.members.push(found);
      if (member.computed) facts.computed.push(found);
    }
  }
  return facts;
}

/**
 * A class runs neither the initializers of its static fields nor its static blocks a
 * second time, nor does it compute the names of its methods again: what they did is part
 * of its state, which travels. Of instances with
 * `#private` fields only the class itself can make another one, so its constructor
 * learns to make an empty one.
 */
export function classEdits(
  root: Tree,
  facts: ClassFacts,
  index: number,
  restorable: boolean,
): Edit[] {
  const edits: Edit[] = [];
  const body = root.body;
  if (facts.parent === "expression") {
    const { start, end } = root.superClass;
    // An expression in parentheses does not tell where those are; they may stay.
    edits.push({ start, end, text: NAMES.parent });
  }
  let computed = 0;
  for (const member of body.body) {
    const isPrivate = member.key?.type === "PrivateIdentifier";
    const isField = member.type === "PropertyDefinition";
    if (member.type === "StaticBlock" || isField && member.static && !isPrivate) {
      // It may have ended what stands before it, where that has no semicolon.
      edits.push({ start: member.start, end: member.end, text: ";" });
    } else if (!isField && member.computed) {
      const { start, end } = member.key;
      edits.push({ start, end, text: `${NAMES.key}${computed++}` });
    } else if (isField && member.value) {
      const { start, end } = member.value;
      if (member.static) {
        edits.push({ start, end, text: "undefined" });
      } else if (restorable) {
        edits.push({ start, end: start, text: `${NAMES.restore}.on ? undefined : (` });
        edits.push({ start: end, end, text: ")" });
      }
    }
  }
  if (facts.staticPrivateFields.length > 0) {
    const at = body.end - 1;
    const set = setter(facts.staticPrivateFields);
    edits.push({
      start: at,
      end: at,
      // The field before it may end without a semicolon.
      text: `; static { ${NAMES.keep}(${index}, ${set}); }`,
    });
  }
  if (restorable) edits.push(...constructorEdits(root, facts));
  return edits;
}

function constructorEdits(root: Tree, { privateFields }: ClassFacts): Edit[] {
  const derived = root.superClass ? `super(...${NAMES.restore}.args); ` : "";
  const names = JSON.stringify(privateFields);
  const keep = `${NAMES.restore}.keep(${names}, ${setter(privateFields)});`;
  const restore = `if (${NAMES.restore}.on) { ${derived}${keep} return; }`;
  const own = constructorOf(root);
  if (!own) {
    const at = root.body.start + 1;
    const text = root.superClass
      ? `constructor(...$ge_args) { ${restore} super(...$ge_args); }`
      : `constructor() { ${restore} }`;
    return [{ start: at, end: at, text }];
  }
  const { params, body } = own.value;
  if (params.every(({ type }: Tree) => type === "Identifier")) {
    const at = body.start + 1;
    return [{ start: at, end: at, text: restore }];
  }
  // What takes its arguments apart cannot do without them, so that has to wait.
  const { start } = params[0];
  const { end } = params.at(-1);
  return [
    { start, end: start, text: `...$ge_args) { ${restore} var [` },
    { start: end, end: body.start + 1, text: "] = $ge_args;" },
  ];
}

function constructorOf(root: Tree): Tree | undefined {
  return root.body.body.find((member: Tree) => member.kind === "constructor");
}

/** The text of a function that sets `#private` fields by their names. */
function setter(names: string[]): string {
  const cases = names.map((name) => `case "${name}": this.${name} = value; break;`);
  return `(name, value) => { switch (name) { ${cases.join(" ")} } }`;
}
