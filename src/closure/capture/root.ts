/**
 * The part of a capture that must be done at the call: checks, and a snapshot of variables.
 * The rest of the capture is loaded while workers start.
 *
 * @module
 */

import { isInteractive } from "../../common/interactive.ts";
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
 * Takes a snapshot of the variables around a function or class, as they are now. In a REPL or
 * a notebook it is taken at the next turn of the event loop: there Deno runs each input by
 * V8's inspector, and a question to the inspector meanwhile makes Deno panic.
 */
export function rootOf(value: AnyFunction): Promise<Root> {
  if (!isInteractive()) return Promise.resolve(snapshotOf(value));
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, 0);
  const noted = promise.then(() => snapshotOf(value));
  // A run that does not begin does not ask for it.
  noted.catch(() => {});
  return noted;
}

function snapshotOf(value: AnyFunction): Root {
  const snapshots = mayInspect()
    ? snapshotAll(partialOf(value)?.target ?? value)
    : new Map();
  return { value, snapshots };
}

/**
 * Notes the variables around a function as they are now, if it was not noted before; not in a
 * REPL or a notebook, where the inspector cannot be asked now.
 */
export function noteVariables(f: AnyFunction, snapshots: Snapshots): void {
  if (isInteractive() || !mayInspect() || snapshots.has(f)) return;
  for (const [inner, made] of snapshotAll(f)) snapshots.set(inner, made);
}
