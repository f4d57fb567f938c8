/**
 * Functions and classes into data, on the host, with all that they captured.
 *
 * What a worker has by itself travels by name: built-ins, and what other modules export.
 * All else travels by its source with the values of the variables that it uses, and so
 * do the functions and objects among those, until nothing is left.
 *
 *     capture ──> Explorer ──> functions, shipping, classes: how a function travels
 *                    │   └───> plain data, instances, foreign: how an object travels
 *                    └───────> Findings (what was seen), Shipment (the program texts)
 *
 * @module
 */

import { SerializationError } from "../errors.ts";
import { partialOf } from "../partial.ts";
import { shortName } from "../protocol/steps.ts";
import { complaintOf, serialize } from "../protocol/values.ts";
import { UNNAMED, wayTo } from "./complaints.ts";
import { Explorer } from "./explore.ts";
import { Findings } from "./found.ts";
import { mayInspect } from "./inspector.ts";
import type { CodePayload, Slot, Task } from "./payload.ts";
import { Shipment } from "./scripts.ts";
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

/** Code in the form in which workers take it. */
export interface Code {
  /** A {@linkcode CodePayload}, serialized. */
  bytes: Uint8Array;
  /** Whether it would be the same at any other time: it is one function, by itself. */
  constant: boolean;
}

/**
 * Captures a function or class, and values that belong to it.
 *
 * @param root The function or class.
 * @param task What a worker is to do with it and the values, which come in this order.
 * @param others Further values, each with what to call it.
 * @param job The class `Job`, which a worker has of its own.
 * @throws {SerializationError} When something cannot travel: it says what, by the path
 * that leads to it, and what to do.
 */
export async function capture(
  root: Root,
  task: (slots: Slot[]) => Task,
  others: { name: string; value: unknown }[] = [],
  job?: AnyFunction,
): Promise<Code> {
  const { value, snapshots } = root;
  const findings = new Findings();
  const explorer = new Explorer({
    snapshots,
    job,
    findings,
    shipment: new Shipment(),
    members: new Map(),
  });
  const all = [{ name: shortName(nameOf(value)) || UNNAMED, value }, ...others];
  for (const { name, value } of all) await explorer.explore(value, name);
  const { found, scripts } = explorer.finish();
  const nodes = found.map(({ node }) => node!());
  const slots = all.map(({ value }) => findings.slot(value));
  const code: CodePayload = { nodes, scripts, ...task(slots) };
  const [only] = nodes;
  try {
    return {
      bytes: serialize(code),
      constant: nodes.length === 1 && scripts.length === 1 &&
        scripts[0]!.variables.length === 0 && only!.kind === "function" &&
        only!.members.properties.length === 0 && !only!.members.gone,
    };
  } catch (cause) {
    const data = findings.data().map((found) => ({
      child: found.value,
      step: () => wayTo(found).path,
    }));
    throw complaintOf(data, "a worker", cause);
  }
}
