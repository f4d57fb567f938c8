/**
 * Functions and classes that are sent as source text, with the variables that they capture.
 *
 * @module
 */

import { type Analysis, analyze, loadTools } from "./analyze.ts";
import { type ClassFacts, NAMES } from "./class_text.ts";
import { exploreClass } from "./classes.ts";
import { labelOf, refuse } from "./complaints.ts";
import type { Context } from "./context.ts";
import { enclosing, functionNamesIn } from "./enclosing.ts";
import type { Found } from "./found.ts";
import { exploreMembers } from "./function_members.ts";
import { scriptSource } from "./inspector.ts";
import { isPlatformPrototype } from "../../protocol/platform.ts";
import { bindingsOf, importNode, isImportedByValue } from "./modules.ts";
import type { Captured, Inside } from "./shipped.ts";
import type { Snapshot } from "./snapshot.ts";
import { captureWords, classAround, functionAround } from "./surroundings.ts";
import {
  type AnyFunction,
  headOf,
  isSloppy,
  mayHavePrivates,
  nameOf,
  needsNothing,
  placeOf,
  simple,
  sourceOf,
} from "./texts.ts";

/** The names that every worker passes to the texts of functions. */
const GIVEN: string[] = [NAMES.importMeta, NAMES.restore, NAMES.keep, NAMES.inside];

/** The analyses so far. */
const analyses = new WeakMap<AnyFunction, Analysis>();

/** Adds a function or class, which will be sent as source text. */
export async function ship(
  context: Context,
  found: Found,
  f: AnyFunction,
  file: string | undefined,
): Promise<void> {
  const seen = context.snapshots.get(f)!;
  const { location } = seen;
  const placeAfter = (head: string) =>
    file && location ? placeOf(file, location, head) : undefined;
  const label = labelOf(found, placeAfter(headOf(seen.source)));
  const captured = new Map<string, Captured>();
  let analysis: Analysis;
  let inside: Inside | undefined;
  const functions = functionNamesIn(file);
  const name = nameOf(f);
  const mayName = [...seen.words].some((word) => word !== name && functions.has(word));
  if (needsNothing(f, seen, mayName)) analysis = simple(seen.source);
  else {
    analysis = await read(f, seen, label);
    await captureVariables(context, found, f, analysis, captured, file);
    await captureWords(context, found, f, analysis, captured);
    inside = await classAround(context, found, f, analysis);
  }
  context.shipment.add({
    f,
    snapshot: seen,
    analysis,
    place: placeAfter(analysis.class ? analysis.class.head ?? "" : headOf(seen.source)),
    captured,
    restorable: analysis.class !== undefined && hasPrivates(f),
    ...(inside && { inside }),
  });
  if (analysis.class) exploreClass(context, found, f, analysis, captured);
  else exploreMembers(context, found, f, analysis);
}

/**
 * Whether a class has `#private` members of instances. Where its text was not analyzed,
 * a `#name` in it counts as one.
 */
function marksInstances(f: AnyFunction): boolean {
  return factsOf(f)?.marksInstances ?? mayHavePrivates(f);
}

/** Whether a class, or one that it extends, has `#private` members of instances. */
export function hasPrivates(type: AnyFunction): boolean {
  for (
    let at: unknown = type;
    typeof at === "function";
    at = Object.getPrototypeOf(at)
  ) {
    // These are made again with all that is theirs.
    if (isPlatformPrototype(at.prototype as object | undefined)) return false;
    if (marksInstances(at)) return true;
  }
  return false;
}

/** What the text of a class tells, if it was analyzed. */
export function factsOf(f: AnyFunction): ClassFacts | undefined {
  return analyses.get(f)?.class;
}

/** Analyzes the text of a function. */
async function read(f: AnyFunction, seen: Snapshot, label: string): Promise<Analysis> {
  const tools = await loadTools();
  const { source, variables, location } = seen;
  const analysis = analyses.get(f) ?? analyze(tools, source, label, isSloppy(f));
  analyses.set(f, analysis);
  const { name, written } = analysis.ownName ?? {};
  const variable = variables.get(name!);
  // Inside a function expression its own name is a constant. The name of a declaration is a
  // variable outside the function, and something else may have been assigned to it.
  const matters = variable && (written || variable.value !== f);
  if (!matters) return analysis;
  const node = enclosing(tools, location!).at(-1);
  return node?.type === "FunctionDeclaration" ? analysis.asDeclaration() : analysis;
}

/**
 * The text of the function expression around a function that a name means, if it means one.
 * The debugger does not show that variable, but may show another variable of that name
 * further out.
 */
async function expressionAround(
  name: string,
  { scopes, location, variables }: Snapshot,
): Promise<string | undefined> {
  const variable = variables.get(name);
  const at = scopes.findIndex(({ kind }) => kind === `Closure (${name})`);
  const isInner = variable && at >= 0 && variable.scope <= at;
  // Most names are names of declarations.
  const isOwn = typeof variable?.value === "function" &&
    nameOf(variable.value) === name;
  if (isInner || isOwn && at < 0) return undefined;
  const around = enclosing(await loadTools(), location!);
  const owner = around.findLast((node) =>
    node.type === "FunctionExpression" && node.id?.name === name
  );
  if (!owner) return undefined;
  const { value } = variable ?? {};
  const text = scriptSource(location!.scriptId).slice(owner.start, owner.end);
  // Such as `const f = function f() { … }`.
  const isSame = typeof value === "function" && sourceOf(value) === text;
  return isSame ? undefined : text;
}

async function captureVariables(
  context: Context,
  found: Found,
  f: AnyFunction,
  analysis: Analysis,
  captured: Map<string, Captured>,
  file: string | undefined,
): Promise<void> {
  const { findings, job } = context;
  const seen = context.snapshots.get(f)!;
  const { variables, scopes, location } = seen;
  const functions = functionNamesIn(file);
  const isKnown = (name: string) =>
    name in globalThis || name === analysis.class?.parentName;
  for (const name of analysis.free.keys()) {
    // A function that was sent to this worker uses these; the next worker passes its own.
    if (GIVEN.includes(name)) continue;
    const text = functions.has(name) ? await expressionAround(name, seen) : undefined;
    if (text !== undefined) {
      const value = await functionAround(context, found, f, name, text);
      findings.see(value, found, ` → ${name}`);
      captured.set(name, { scope: -1, slot: () => findings.slot(value) });
      continue;
    }
    const variable = variables.get(name);
    if (!variable) {
      // A global; or a variable that V8 has not kept, because only a computed name used it.
      if (analysis.free.get(name)!.early && !isKnown(name)) {
        refuse(
          context,
          found,
          `a class with a field whose name is computed from "${name}"`,
          `use "${name}" in one of its methods, too`,
        );
      }
      continue;
    }
    const { scope, value, ready } = variable;
    const binding = file && scopes[scope]!.kind.startsWith("Module")
      ? (await bindingsOf(location!.scriptId)).get(name)
      : undefined;
    if (binding && value !== job && !isImportedByValue(binding, file!)) {
      const key = JSON.stringify([file, binding.specifier, binding.name]);
      const imported = findings.settleImport(key, value, found, name);
      imported.node ??= () => importNode(file!, binding);
      context.imports.set(key, { file: file!, binding, by: found });
      captured.set(name, { scope: -1, slot: () => ({ node: imported.number! }) });
    } else if (ready) {
      findings.see(value, found, ` → ${name}`);
      captured.set(name, { scope, slot: () => findings.slot(value) });
    } else captured.set(name, { scope: -1, slot: undefined });
  }
}
