/**
 * What a function uses of the functions around it and the debugger does not show: `this`,
 * `super`, `new.target`, and the names of function expressions. A snapshot of the heap does.
 *
 * @module
 */

import { type Analysis, loadTools, type Tools } from "./analyze.ts";
import { declaredIn, NAMES } from "./class_text.ts";
import { refuse } from "./complaints.ts";
import type { Context } from "./context.ts";
import { memberAround } from "./enclosing.ts";
import type { Found } from "./found.ts";
import type { HeapScope, HeapValue, Taken } from "./heap.ts";
import type { Captured, Inside } from "./shipped.ts";
import { type AnyFunction, isClass, sourceOf, sourceOrNone } from "./texts.ts";
import type { Tree } from "./tree.ts";

/** What was found, by function and by what it is. */
const known = new WeakMap<AnyFunction, Map<string, unknown>>();

/** Captures the words that a function uses of the functions around it. */
export async function captureWords(
  context: Context,
  found: Found,
  f: AnyFunction,
  { around }: Analysis,
  captured: Map<string, Captured>,
): Promise<void> {
  const { findings, snapshots } = context;
  const { variables, location } = snapshots.get(f)!;
  const capture = (name: string, value: unknown, step: string) => {
    findings.see(value, found, ` → ${step}`);
    captured.set(name, { scope: -1, slot: () => findings.slot(value) });
  };
  const read = (what: string, find: Find, advice: string) =>
    valueAround(
      context,
      found,
      f,
      `\`${what}\` of the function around it`,
      find,
      advice,
    );
  if (around.has("arguments")) {
    capture(NAMES.arguments, variables.get("arguments")?.value, "arguments");
  }
  if (around.has("new.target")) {
    const advice = "put it into a variable";
    const value = await read("new.target", named(".new.target"), advice);
    capture(NAMES.target, value, "new.target");
  }
  if (around.has("this")) {
    const advice = "put it into a variable, such as const self = this";
    capture(NAMES.self, await read("this", named("this"), advice), "this");
  }
  if (around.has("super")) {
    const member = location && memberAround(await loadTools(), location);
    const advice = "name the class instead, as in Base.prototype.method.call(this)";
    const name = member?.static ? ".static_home_object" : ".home_object";
    const home = await read("super", homeBy(name), advice) as object;
    capture(NAMES.above, Object.getPrototypeOf(home), "super");
  }
}

/** The function expression around a function that has a name. */
export async function functionAround(
  context: Context,
  found: Found,
  f: AnyFunction,
  name: string,
  text: string,
): Promise<AnyFunction> {
  const find: Find = (scopes, taken) =>
    scopes.values()
      .filter(({ named }) => named.has(name))
      .map(({ named }) => taken.value(named.get(name)!))
      .find((found) => sourceOrNone(found?.value) === text);
  const what = `"${name}", the name of the function expression around it,`;
  const advice = "assign that function to a variable of another name, and use that";
  return await valueAround(context, found, f, what, find, advice) as AnyFunction;
}

/** The class around a function of which it uses `#private` names. */
export async function classAround(
  context: Context,
  found: Found,
  f: AnyFunction,
  { privates }: Analysis,
): Promise<Inside | undefined> {
  if (privates.size === 0) return undefined;
  const tools = await loadTools();
  const [name] = privates;
  const what = `#${name} of the class around it`;
  const advice = "make it a method of the class, and call that";
  // A class is made in a scope of its own, with its members.
  const find: Find = (scopes, taken) =>
    scopes.values()
      .flatMap(({ node }) => taken.constructorsIn(node))
      .map((value) => ({ value }))
      .find(({ value }) =>
        privatesOf(tools, sourceOf(value)).some((own) => privates.has(own))
      );
  const type = await valueAround(context, found, f, what, find, advice) as AnyFunction;
  context.findings.see(type, found, " → class");
  return {
    type,
    slot: () => context.findings.slot(type),
    refuse: (why, otherwise = "") =>
      refuse(
        context,
        found,
        `a function that uses ${what} and ${why}`,
        advice + otherwise,
      ),
  };
}

/** The `#private` names that a class declares, without `#`; none if it is no class. */
function privatesOf(tools: Tools, source: string): string[] {
  if (!isClass(source)) return [];
  const options = { ecmaVersion: "latest", checkPrivateFields: false } as const;
  const tree: Tree = tools.parse(`(${source})`, options);
  return declaredIn(tree.body[0].expression.body);
}

/** Finds a value in the scopes around a function. */
type Find = (scopes: HeapScope[], taken: Taken) => HeapValue;

/** The variable of the innermost function that has it. */
function named(name: string): Find {
  return (scopes, taken) => {
    const scope = scopes.find((scope) => scope.named.has(name));
    return scope && taken.value(scope.named.get(name)!);
  };
}

async function valueAround(
  context: Context,
  found: Found,
  f: AnyFunction,
  what: string,
  find: Find,
  advice: string,
): Promise<unknown> {
  const values = known.get(f) ?? new Map<string, unknown>();
  known.set(f, values);
  if (!values.has(what)) {
    let taken = await context.heap.take();
    if (taken && !taken.scopesAround(f)) taken = await context.heap.takeAgain();
    const scopes = taken?.scopesAround(f);
    const value = scopes && find(scopes, taken!);
    if (!value) {
      const reason = !taken
        ? " (the program has too many objects in memory for V8 to tell it)"
        : !scopes
        ? " (V8 forgot it, as the program closed a session with the inspector meanwhile)"
        : "";
      refuse(context, found, `a function that uses ${what}${reason}`, advice);
    }
    values.set(what, value.value);
  }
  return values.get(what);
}

/**
 * The object in whose class or literal a member stands. V8 keeps it in the scope of these,
 * which holds nothing but objects.
 */
function homeBy(name: string): Find {
  return (scopes, taken) => {
    const scope = scopes.find(({ names }) => names.includes(name));
    return scope && taken.value(scope.others[scope.names.indexOf(name)]!);
  };
}
