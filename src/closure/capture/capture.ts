/**
 * Turns functions and classes into data, on the host, with everything that they captured.
 *
 * What a worker has itself is sent by name: built-ins, and exports of other modules.
 * Everything else is sent as source text with the values of the variables that it uses. The
 * functions and objects among these values are sent in the same way.
 *
 *     capture ──> Explorer ──> functions, shipping, classes: how a function travels
 *                    │   └───> plain data, instances, foreign: how an object travels
 *                    └───────> Findings (what was seen), Shipment (the program texts)
 *
 * @module
 */

import { packsItself } from "../../common/packing_symbols.ts";
import { shortName } from "../../common/shorten.ts";
import { complaintOf, serialize } from "../../protocol/values.ts";
import { UNNAMED, wayTo } from "./complaints.ts";
import { Explorer } from "./explore.ts";
import { Findings, type Found } from "./found.ts";
import { Heap } from "./heap.ts";
import type { CodePayload, Graph, Node, Slot, Task } from "../payload.ts";
import type { Root } from "./root.ts";
import { Shipment } from "./scripts.ts";
import { hasPrivates } from "./shipping.ts";
import type { Snapshots } from "./snapshot.ts";
import { type AnyFunction, nameOf } from "./texts.ts";

/** Code in the form that workers receive. */
export interface Code {
  /** A {@linkcode CodePayload}, serialized. */
  bytes: Uint8Array;
  /** Whether a later capture would be the same: it is one function without variables. */
  constant: boolean;
  /** The prototypes of its classes whose instances may come back, by their numbers. */
  classes: ReadonlyMap<number, object>;
  /** The numbers of what is in it. */
  known: ReadonlyMap<unknown, number>;
  /** Its classes of which workers can make objects with `#private` fields. */
  restorable: ReadonlySet<unknown>;
  /** Why objects with these prototypes cannot be sent, of those that were asked for. */
  refused?: ReadonlyMap<object, string>;
}

/**
 * Captures a function or class, and values that belong to it.
 *
 * @param root The function or class.
 * @param task Makes the worker's task from the slots of the root and the other values, in
 * this order.
 * @param others Further values, each with a name for error messages.
 * @param job The class `Job`, which a worker has itself.
 * @throws {SerializationError} If something cannot be sent. The message names it by the path
 * that leads to it, and says what to do.
 */
export async function capture(
  root: Root,
  task: (slots: Slot[]) => Task,
  others: { name: string; value: unknown }[] = [],
  job?: AnyFunction,
): Promise<Code> {
  const { value, snapshots } = root;
  const all = [{ name: shortName(nameOf(value)) || UNNAMED, value }, ...others];
  const graph = await graphOf(all, snapshots, new Map(), job);
  const code: CodePayload = {
    nodes: graph.nodes,
    scripts: graph.scripts,
    classes: [...graph.classes.keys()],
    ...task(graph.slots),
  };
  return {
    bytes: graph.serialize(code),
    classes: graph.classes,
    known: graph.known,
    restorable: graph.restorable,
    constant: isConstant(code),
  };
}

/** Code that adds to another one. */
export interface Addition
  extends Pick<Code, "bytes" | "classes" | "known" | "restorable"> {
  /** The numbers of what it uses of other code. */
  needs: number[];
}

/**
 * Captures functions and classes that are added to a code which workers have.
 *
 * @param values What to add, with names for error messages.
 * @param known What is in that code.
 * @param snapshots The variables of functions, as far as these count as they were before.
 * @throws {SerializationError} If something cannot be sent.
 */
export async function captureMore(
  values: { name: string; value: unknown }[],
  known: ReadonlyMap<unknown, number>,
  snapshots: Snapshots,
): Promise<Addition> {
  const graph = await graphOf(values, snapshots, known, undefined);
  const { nodes, scripts, classes } = graph;
  const more: Graph = { nodes, scripts, classes: [...classes.keys()] };
  const needs = nodes.flatMap((node) => node.kind === "known" ? [node.node] : []);
  const { known: added, restorable } = graph;
  return { bytes: graph.serialize(more), classes, known: added, restorable, needs };
}

/** Everything that belongs to some values. */
async function graphOf(
  values: { name: string; value: unknown }[],
  snapshots: Snapshots,
  known: ReadonlyMap<unknown, number>,
  job: AnyFunction | undefined,
) {
  const findings = new Findings();
  using heap = new Heap();
  const explorer = new Explorer({
    roots: new Set(values.map(({ value }) => value)),
    snapshots,
    heap,
    job,
    findings,
    shipment: new Shipment(),
    imports: new Map(),
    members: new Map(),
    packed: [],
    known,
  });
  for (const { name, value } of values) await explorer.explore(value, name);
  await explorer.exploreImports();
  await explorer.exploreScopes();
  const { found, scripts } = explorer.finish();
  const nodes = found.map(({ node }) => node!());
  return {
    nodes,
    scripts,
    slots: values.map(({ value }) => findings.slot(value)),
    classes: classesAmong(found, nodes),
    restorable: explorer.restorable(),
    known: new Map(found.map(({ value }, number) => [value as unknown, number])),
    serialize(code: Graph): Uint8Array {
      try {
        return serialize(code);
      } catch (cause) {
        const data = findings.data().map((found) => ({
          child: found.value,
          step: () => wayTo(found).path,
        }));
        throw complaintOf(data, "a worker", cause);
      }
    },
  };
}

/** Whether a later capture would be the same. */
function isConstant({ nodes, scripts }: Graph): boolean {
  const [only] = nodes;
  return nodes.length === 1 && scripts.length === 1 &&
    scripts[0]!.variables.length === 0 && only!.kind === "function" &&
    only!.members.properties.length === 0 && !only!.members.gone;
}

/**
 * The prototypes of classes of which the host can make instances from data: none that has
 * `#private` members, for only its constructor can give these, unless it says how.
 */
function classesAmong(found: Found[], nodes: Node[]): Map<number, object> {
  const classes = new Map<number, object>();
  for (const [number, { value }] of found.entries()) {
    const { kind } = nodes[number]!;
    if (kind !== "class" && kind !== "function" && kind !== "import") continue;
    if (typeof value !== "function") continue;
    const own = Object.getOwnPropertyDescriptor(value, "prototype");
    const prototype: unknown = own?.value;
    if (typeof prototype !== "object" || prototype === null) continue;
    if (packsItself(prototype) || !hasPrivates(value)) classes.set(number, prototype);
  }
  return classes;
}
