/**
 * Analyzes what only the text of a class has, and changes it so that it works the same
 * elsewhere.
 *
 * @module
 */

import type { Edit, Tree } from "./tree.ts";

/** The names of the values that are passed to the text on the worker. */
export const NAMES = {
  /** For `import.meta`, which only modules may use. It has the same length. */
  importMeta: "$ge_impmeta",
  parent: "$ge_parent",
  /** The computed name of a member; its number follows. */
  key: "$ge_key",
  restore: "$ge_restore",
  keep: "$ge_keep",
  /** Passes on an evaluator of texts that may use the `#private` names of a class. */
  inside: "$ge_inside",
  /** `this`, `arguments` and `new.target` of the function around. */
  self: "$ge_this",
  arguments: "$ge_arguments",
  target: "$ge_target",
  /** Where `super` looks: what the object around the function inherits from. */
  above: "$ge_above",
} as const;

/** A method or accessor in the text of a class. */
export interface Member {
  /** Its name; `undefined` if that is computed. */
  name: string | undefined;
  static: boolean;
  kind: "method" | "get" | "set";
  /** Its text, as its function's `toString` returns it. */
  text: string;
}

/** What the text of a class tells in addition to that of a function. */
export interface ClassFacts {
  /** Whether the class extends nothing, a plain name, or an expression. */
  parent: "none" | "named" | "expression";
  /** The plain name. */
  parentName: string | undefined;
  members: Member[];
  /** Those members whose names are computed. These names are passed to the text. */
  computed: Member[];
  /** The text before the parameters of the constructor, if it has one. */
  head: string | undefined;
  /** Its own `#private` fields. */
  privateFields: string[];
  /** Whether it declares any `#private` member of instances. */
  marksInstances: boolean;
  staticPrivateFields: string[];
}

/** Analyzes a class. */
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
      // V8 leaves out the word, also where it is the name of a method.
      const [word] = /^(?:static\b\s*)?/.exec(source.slice(member.start - offset))!;
      const start = member.start + word.length;
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
 * The changes of the text of a class. Initializers of static fields, static blocks and
 * computed names are not evaluated a second time, because their effects are part of the
 * state that is sent. Only the class itself can make instances with its `#private` fields,
 * so its constructor is changed so that it can make an empty instance.
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
    // The parser does not report parentheses around the expression; they may stay.
    edits.push({ start, end, text: NAMES.parent });
  }
  let computed = 0;
  for (const member of body.body) {
    const isPrivate = member.key?.type === "PrivateIdentifier";
    const isField = member.type === "PropertyDefinition";
    if (member.type === "StaticBlock" || isField && member.static && !isPrivate) {
      // The member before it may have no semicolon.
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
  const passed = [
    ...facts.staticPrivateFields.length > 0
      ? [`${NAMES.keep}(${index}, ${setter(facts.staticPrivateFields)});`]
      : [],
    ...declaredIn(body).length > 0
      ? [`${NAMES.inside}(${index}, ($ge_text) => eval($ge_text));`]
      : [],
  ];
  if (passed.length > 0) {
    const at = body.end - 1;
    // The field before it may end without a semicolon.
    edits.push({ start: at, end: at, text: `; static { ${passed.join(" ")} }` });
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
  // Parameters that are patterns cannot be read without arguments, so they are read later.
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

/** The `#private` names that the body of a class declares, without `#`. */
export function declaredIn(body: Tree): string[] {
  return body.body.flatMap(({ key }: Tree) =>
    key?.type === "PrivateIdentifier" ? [key.name] : []
  );
}
