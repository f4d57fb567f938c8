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

import { shortName } from "../../common/shorten.ts";
import { complaintOf, serialize } from "../../protocol/values.ts";
import { UNNAMED, wayTo } from "./complaints.ts";
import { Explorer } from "./explore.ts";
import { Findings } from "./found.ts";
import type { CodePayload, Slot, Task } from "../payload.ts";
import type { Root } from "./root.ts";
import { Shipment } from "./scripts.ts";
import { type AnyFunction, nameOf } from "./texts.ts";

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
