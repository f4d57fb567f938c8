/**
 * The modules of the program: what they import and export, and which of them the user
 * wants to travel by their source.
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

/** How long a module may take to be imported that is loaded already, in milliseconds. */
const IMPORT_TIMEOUT = 1000;

// Resolves the user's specifiers. It is taken out of `import.meta` so that `deno publish`
// does not look for them in this package.
const { resolve: resolveName } = import.meta;
const importModule = new Function("module", "return import(module)") as (
  module: string,
) => Promise<object>;

/** The file that a script is from, be it in a worker to which it was shipped. */
export function fileOf(url: string | undefined): string | undefined {
  return url?.endsWith(SHIPPED) ? url.slice(0, -SHIPPED.length) : url;
}

/** Whether a script is Deno's own. */
export function isInternal(url: string | undefined): boolean {
  return /^(ext|node):/.test(url ?? "");
}

const bindings = new Map<string, Map<string, ImportBinding>>();

/** What a script imports, by local name. */
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

/** What a worker is to import, as the module `file` would. */
export function importNode(file: string, binding: ImportBinding): Node {
  return { kind: "import", file, ...binding };
}

/** Whether what a file imports travels by its source. */
export function isImportedByValue({ specifier }: ImportBinding, file: string): boolean {
  return isByValue(resolve(specifier, file));
}

/**
 * Whether a module's functions travel by their source: the user wants it, or this is a
 * worker that loads modules for a function. One of those may be calling, and whoever
 * imported it would come to the same call again.
 */
function isByValue(module: string): boolean {
  if (isImporting() && /^(file|https?):/.test(module)) return true;
  return settings.valueModules.some((name) =>
    resolve(name, Deno.mainModule) === module
  );
}

/** What to write so that a class travels by its source. */
export function valueModulesWith(owner: object): string {
  const { scriptId = "" } = inspectFunction(owner).location ?? {};
  const names = [...settings.valueModules, nameFromMain(fileOf(scriptUrl(scriptId))!)];
  const list = names.map((name) => JSON.stringify(name)).join(", ");
  return `settings.valueModules = [${list}];`;
}

/** A module as the main one may name it: by a path, if both are files. */
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
 * Under which name a module exports a value. One that is still being loaded is not taken:
 * it may wait for us, and a worker that imports it would come to the same call again.
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

/** What a module exports, by name; nothing while it is being loaded. */
export function exportsOf(namespace: object): [string, unknown][] | undefined {
  try {
    return Object.entries(namespace);
  } catch {
    // It has not come to one of them yet.
    return undefined;
  }
}

/** A module that is loaded already. */
export async function importLoaded(module: string): Promise<object | undefined> {
  // One that waits for us at its top level, too, is still being loaded.
  try {
    return await within(IMPORT_TIMEOUT, importModule(module), undefined);
  } catch {
    return undefined;
  }
}
