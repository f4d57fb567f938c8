/**
 * Analyzes the text of a function or class: which outer variables it uses, and what must
 * change in it so that it works the same elsewhere.
 *
 * @module
 */

import type * as acorn from "npm:acorn@8.19.0";
import { SerializationError } from "../../errors.ts";
import { classEdits, type ClassFacts, factsOf, NAMES } from "./class_text.ts";
import { apply, type Edit, type Range, type Tree, walk } from "./tree.ts";
import {
  type Form,
  frameOf,
  privatesAround,
  type Word,
  wordEdits,
  wordsAround,
} from "./words.ts";

/** The parser and the scope analysis. Only functions that capture variables need them. */
export interface Tools {
  parse: typeof acorn.parse;
  analyze: (ast: object, options: object) => { scopes: AnalyzedScope[] };
}

interface AnalyzedScope {
  type: string;
  block: Tree;
  /** References in this scope to variables outside it. */
  through: Reference[];
  variables: { name: string; references: Reference[] }[];
}

interface Reference {
  identifier: { name: string; start: number; end: number };
  isWrite(): boolean;
}

/** The options of the scope analysis. */
const SCOPE_OPTIONS = {
  ecmaVersion: 2022,
  // By itself it reads only the first argument of `import()`.
  childVisitorKeys: { ImportExpression: ["source", "options"] },
};

let loading: Promise<Tools> | undefined;

/** Loads the parser once. If that fails, such as without a network, it is tried again. */
export function loadTools(): Promise<Tools> {
  return loading ??= load().catch((error) => {
    loading = undefined;
    throw error;
  });
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
  /** Whether its value is needed to make the function, not only to run it. */
  early: boolean;
}

/** The analysis of a function's text. */
export interface Analysis {
  form: Form;
  /** What it uses of the function around it. */
  around: ReadonlySet<Word>;
  /** The `#private` names that it uses of classes around it. */
  privates: ReadonlySet<string>;
  /** What the text stands in, so that it is an expression which makes the function. */
  frame: [before: string, after: string];
  free: Map<string, FreeVariable>;
  /** Whether it depends on its file, by `import.meta` or a relative `import()`. */
  placed: boolean;
  class: ClassFacts | undefined;
  /** The name by which the function refers to itself, if it does. */
  ownName: { name: string; written: boolean } | undefined;
  /**
   * The analysis for a function declaration: `ownName` is then a variable around the
   * function, not a constant within it.
   */
  asDeclaration(): Analysis;
  /**
   * The text to evaluate.
   *
   * @param index The number of a class, under which it passes on its setter for private
   * static fields.
   * @param restorable Whether instances of the class are made without its constructor.
   */
  text(index: number, restorable: boolean): string;
}

/**
 * Analyzes a function.
 *
 * @param source The function's text, from `Function.prototype.toString`.
 * @param label The function's name for error messages.
 * @param isSloppy Whether the function is not in strict mode.
 * @throws {SerializationError} If it uses something that exists only in its original place.
 */
export function analyze(
  tools: Tools,
  source: string,
  label: string,
  isSloppy: boolean,
): Analysis {
  const refuse = (what: string, advice: string, cause?: unknown): never => {
    throw new SerializationError(
      `${label} ${what}, which stays behind when it is sent to a worker: ${advice}`,
      cause === undefined ? {} : { cause },
    );
  };
  const sourceType = isSloppy ? "script" : "module";
  const { form, tree, offset } = parse(tools, source, label, sourceType, refuse);
  const outer: Tree = tree.body[0].expression;
  const root: Tree = form === "expression"
    ? outer.body.body[0].argument
    : (outer.properties ?? outer.body.body)[0];
  const edits: Edit[] = [];
  const early = earlyRanges(root);
  const removed = removedRanges(form, root);
  const isRemoved = ({ start }: Range) =>
    removed.some((range) => range.start <= start && start < range.end);
  const around = new Set<Word>();
  const words = wordsAround(form, root).filter(({ node }) => !isRemoved(node));
  for (const word of words) {
    around.add(word.word);
    edits.push(...wordEdits(word));
  }
  if (form === "expression" && around.has("super")) around.add("this");
  const free = new Map<string, FreeVariable>();
  const { scopes } = tools.analyze(tree, { ...SCOPE_OPTIONS, sourceType });
  for (const reference of scopes[0]!.through) {
    const { name } = reference.identifier;
    if (isRemoved(reference.identifier)) continue;
    const known = free.get(name) ?? { written: false, early: false };
    known.written ||= reference.isWrite();
    known.early ||= early.some(({ start, end }) =>
      start <= reference.identifier.start && reference.identifier.start < end
    );
    free.set(name, known);
  }
  if (root.key?.type === "PrivateIdentifier") {
    edits.push({ start: root.key.start, end: root.key.start + 1, text: " " });
  }
  if (form === "method" && root.computed) {
    // Any name will do, because the function's name is set later.
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
    const isEval = node.type === "CallExpression" && node.callee.name === "eval";
    if (isEval && !isRemoved(node)) {
      refuse("calls eval, whose text may name any variable", "use a function");
    }
    if (node.type === "WithStatement") {
      refuse("uses `with`, which may mean any variable", "name the object each time");
    }
  });
  const facts = root.type === "ClassExpression"
    ? factsOf(root, source, offset)
    : undefined;
  const ownName = ownNameOf(root, scopes);
  const textWith = (more: Edit[]) => (index: number, restorable: boolean) => {
    const ofClass = facts ? classEdits(root, facts, index, restorable) : [];
    return apply(source, offset, [...edits, ...more, ...ofClass]);
  };
  const analysis: Analysis = {
    form,
    around,
    privates: privatesAround(form === "method" ? root.value : root),
    frame: frameOf(form, around),
    free,
    placed,
    class: facts,
    ownName,
    asDeclaration() {
      const { name, written } = ownName!;
      const { start, end } = root.id;
      return {
        ...analysis,
        ownName: undefined,
        free: new Map([...free, [name, { written, early: false }]]),
        // Without its own name the function refers to the variable.
        text: textWith([{ start, end, text: "" }]),
      };
    },
    text: textWith([]),
  };
  return analysis;
}

/** The name by which a function expression refers to itself. */
function ownNameOf(root: Tree, scopes: AnalyzedScope[]): Analysis["ownName"] {
  const scope = scopes.find(({ type, block }) =>
    type === "function-expression-name" && block === root
  );
  const own = scope?.variables[0];
  if (!own || own.references.length === 0) return undefined;
  const written = own.references.some((reference) => reference.isWrite());
  return { name: own.name, written };
}

/** The names that a module imports, by their local names. */
export function importsOf(tools: Tools, source: string): Map<string, ImportBinding> {
  const bindings = new Map<string, ImportBinding>();
  let tree: Tree;
  try {
    tree = tools.parse(source, { ecmaVersion: "latest", sourceType: "module" });
  } catch {
    // It is not a module, so it imports nothing.
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

/** The import that a local name stands for. */
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
  sourceType: "module" | "script",
  refuse: (what: string, advice: string, cause?: unknown) => never,
): { form: Analysis["form"]; tree: Tree; offset: number } {
  const attempts = [
    // `new.target` may stand in a function only.
    ["expression", "(function () { return (", "); })"],
    ["method", "({", "})"],
    // A `#private` one.
    ["method", "(class {", "})"],
  ] as const;
  const reasons: (SyntaxError & { pos: number })[] = [];
  for (const [form, before, after] of attempts) {
    try {
      const tree = tools.parse(`${before}${source}${after}`, {
        ecmaVersion: "latest",
        sourceType,
        ranges: true,
        allowSuperOutsideMethod: true,
        checkPrivateFields: false,
      });
      return { form, tree, offset: before.length };
    } catch (error) {
      reasons.push(error as typeof reasons[0]);
    }
  }
  // The attempt that parsed further has the better message.
  const [a, b] = reasons.map(({ pos }, i) => pos - attempts[i]![1].length);
  const reason = reasons[b! > a! + 1 ? 1 : 0]!;
  const text = reason.message.replace(/ \(\d+:\d+\)$/, "");
  if (/^super\(\)/.test(text)) {
    refuse("calls `super()` of the constructor around it", "call it there", reason);
  }
  if (/\byield\b/.test(text)) {
    const advice = "put what it gives into a variable";
    refuse("uses `yield` of the function around it", advice, reason);
  }
  throw new SerializationError(
    `${label} cannot be sent to a worker by its source: ${text}; export it from a ` +
      `module of its own`,
    { cause: reason },
  );
}

/** The parts of the text that are evaluated when the function is made. */
function earlyRanges(root: Tree): Range[] {
  if (root.type !== "ClassExpression") return [];
  const fields = root.body.body.filter((member: Tree) =>
    member.type === "PropertyDefinition" && member.computed && !member.static
  );
  const parent = root.superClass?.type === "Identifier" ? [root.superClass] : [];
  return [...parent, ...fields.map((member: Tree) => member.key)];
}

/** The parts of the text that were evaluated on the host and are not evaluated again. */
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
