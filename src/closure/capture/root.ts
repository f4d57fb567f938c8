/**
 * The part of a capture that must be done at the call: checks, and a snapshot of variables.
 * The rest of the capture is loaded while workers start.
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
 * Refuses values that are not functions, and classes, which cannot be called.
 *
 * @throws {TypeError} If the value is not a function that can be called.
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
      `Cannot call class "${name}" without new: pass a function, such as ` +
        `(x) => new ${name}(x)`,
    );
  }
}

/** A function or class with a snapshot of its variables, ready to be captured. */
export interface Root {
  value: AnyFunction;
  snapshots: Snapshots;
}

/**
 * Takes a snapshot of the variables around a function or class.
 *
 * @throws {SerializationError} In Deno's REPL: the REPL uses V8's inspector itself, and a
 * second session makes Deno panic.
 */
export function rootOf(value: AnyFunction): Root {
  // The thread of a worker has no main module.
  if (Deno.mainModule?.endsWith("/$deno$repl.mts")) {
    throw new SerializationError(
      "Functions of Deno's REPL cannot be sent to a worker: save the program in a file, and " +
        "run the file by deno run -A",
    );
  }
  const snapshots = mayInspect()
    ? snapshotAll(partialOf(value)?.target ?? value)
    : new Map();
  return { value, snapshots };
}
