/**
 * The modules of the program: what they import and export, and which of them are to be sent
 * as source text.
 *
 * @module
 */

import { dirname, relative } from "node:path/posix";
import { within } from "../../common/within.ts";
import { settings } from "../../settings.ts";
import { type ImportBinding, importsOf, loadTools } from "./analyze.ts";
import { isImporting } from "../importing.ts";
import { inspectFunction, scriptSource, scriptUrl } from "./inspector.ts";
import { type Node, SHIPPED } from "../payload.ts";
import { type AnyFunction, isClass, sourceOf } from "./texts.ts";

/** How long importing a module may take that is already loaded, in milliseconds. */
const IMPORT_TIMEOUT = 1000;

// Resolves the user's specifiers. It is a variable so that `deno publish` does not look for
// them in this package.
const { resolve: resolveName } = import.meta;
const importModule = new Function("module", "return import(module)") as (
  module: string,
) => Promise<object>;

/** The file of a script, even if the script was sent to this worker. */
export function fileOf(url: string | undefined): string | undefined {
  return url?.endsWith(SHIPPED) ? url.slice(0, -SHIPPED.length) : url;
}

/** Whether a script is Deno's own. */
export function isInternal(url: string | undefined): boolean {
  return /^(ext|node):/.test(url ?? "");
}

const bindings = new Map<string, Map<string, ImportBinding>>();

/** The imports of a script, by local name. */
export async function bindingsOf(
  scriptId: string,
): Promise<Map<string, ImportBinding>> {
  let known = bindings.get(scriptId);
  if (!known) {
    known = importsOf(await loadTools(), scriptSource(scriptId));
    bindings.set(scriptId, known);
  }
  return known;
}

/** A node for an import that the worker makes as the module `file` would. */
export function importNode(file: string, binding: ImportBinding): Node {
  return { kind: "import", file, ...binding };
}

/** Whether an import of a file is sent as source text. */
export function isImportedByValue({ specifier }: ImportBinding, file: string): boolean {
  return isByValue(resolve(specifier, file));
}

/**
 * Whether a module's functions are sent as source text: the user has set that, or this is a
 * worker that loads modules for a function. In the second case one of these modules may be
 * making the call, and a worker that imported it would make the same call again.
 */
function isByValue(module: string): boolean {
  if (isImporting() && /^(file|https?):/.test(module)) return true;
  return settings.valueModules.some((name) =>
    resolve(name, Deno.mainModule) === module
  );
}

/** The setting by which a class is sent as source text, for messages. */
export function valueModulesWith(owner: object): string {
  const { scriptId = "" } = inspectFunction(owner).location ?? {};
  const names = [...settings.valueModules, nameFromMain(fileOf(scriptUrl(scriptId))!)];
  const list = names.map((name) => JSON.stringify(name)).join(", ");
  return `settings.valueModules = [${list}]`;
}

/** The name of a module relative to the main module: a path, if both are files. */
function nameFromMain(module: string): string {
  // The thread of a worker has no main module.
  const main = URL.parse(Deno.mainModule);
  const { protocol, pathname } = new URL(module);
  if (protocol !== "file:" || main?.protocol !== "file:") return module;
  const path = decodeURI(relative(dirname(main.pathname), pathname));
  return path.startsWith("../") ? path : `./${path}`;
}

function resolve(specifier: string, file: string): string {
  if (/^\.{0,2}\//.test(specifier)) return new URL(specifier, file).href;
  try {
    return URL.canParse(specifier) ? specifier : resolveName(specifier);
  } catch {
    return specifier;
  }
}

/**
 * The name under which a module exports a value. A module that is still being loaded does not
 * count: it may be waiting for this call, and a worker that imported it would make the same
 * call again.
 */
export async function exportName(
  value: unknown,
  module: string | undefined,
): Promise<string | undefined> {
  if (!module || module === Deno.mainModule || !/^(file|https?):/.test(module)) {
    return undefined;
  }
  if (isByValue(module)) return undefined;
  const exports = exportsOf(await importLoaded(module) ?? {});
  return exports?.find(([, exported]) => exported === value)?.[0];
}

/** The exports of a module, by name; `undefined` while it is being loaded. */
export function exportsOf(namespace: object): [string, unknown][] | undefined {
  try {
    return Object.entries(namespace);
  } catch {
    // One of them has no value yet.
    return undefined;
  }
}

/** A module that is already loaded; `undefined` if it is still being loaded. */
export async function importLoaded(module: string): Promise<object | undefined> {
  // A module whose top level waits for this call is still being loaded.
  try {
    return await within(IMPORT_TIMEOUT, importModule(module), undefined);
  } catch {
    return undefined;
  }
}

const classes = new Map<string, [name: string, type: AnyFunction][]>();

/** The classes that a module of the user's exports, if it is loaded. */
export async function classesOf(
  file: string,
  { specifier, attributes }: ImportBinding,
): Promise<[name: string, type: AnyFunction][]> {
  const module = resolve(specifier, file);
  // Packages may have hundreds of them.
  if (!/^(file|https?):/.test(module) || Object.keys(attributes).length > 0) return [];
  const known = classes.get(module);
  if (known) return known;
  const exports = exportsOf(await importLoaded(module) ?? {}) ?? [];
  const found = exports.filter((entry): entry is [string, AnyFunction] =>
    typeof entry[1] === "function" && isClass(sourceOf(entry[1]))
  );
  if (exports.length > 0) classes.set(module, found);
  return found;
}
