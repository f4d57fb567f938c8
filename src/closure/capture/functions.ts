/**
 * How a function or class is sent: by name, if it is built in or a module exports it; as its
 * parts, if it was bound; otherwise as source text.
 *
 * @module
 */

import { SerializationError } from "../../errors.ts";
import { type Partial_, partialOf } from "./partials.ts";
import { shortName } from "../../common/shorten.ts";
import { analyze, loadTools } from "./analyze.ts";
import { findGlobal, findInModules } from "./builtins.ts";
import { labelOf, refuse } from "./complaints.ts";
import type { Context } from "./context.ts";
import type { Found } from "./found.ts";
import { functionNode } from "./function_members.ts";
import { memberNode } from "./classes.ts";
import { added, membersOf, seeMembers, writeMembers } from "./members.ts";
import { type Inspected, mayInspect, scriptUrl } from "./inspector.ts";
import { exportName, fileOf, importNode, isInternal } from "./modules.ts";
import { ship } from "./shipping.ts";
import { snapshot } from "./snapshot.ts";
import { type AnyFunction, isNative, isSloppy, sourceOf } from "./texts.ts";

/** Finds what belongs to a function or class, and decides how it is sent. */
export async function exploreFunction(
  context: Context,
  found: Found,
  f: AnyFunction,
): Promise<void> {
  const member = context.members.get(f);
  if (member) {
    found.node = () => memberNode(context, member);
    return;
  }
  const made = partialOf(f);
  if (made) return explorePartial(context, found, made, f);
  // Such as `Function.prototype`, for which the inspector names a script that does not exist.
  const place = isNative(sourceOf(f)) && findGlobal(f);
  if (place) {
    found.node = () => ({ kind: "builtin", ...place });
    return;
  }
  if (!mayInspect()) return await exploreBlind(context, found, f);
  const { bound, location, source } = snapshot(f, context.snapshots);
  if (bound) return exploreBound(context, found, bound, f);
  const url = location && scriptUrl(location.scriptId);
  if (isNative(source) || isInternal(url)) {
    const place = findGlobal(f) ?? findInModules(f);
    if (!place) refuse(context, found, `the built-in function "${shortName(f.name)}"`);
    found.node = () => ({ kind: "builtin", ...place });
    return;
  }
  const file = fileOf(url);
  // The file of a function that was sent to this process is not loaded here as a module:
  // importing it would run the user's program again.
  const name = file === url ? await exportName(f, file) : undefined;
  if (name !== undefined) {
    const binding = { specifier: file!, name, attributes: {} };
    found.node = () => importNode(file!, binding);
    context.imports.set(JSON.stringify([file, name]), {
      file: file!,
      binding,
      by: found,
    });
    return;
  }
  await ship(context, found, f, file);
}

function explorePartial(
  { findings }: Context,
  found: Found,
  { target, args }: Partial_,
  f: AnyFunction,
): void {
  const own = added(membersOf(f, []));
  seeMembers(findings, found, own);
  findings.see(target, found, " → target");
  args.forEach((arg, i) => findings.see(arg, found, ` → args[${i}]`));
  found.node = () => ({
    kind: "partial",
    target: findings.slot(target),
    args: args.map((arg) => findings.slot(arg)),
    members: writeMembers(findings, f, own),
  });
}

function exploreBound(
  { findings }: Context,
  found: Found,
  { target, self, args }: NonNullable<Inspected["bound"]>,
  f: AnyFunction,
): void {
  const own = added(membersOf(f, []));
  seeMembers(findings, found, own);
  findings.see(target, found, " → target");
  findings.see(self, found, " → this");
  args.forEach((arg, i) => findings.see(arg, found, ` → args[${i}]`));
  found.node = () => ({
    kind: "bound",
    target: findings.slot(target),
    self: findings.slot(self),
    args: args.map((arg) => findings.slot(arg)),
    members: writeMembers(findings, f, own),
  });
}

/** Without the inspector only functions can be sent that use arguments and globals only. */
async function exploreBlind(
  context: Context,
  found: Found,
  f: AnyFunction,
): Promise<void> {
  const source = sourceOf(f);
  const place = findGlobal(f) ?? (isNative(source) ? findInModules(f) : undefined);
  if (place) {
    found.node = () => ({ kind: "builtin", ...place });
    return;
  }
  const label = labelOf(found, undefined);
  const fail = (what: string) => {
    throw new SerializationError(
      `${label} ${what}, which cannot be read without the permission to inspect the ` +
        `program: run it with --allow-sys`,
    );
  };
  if (isNative(source)) fail("was bound or is built in");
  const analysis = analyze(await loadTools(), source, label, isSloppy(f));
  const missing = [...analysis.free.keys()].find((name) => !(name in globalThis));
  if (missing !== undefined) fail(`uses the variable "${missing}"`);
  const [word] = analysis.around;
  if (word) fail(`uses \`${word}\` of the function around it`);
  if (analysis.placed) fail("uses import() or import.meta, and so its place");
  context.shipment.add({
    f,
    snapshot: {
      source,
      words: new Set(),
      variables: new Map(),
      location: undefined,
      scopes: [],
      bound: undefined,
    },
    analysis,
    place: undefined,
    captured: new Map(),
    restorable: false,
  });
  found.node = () => functionNode(context, f, added([]), "function");
}
