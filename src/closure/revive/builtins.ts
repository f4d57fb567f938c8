/**
 * Finds by name what a worker has itself.
 *
 * @module
 */

import { nodeProcess } from "../../common/node.ts";
import { GridEngineError } from "../../errors.ts";
import { HIDDEN, hiddenBuiltins } from "../hidden_builtins.ts";
import type { NodeOf } from "../payload.ts";

/** A symbol: the one of that name, or a new one. */
export function symbol({ registry, wellKnown, description }: NodeOf<"symbol">): symbol {
  if (registry !== undefined) return Symbol.for(registry);
  if (wellKnown !== undefined) return wellKnownSymbol(wellKnown);
  return Symbol(description);
}

function wellKnownSymbol(name: string): symbol {
  return Symbol[name as keyof SymbolConstructor] as unknown as symbol;
}

/** A built-in, or the accessor of one. */
export function builtin({ module, path, getter }: NodeOf<"builtin">): unknown {
  const start = module
    ? nodeProcess().getBuiltinModule(module)
    : path[0] === HIDDEN
    ? hiddenBuiltins
    : globalThis;
  const way = getter ? path.slice(0, -1) : path;
  const found = follow(start, way);
  const what = [...(module ? [module] : []), ...path].join(".");
  if (getter) {
    const key = path.at(-1)!;
    const own = Object.getOwnPropertyDescriptor(found as object, step(key));
    return own?.[getter];
  }
  if (found === undefined) {
    throw new GridEngineError(`The worker has no ${what}, which the function uses`);
  }
  return found;
}

/** Follows a path of properties. A step that starts with `@@` is a well-known symbol. */
export function follow(start: unknown, path: string[]): unknown {
  let at = start;
  for (const name of path) {
    at = (at as Record<PropertyKey, unknown> | undefined)?.[step(name)];
  }
  return at;
}

function step(name: string): PropertyKey {
  return name.startsWith("@@") ? wellKnownSymbol(name.slice(2)) : name;
}
