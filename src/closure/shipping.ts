/**
 * Functions and classes that travel by their source, with the variables that they
 * capture.
 *
 * @module
 */

import { type Analysis, analyze, loadTools } from "./analyze.ts";
import { NAMES } from "./class_text.ts";
import { exploreClass } from "./classes.ts";
import { labelOf, refuse } from "./complaints.ts";
import type { Context } from "./context.ts";
import type { Found } from "./found.ts";
import { exploreMembers } from "./function_members.ts";
import { bindingsOf, importNode, isImportedByValue } from "./modules.ts";
import type { Captured } from "./scripts.ts";
import { type AnyFunction, headOf, needsNothing, placeOf, simple } from "./texts.ts";

/** What every worker gives the text of functions that are shipped to it. */
const GIVEN: string[] = [NAMES.importMeta, NAMES.restore, NAMES.keep];

/** What was read once. */
const analyses = new WeakMap<AnyFunction, Analysis>();

/** Takes a function or class along by its source. */
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
  if (needsNothing(f, seen)) analysis = simple(seen.source);
  else {
    analysis = analyses.get(f) ?? analyze(await loadTools(), seen.source, label);
    analyses.set(f, analysis);
    await captureVariables(context, found, f, analysis, captured, file);
  }
  context.shipment.add({
    f,
    snapshot: seen,
    analysis,
    place: placeAfter(analysis.class ? analysis.class.head ?? "" : headOf(seen.source)),
    captured,
    restorable: false,
  });
  if (analysis.class) exploreClass(context, found, f, analysis, captured);
  else exploreMembers(context, found, f, analysis);
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
  const { variables, scopes, location } = context.snapshots.get(f)!;
  const isKnown = (name: string) =>
    name in globalThis || name === analysis.class?.parentName;
  for (const name of analysis.free.keys()) {
    // In what was shipped to this worker: the next one gives its own.
    if (GIVEN.includes(name)) continue;
    const variable = variables.get(name);
    if (!variable) {
      // A global; for V8 keeps none that only the name of a member was computed from.
      if (analysis.free.get(name)!.early && !isKnown(name)) {
        refuse(
          context,
          found,
          `a class with a field whose name is computed from "${name}"`,
          `use "${name}" in one of its methods, too, or make it a variable of the module`,
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
      captured.set(name, { scope: -1, slot: () => ({ node: imported.number! }) });
    } else if (ready) {
      findings.see(value, found, ` → ${name}`);
      captured.set(name, { scope, slot: () => findings.slot(value) });
    } else captured.set(name, { scope: -1, slot: undefined });
  }
}
