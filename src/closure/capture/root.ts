/**
 * A function that is to be captured, as it is when it is given: all that cannot wait. The
 * rest of the capture is loaded while workers start.
 *
 * @module
 */

import { SerializationError } from "../../errors.ts";
import { partialOf } from "./partials.ts";
import { shortName } from "../../common/shorten.ts";
import { mayInspect } from "./inspector.ts";
import { snapshotAll, type Snapshots } from "./snapshot.ts";
import { type AnyFunction, isClass, nameOf, sourceOf } from "./texts.ts";

/**
 * Refuses at once what can be seen to be no function that can travel.
 *
 * @throws {TypeError} When it is no function.
 */
export function checkFunction(f: unknown): void {
  if (typeof f !== "function") {
    const what = f === null ? "null" : `a value of type ${typeof f}`;
    throw new TypeError(`Cannot run ${what} on a worker: a function is expected`);
  }
  if (partialOf(f)) return checkFunction(partialOf(f)!.target);
  if (isClass(sourceOf(f))) {
    const name = shortName(nameOf(f));
    throw new TypeError(
      `Cannot call class "${name}" without new: give a function, such as ` +
        `(x) => new ${name}(x)`,
    );
  }
}

/** A function or class whose variables are written down, ready to be captured. */
export interface Root {
  value: AnyFunction;
  snapshots: Snapshots;
}

/**
 * Writes down the variables around a function or class as they are now.
 *
 * @throws {SerializationError} In Deno's REPL: it asks V8's inspector itself, and a second
 * question meanwhile ends Deno with a panic.
 */
export function rootOf(value: AnyFunction): Root {
  // The thread of a worker has no main module.
  if (Deno.mainModule?.endsWith("/$deno$repl.mts")) {
    throw new SerializationError(
      "Functions of Deno's REPL cannot be sent to a worker: save the program in a file, and " +
        "run that by deno run -A",
    );
  }
  const snapshots = mayInspect()
    ? snapshotAll(partialOf(value)?.target ?? value)
    : new Map();
  return { value, snapshots };
}
