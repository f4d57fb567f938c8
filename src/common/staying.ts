/**
 * Objects that stay in the program that made them: dispatchers, schedulers and jobs, and
 * promises in objects of classes. Functions often capture one without using it, such as in
 * `this` of a method that calls `map`. A stand-in takes their place on the worker, which
 * throws when it is used.
 *
 * @module
 */

import { GridEngineError } from "../errors.ts";
import { nodeModule } from "./node.ts";

/** The names of classes whose objects stay, by their prototypes, and those of stand-ins. */
const staying = new WeakMap<object, string>();

/** Says of a class that its objects stay. */
export function stays({ prototype, name }: { prototype: object; name: string }): void {
  staying.set(prototype, name);
}

/** The name of the class of an object that stays, or is the stand-in of one. */
export function stayingName(object: object): string | undefined {
  const { isProxy } = nodeModule("node:util/types");
  // Such as the prototype of a class that extends one of these.
  if (!isProxy(object) && Object.hasOwn(object, "constructor")) return undefined;
  for (let at: object | null = object; at; at = Object.getPrototypeOf(at)) {
    const name = staying.get(at);
    if (name !== undefined || isProxy(at)) return name;
  }
  return undefined;
}

/** What takes the place of an object that stays. */
export function standInFor(name: string): object {
  const standIn = new Proxy({}, {
    get(_, key) {
      // Such as those that `console.log` and `await` look for.
      if (typeof key === "symbol" || key === "then" && name !== "Promise") {
        return undefined;
      }
      throw new GridEngineError(
        `A ${name} stays in the program that made it, so a worker cannot use its ` +
          `"${key}": use it in the program, or make another one in the function`,
      );
    },
  });
  staying.set(standIn, name);
  return standIn;
}
