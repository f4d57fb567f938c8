/**
 * From a value to what it holds: each step as a program would write it, for messages.
 *
 * @module
 */

import { nodeModule } from "../common/node.ts";
import { PACK, packsItself } from "../common/packing_symbols.ts";
import { shortName } from "../common/shorten.ts";

/** How to write the step to a property. */
export function stepTo(key: PropertyKey): string {
  if (typeof key === "symbol") return `[Symbol(${shortName(key.description ?? "")})]`;
  const name = shortName(String(key));
  if (/^\d+$/.test(name)) return `[${name}]`;
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name)
    ? `.${name}`
    : `[${JSON.stringify(name)}]`;
}

/** How to write the step to a value of a map. */
export function stepToValue(key: unknown, index: number): string {
  return typeof key === "string"
    ? `.get(${JSON.stringify(shortName(key))})`
    : `.values()[${index}]`;
}

/** What something holds, and how to write the step there. */
export interface Child {
  child: unknown;
  step: () => string;
}

/** What is written of what an object holds, in its order. */
export function* childrenOf(object: object): Generator<Child, void> {
  if (ArrayBuffer.isView(object)) return;
  const types = nodeModule("node:util/types");
  if (packsItself(object)) yield { child: object[PACK]!(), step: () => "[pack]()" };
  else if (types.isMap(object)) {
    let i = 0;
    for (const [key, child] of Map.prototype.entries.call(object)) {
      const index = i++;
      yield { child: key, step: () => `.keys()[${index}]` };
      yield { child, step: () => stepToValue(key, index) };
    }
  } else if (types.isSet(object)) {
    let i = 0;
    for (const child of Set.prototype.values.call(object)) {
      const index = i++;
      yield { child, step: () => `.values()[${index}]` };
    }
  } else if (types.isNativeError(object)) {
    const cause = Object.getOwnPropertyDescriptor(object, "cause");
    if (cause) yield { child: cause.value, step: () => ".cause" };
  } else {
    // Not by number: the length of an array says nothing of how much is in it.
    for (const key of Object.keys(object)) {
      const child = (object as Record<string, unknown>)[key];
      yield { child, step: () => stepTo(key) };
    }
  }
}
