/**
 * Evaluates program text on the worker as if it were in the user's file.
 *
 * @module
 */

import { GridEngineError } from "../../errors.ts";
import { inside } from "../../common/inside.ts";
import { nodeModule, nodeProcess } from "../../common/node.ts";
import { shortened } from "../../common/shorten.ts";
import { importing } from "../importing.ts";
import { type NodeOf, type Place, SHIPPED } from "../payload.ts";

/** Uses the user's import map. It is a variable so that `deno publish` ignores it. */
const { resolve: resolveName } = import.meta;

const { core } = inside;

/** Words by which a text may import a module. */
const MAY_IMPORT = /\b(import|eval|Function)\b/;

/** Evaluates a text at another place, such as inside of a class. */
export type Evaluator = (text: string) => unknown;

/**
 * Evaluates source text as if it were at its place in the user's file. So stack traces name
 * that place, and `import("./other.ts")` finds neighbouring files.
 *
 * @param inside Evaluates it inside of a class.
 */
export function evaluate(
  source: string,
  place: Place | undefined,
  inside?: Evaluator,
): unknown {
  // Loaded first, so that modules see `process` with our changes.
  if (MAY_IMPORT.test(source)) nodeProcess();
  const isPlaced = place && URL.canParse(place.file);
  const before = isPlaced ? "\n".repeat(place.line) + " ".repeat(place.column) : "";
  if (inside) {
    const name = isPlaced ? `\n//# sourceURL=${place.file}${SHIPPED}` : "";
    return inside(before + source + name);
  }
  if (!core?.evalContext || !isPlaced) return evaluateByNode(source, place);
  const [value, error] = core.evalContext(before + source, place.file + SHIPPED);
  if (error) throw error.thrown;
  return value;
}

/** The same by `node:vm`, which takes 20 ms to load. */
function evaluateByNode(source: string, place: Place | undefined): unknown {
  const { constants, runInThisContext } = nodeModule("node:vm");
  return runInThisContext(source, {
    ...(place && URL.canParse(place.file) && {
      filename: place.file + SHIPPED,
      lineOffset: place.line,
      columnOffset: place.column,
    }),
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
}

/** Makes an import as the user's module would. */
export async function runImport(node: NodeOf<"import">): Promise<unknown> {
  const { file, specifier, name, attributes } = node;
  const load = evaluate("(specifier, options) => import(specifier, options)", {
    file,
    line: 0,
    column: 0,
  }) as (specifier: string, options: object) => Promise<Record<string, unknown>>;
  const module = await importing(() => load(specifier, { with: attributes }));
  if (name === "*") return module;
  if (name in module) return module[name];
  throw new GridEngineError(
    `The module ${shortened(specifier)} has no export "${name}" on the worker`,
  );
}

/** The `import.meta` for a function of this file. */
export function importMetaOf(place: Place | undefined): object {
  const url = place?.file ?? "";
  const isFile = url.startsWith("file:");
  const filename = isFile ? decodeURIComponent(new URL(url).pathname) : undefined;
  return {
    url,
    main: false,
    ...(filename && { filename, dirname: filename.replace(/\/[^/]*$/, "") || "/" }),
    resolve: (specifier: string) =>
      /^\.{0,2}\//.test(specifier)
        ? new URL(specifier, url).href
        : resolveName(specifier),
  };
}
