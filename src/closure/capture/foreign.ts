/**
 * Objects that are not the user's: modules, and instances of classes of Deno or V8.
 *
 * @module
 */

import { nameOfError } from "../../protocol/failure_classes.ts";
import { article, prototypesOf } from "../../protocol/complaint.ts";
import { type BuiltinPlace, findGlobal, findInModules } from "./builtins.ts";
import { refuse } from "./complaints.ts";
import type { Context } from "./context.ts";
import { isImporting } from "../importing.ts";
import type { Found } from "./found.ts";
import { mayInspect, scriptUrl } from "./inspector.ts";
import { added, membersOf, seeMembers, writeMembers } from "./members.ts";
import { exportsOf, importLoaded, importNode, isInternal } from "./modules.ts";
import { isBase } from "./objects.ts";
import { snapshot } from "./snapshot.ts";
import { type AnyFunction, isNative, sourceOf } from "./texts.ts";

/**
 * The module of Node.js whose default import an object is.
 *
 * @param held The values that the object holds.
 */
export function nodeModule(
  { snapshots }: Context,
  object: object,
  held: unknown[],
): BuiltinPlace | undefined {
  // Searching all modules takes long, so it is done only if the object looks like one.
  const f = held.find((value) => typeof value === "function") as AnyFunction;
  if (!f || !mayInspect()) return undefined;
  const { location } = snapshot(f, snapshots);
  const url = location && scriptUrl(location.scriptId);
  const mayBe = url ? isInternal(url) : isNative(sourceOf(f));
  return mayBe && !findGlobal(f) ? findInModules(object) : undefined;
}

/** Finds what belongs to a module namespace, which `await import()` returned. */
export async function exploreNamespace(
  context: Context,
  found: Found,
  namespace: object,
): Promise<void> {
  if (isImporting()) return exploreExports(context, found, namespace);
  const exports = exportsOf(namespace) ?? [];
  const main = exports.find(([name]) => name === "default")?.[1];
  const own = Object(main) === main ? findInModules(main) : undefined;
  if (own?.module && own.path.length === 0) {
    const binding = { specifier: own.module, name: "*", attributes: {} };
    found.node = () => importNode(Deno.mainModule, binding);
    return;
  }
  for (const [, value] of exports) {
    if (typeof value !== "function" || isNative(sourceOf(value))) continue;
    const { location } = snapshot(value, context.snapshots);
    const url = location && scriptUrl(location.scriptId);
    if (!url || url === Deno.mainModule || await importLoaded(url) !== namespace) {
      continue;
    }
    found.node = () => importNode(url, { specifier: url, name: "*", attributes: {} });
    return;
  }
  refuse(
    context,
    found,
    "a module that was imported by import()",
    "import it in the function",
  );
}

/**
 * Sends a module as an object with those of its exports that have a value. This is used while
 * a worker loads modules, because this module may be the one that makes the call.
 */
function exploreExports({ findings }: Context, found: Found, namespace: object): void {
  const exports = Object.create(null);
  for (const name of Object.getOwnPropertyNames(namespace)) {
    try {
      exports[name] = (namespace as Record<string, unknown>)[name];
    } catch {
      // This export has no value yet.
    }
  }
  const own = added(membersOf(exports, []));
  seeMembers(findings, found, own);
  found.node = () => ({
    kind: "object",
    shell: { kind: "record" },
    prototype: { value: null },
    privates: [],
    members: writeMembers(findings, exports, own),
  });
}

/** The name of a class of Deno or V8 whose instances have more than their fields. */
export function foreignClass(
  { snapshots }: Context,
  object: object,
): string | undefined {
  // Such as a Buffer: whatever its class, its contents are its bytes.
  if (ArrayBuffer.isView(object)) return undefined;
  for (const proto of prototypesOf(object)) {
    // Errors of Deno have no more than others.
    if (isBase(proto) || nameOfError(proto) !== undefined) continue;
    const next = Object.getOwnPropertyDescriptor(proto, "next")?.value;
    if (typeof next === "function" && isNative(sourceOf(next))) return "an iterator";
    const place = findGlobal(proto);
    if (place) {
      const name = place.path.filter((step) => step !== "prototype" && step !== "");
      return article(name.join("."));
    }
    const f = Object.getOwnPropertyDescriptor(proto, "constructor")?.value;
    if (typeof f !== "function" || !mayInspect()) continue;
    const { location, source } = snapshot(f, snapshots);
    const url = location && scriptUrl(location.scriptId);
    if (!isNative(source) && !isInternal(url)) continue;
    const isDeno = (Deno as unknown as Record<string, unknown>)[f.name] === f;
    return article(
      isDeno || url?.startsWith("ext:") && /Conn|Listener|File|Process/.test(f.name)
        ? `Deno.${f.name}`
        : f.name,
    );
  }
  return undefined;
}
