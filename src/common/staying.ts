/**
 * Objects that stay in the program that made them: dispatchers and schedulers. Functions often
 * capture one without using it, such as in `this` of a method that calls `map`. A stand-in
 * takes their place on the worker, which throws when it is used.
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
      // Such as those that `await` and `console.log` look for.
      if (typeof key === "symbol" || key === "then") return undefined;
      throw new GridEngineError(
        `A ${name} stays in the program that made it, so a worker cannot use its ` +
          `"${key}": call map() in the function instead, or use it in the program`,
      );
    },
  });
  staying.set(standIn, name);
  return standIn;
}
