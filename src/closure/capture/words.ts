/**
 * What the text of a function uses of the functions and classes around it, other than
 * variables.
 *
 * @module
 */

import { declaredIn, NAMES } from "./class_text.ts";
import { childrenOf, type Edit, type Tree } from "./tree.ts";

/** What a function may use of the function around it, other than variables. */
export type Word = "this" | "super" | "arguments" | "new.target";

/** Whether a text is an expression, or a method as written in an object literal. */
export type Form = "expression" | "method";

/** Where a function uses something of the function around it. */
export function wordsAround(
  form: Form,
  root: Tree,
): { word: Word; node: Tree }[] {
  const found: { word: Word; node: Tree }[] = [];
  const visit = (node: Tree, ownThis: boolean, ownSuper: boolean) => {
    const word = wordOf(node);
    if (word && !(word === "super" ? ownSuper : ownThis)) found.push({ word, node });
    const { type } = node;
    if (type === "ClassExpression" || type === "ClassDeclaration") {
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
    const inner = /^Function/.test(type);
    for (const child of childrenOf(node)) {
      // The name of a property is no variable.
      const name = type === "MemberExpression" ? node.property : node.key;
      if (child === name && !node.computed) continue;
      if (node.shorthand) child.shorthand = true;
      const method = type === "Property" && child === node.value && node !== root &&
        (node.method || node.kind !== "init");
      visit(child, ownThis || inner || method, ownSuper || method);
    }
  };
  visit(root, form === "method", false);
  return found;
}

/** The word that a node is, if it may be one of the function around. */
function wordOf({ type, name, meta }: Tree): Word | undefined {
  if (type === "ThisExpression") return "this";
  if (type === "Super") return "super";
  if (type === "MetaProperty" && meta.name === "new") return "new.target";
  return type === "Identifier" && name === "arguments" ? "arguments" : undefined;
}

/** The change of a word in a text, if it cannot stay. */
export function wordEdits({ word, node }: { word: Word; node: Tree }): Edit[] {
  const { start, end, shorthand } = node;
  if (word === "new.target") return [{ start, end, text: NAMES.target }];
  if (word !== "arguments") return [];
  // `{ arguments }` keeps its key.
  const key = shorthand ? "arguments: " : "";
  return [{ start, end, text: `${key}${NAMES.arguments}` }];
}

/** The text around a function that gives it what it uses of the function around it. */
export function frameOf(
  form: Form,
  around: ReadonlySet<Word>,
): [before: string, after: string] {
  const { self, above } = NAMES;
  const inherits = around.has("super") ? `__proto__: ${above}, ` : "";
  if (form === "method") return [`({ ${inherits}`, " })"];
  if (inherits) return [`({ ${inherits}m() { return (`, `); } }).m.call(${self})`];
  if (around.has("this")) return ["(function () { return (", `); }).call(${self})`];
  return ["(", ")"];
}

/** The `#private` names in a text that no class in it declares. */
export function privatesAround(root: Tree): Set<string> {
  const found = new Set<string>();
  const visit = (node: Tree, known: string[]) => {
    if (node.type === "PrivateIdentifier" && !known.includes(node.name)) {
      found.add(node.name);
    }
    const inner = node.type === "ClassBody" ? [...known, ...declaredIn(node)] : known;
    for (const child of childrenOf(node)) visit(child, inner);
  };
  visit(root, []);
  return found;
}
