/**
 * What the text of a function or class says: which variables it uses that are not its
 * own, and what has to change in it so that it means the same elsewhere.
 *
 * @module
 */

import type * as acorn from "npm:acorn@8.19.0";
import { SerializationError } from "../errors.ts";

/** The parser and the scope analysis, which only a function that captures needs. */
export interface Tools {
  parse: typeof acorn.parse;
  analyze: (ast: object, options: object) => { scopes: { through: Reference[] }[] };
}

interface Reference {
  identifier: { name: string; start: number; end: number };
  isWrite(): boolean;
}

let loading: Promise<Tools> | undefined;

/** Loads the parser, once. */
export function loadTools(): Promise<Tools> {
  return loading ??= load();
}

async function load(): Promise<Tools> {
  const [{ parse }, { analyze }] = await Promise.all([
    import("npm:acorn@8.19.0"),
    import("npm:eslint-scope@9.1.2"),
  ]);
  return { parse, analyze: analyze as unknown as Tools["analyze"] };
}

/** A variable that a function uses and does not declare. */
export interface FreeVariable {
  /** Whether the function assigns to it. */
  written: boolean;
  /** Whether it is needed to make the function, and not only when it runs. */
  early: boolean;
}

/** A part of the text. */
interface Range {
  start: number;
  end: number;
}

/** A change of the text. */
interface Edit extends Range {
  text: string;
}

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

/** What the text of a function says. */
export interface Analysis {
  /** Whether the text is an expression, or a method as written in an object literal. */
  form: "expression" | "method";
  free: Map<string, FreeVariable>;
  /** Whether it says where it stands, by `import.meta` or a relative `import()`. */
  placed: boolean;
  class: ClassFacts | undefined;
  /**
   * The text to evaluate.
   *
   * @param index By which number a class says how to set what is private in it.
   * @param restorable Whether instances of the class must be made without its constructor.
   */
  text(index: number, restorable: boolean): string;
}

// deno-lint-ignore no-explicit-any -- the tree of the parser has a type per kind
type Tree = any;

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

/**
 * Reads a function.
 *
 * @param source The function's text, as `Function.prototype.toString` gives it.
 * @param label How to call the function in a complaint.
 * @throws {SerializationError} When it says what can only be said where it stands.
 */
export function analyze(tools: Tools, source: string, label: string): Analysis {
  const { form, tree, offset } = parse(tools, source, label);
  const refuse = (what: string, advice: string) => {
    throw new SerializationError(
      `${label} ${what}, which stays behind when it is sent to a worker: ${advice}`,
    );
  };
  const root: Tree = form === "expression"
    ? tree.body[0].expression
    : tree.body[0].expression.properties[0];
  const edits: Edit[] = [];
  const early = earlyRanges(root);
  const removed = removedRanges(form, root);
  checkContext(form, root, refuse);
  const free = new Map<string, FreeVariable>();
  const { scopes } = tools.analyze(tree, { ecmaVersion: 2022, sourceType: "module" });
  for (const reference of scopes[0]!.through) {
    const { name, start } = reference.identifier;
    const isIn = (range: Range) => range.start <= start && start < range.end;
    if (removed.some(isIn)) continue;
    const known = free.get(name) ?? { written: false, early: false };
    known.written ||= reference.isWrite();
    known.early ||= early.some(isIn);
    free.set(name, known);
  }
  if (free.has("arguments")) {
    refuse("uses `arguments` of the function around it", "put it into a variable");
  }
  if (form === "method" && root.computed) {
    // Any name will do: the function's own is given to it.
    edits.push({ start: root.key.start, end: root.key.end, text: "0" });
  }
  let placed = false;
  walk(root, (node) => {
    if (node.type === "ImportExpression") {
      placed ||= !/^[a-z]+:/.test(String(node.source.value ?? ""));
    }
    if (node.type === "MetaProperty" && node.meta.name === "import") {
      edits.push({ start: node.start, end: node.end, text: NAMES.importMeta });
      placed = true;
    }
    if (node.type === "CallExpression" && node.callee.name === "eval") {
      refuse("calls eval, whose text may name any variable", "use a function");
    }
  });
  const facts = root.type === "ClassExpression"
    ? factsOf(root, source, offset)
    : undefined;
  return {
    form,
    free,
    placed,
    class: facts,
    text(index, restorable) {
      const all = facts
        ? [...edits, ...classEdits(root, facts, index, restorable)]
        : edits;
      return apply(source, offset, all);
    },
  };
}

/** The names that a module imports, by their local names. */
export function importsOf(tools: Tools, source: string): Map<string, ImportBinding> {
  const bindings = new Map<string, ImportBinding>();
  let tree: Tree;
  try {
    tree = tools.parse(source, { ecmaVersion: "latest", sourceType: "module" });
  } catch {
    // No module, so nothing is imported.
    return bindings;
  }
  for (const statement of tree.body) {
    if (statement.type !== "ImportDeclaration") continue;
    const attributes: Record<string, string> = {};
    for (const { key, value } of statement.attributes ?? []) {
      attributes[key.name ?? key.value] = value.value;
    }
    for (const { type, local, imported } of statement.specifiers) {
      const name = type === "ImportNamespaceSpecifier"
        ? "*"
        : type === "ImportDefaultSpecifier"
        ? "default"
        : imported.name ?? imported.value;
      bindings.set(local.name, { specifier: statement.source.value, name, attributes });
    }
  }
  return bindings;
}

/** What a local name stands for. */
export interface ImportBinding {
  specifier: string;
  /** The export's name, or `"*"` for all of them. */
  name: string;
  attributes: Record<string, string>;
}

function parse(
  tools: Tools,
  source: string,
  label: string,
): { form: Analysis["form"]; tree: Tree; offset: number } {
  const attempts = [["expression", "(", ")"], ["method", "({", "})"]] as const;
  const reasons: (SyntaxError & { pos: number })[] = [];
  for (const [form, before, after] of attempts) {
    try {
      const tree = tools.parse(`${before}${source}${after}`, {
        ecmaVersion: "latest",
        sourceType: "module",
        ranges: true,
      });
      return { form, tree, offset: before.length };
    } catch (error) {
      reasons.push(error as typeof reasons[0]);
    }
  }
  // The one that came further knew better what it read.
  const reason = reasons.reduce((a, b) => b.pos > a.pos + 1 ? b : a);
  const text = reason.message.replace(/ \(\d+:\d+\)$/, "");
  throw new SerializationError(
    `${label} cannot be sent to a worker by its source: ${text}; export it from a ` +
      `module of its own`,
    { cause: reason },
  );
}

/** Where in the text stands what is needed to make the function. */
function earlyRanges(root: Tree): Range[] {
  if (root.type !== "ClassExpression") return [];
  const fields = root.body.body.filter((member: Tree) =>
    member.type === "PropertyDefinition" && member.computed && !member.static
  );
  const parent = root.superClass?.type === "Identifier" ? [root.superClass] : [];
  return [...parent, ...fields.map((member: Tree) => member.key)];
}

/** Where in the text stands what was evaluated on the host for good. */
function removedRanges(form: Analysis["form"], root: Tree): Range[] {
  if (form === "method") return root.computed ? [root.key] : [];
  if (root.type !== "ClassExpression") return [];
  const parent = root.superClass && root.superClass.type !== "Identifier"
    ? [root.superClass]
    : [];
  const members = root.body.body.flatMap((member: Tree): Range[] => {
    if (member.type === "StaticBlock") return [member];
    if (member.type === "MethodDefinition") return member.computed ? [member.key] : [];
    if (!member.static) return [];
    if (member.key.type !== "PrivateIdentifier") return [member];
    return member.value ? [member.value] : [];
  });
  return [...parent, ...members];
}

/** Refuses `this` and `super` of what stands around the function. */
function checkContext(
  form: Analysis["form"],
  root: Tree,
  refuse: (what: string, advice: string) => void,
): void {
  const visit = (node: Tree, ownThis: boolean, ownSuper: boolean) => {
    if (node.type === "ThisExpression" && !ownThis) {
      refuse(
        "uses `this` of the function around it",
        "put it into a variable, or make it a method",
      );
    }
    if (node.type === "Super" && !ownSuper) {
      refuse("uses `super`", "send the whole class, or call what it means");
    }
    if (node.type === "ClassExpression" || node.type === "ClassDeclaration") {
      if (node.superClass) visit(node.superClass, ownThis, ownSuper);
      for (const member of node.body.body) {
        if (member.computed) visit(member.key, ownThis, ownSuper);
        if (member.value) visit(member.value, true, true);
        if (member.type === "StaticBlock") {
          for (const statement of member.body) visit(statement, true, true);
        }
      }
      return;
    }
    const inner = /^Function/.test(node.type);
    for (const child of childrenOf(node)) {
      const method = node.type === "Property" && child === node.value &&
        node !== root &&
        (node.method || node.kind !== "init");
      visit(child, ownThis || inner || method, ownSuper || method);
    }
  };
  visit(root, form === "method", false);
}

function factsOf(root: Tree, source: string, offset: number): ClassFacts {
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
function classEdits(
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
      edits.push({ start: member.start, end: member.end, text: "" });
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
      text: `static { ${NAMES.keep}(${index}, ${set}); }`,
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

/** Changes a text; what is shorter than what it replaces is padded, so nothing moves. */
function apply(source: string, offset: number, edits: Edit[]): string {
  let text = "";
  let at = 0;
  for (const edit of edits.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    const [start, end] = [edit.start - offset, edit.end - offset];
    // Such as `import.meta` in a static block, which is gone as a whole.
    if (start < at) continue;
    const removed = source.slice(start, end).slice(edit.text.length);
    text += source.slice(at, start) + edit.text + removed.replace(/[^\r\n]/g, " ");
    at = end;
  }
  return text + source.slice(at);
}

function walk(node: Tree, visit: (node: Tree) => void): void {
  visit(node);
  for (const child of childrenOf(node)) walk(child, visit);
}

function* childrenOf(node: Tree): Iterable<Tree> {
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (typeof child?.type === "string" && typeof child.start === "number") {
        yield child;
      }
    }
  }
}
