/**
 * The ways in which the lines of a module can be broken, one at a time.
 *
 * @module
 */

import { stripTypeScriptTypes } from "node:module";
import { parse } from "npm:acorn@8.19.0";
import { type Edit, type Tree, walk } from "../../src/closure/capture/tree.ts";

/** One way to break a module. */
export interface Mutation extends Edit {
  /** Where it is, both counted from 1. */
  line: number;
  column: number;
  /** What stood there. */
  before: string;
}

/** What becomes of an operator; of some there are two ways to be wrong. */
const OPERATORS: Record<string, string[]> = {
  "<": ["<=", ">="],
  "<=": ["<", ">"],
  ">": [">=", "<="],
  ">=": [">", "<"],
  "===": ["!=="],
  "!==": ["==="],
  "+": ["-"],
  "-": ["+"],
  "*": ["/"],
  "/": ["*"],
  "%": ["*"],
  "**": ["*"],
  "&": ["|"],
  "|": ["&"],
  "<<": [">>"],
  ">>": ["<<"],
  "++": ["--"],
  "--": ["++"],
  "+=": ["-="],
  "-=": ["+="],
  "||=": ["="],
  "&&=": ["="],
  "??=": ["="],
};

/** What becomes of a name. */
const NAMES: Record<string, string> = {
  min: "max",
  max: "min",
  some: "every",
  every: "some",
  shift: "pop",
  ceil: "floor",
  floor: "ceil",
};

/** What can be left out as a whole. */
const LEFT_OUT = new Set([
  "ExpressionStatement",
  "ReturnStatement",
  "ThrowStatement",
  "BreakStatement",
  "ContinueStatement",
]);

/**
 * All of them, in the order in which they stand there. Types are left as they are, and so
 * are texts.
 *
 * @param source The text of a module in TypeScript.
 */
export function mutationsOf(source: string): Mutation[] {
  // Types become blanks, so all else stays in its place.
  const plain = stripTypeScriptTypes(source);
  const found = new Map<string, Mutation>();
  const add = (start: number, end: number, text: string) => {
    const before = source.slice(start, end);
    if (text === before) return;
    const lines = source.slice(0, start).split("\n");
    const [line, column] = [lines.length, lines.at(-1)!.length + 1];
    found.set(`${start} ${end} ${text}`, { start, end, text, line, column, before });
  };
  const replace = (node: Tree, text: string) => add(node.start, node.end, text);
  /** An operator that stands between two places. */
  const operator = (sign: string, from: number, to: number) => {
    const start = plain.slice(0, to).indexOf(sign, from);
    for (const other of OPERATORS[sign] ?? []) add(start, start + sign.length, other);
  };
  const textOf = (node: Tree) => source.slice(node.start, node.end);
  walk(parse(plain, { ecmaVersion: "latest", sourceType: "module" }), (node) => {
    if (LEFT_OUT.has(node.type) && node.expression?.type !== "Identifier") {
      replace(node, ";");
    }
    if (/^(If|While|For)Statement$|^ConditionalExpression$/.test(node.type)) {
      if (node.test) replace(node.test, "false");
      // A loop would never end.
      if (node.test && !/^(While|For)/.test(node.type)) replace(node.test, "true");
    }
    if (node.type === "BinaryExpression" && node.operator === "+") {
      replace(node, textOf(node.left));
    }
    switch (node.type) {
      case "LogicalExpression":
        replace(node, textOf(node.left));
        replace(node, textOf(node.right));
        break;
      case "BinaryExpression":
      case "AssignmentExpression":
        operator(node.operator, node.left.end, node.right.start);
        break;
      case "UpdateExpression":
        operator(node.operator, node.start, node.end);
        break;
      case "UnaryExpression":
        if (/[!~-]/.test(node.operator)) replace(node, textOf(node.argument));
        break;
      case "MemberExpression":
        if (!node.computed && Object.hasOwn(NAMES, node.property.name)) {
          replace(node.property, NAMES[node.property.name]!);
        }
        break;
      case "Literal":
        if (typeof node.value === "boolean") replace(node, `${!node.value}`);
        if (typeof node.value === "number") replace(node, node.value === 0 ? "1" : "0");
        break;
    }
  });
  return [...found.values()].sort((a, b) => a.start - b.start);
}
