/**
 * Turns a graph into live functions and objects, on the worker.
 *
 * @module
 */

import { unpackerOf } from "../../common/packing_symbols.ts";
import { standInFor } from "../../common/staying.ts";
import { GridEngineError } from "../../errors.ts";
import { putTogether } from "../../protocol/platform.ts";
import { runImport } from "./evaluate.ts";
import { insideOf, LiveScripts } from "./live_scripts.ts";
import { restore, restoreObject } from "./restore.ts";
import { builtin, symbol } from "./builtins.ts";
import type {
  Graph,
  Key,
  Members,
  Node,
  NodeOf,
  Property,
  Slot,
  Task,
} from "../payload.ts";
import type { SentClasses } from "./sent_classes.ts";
import { argsOf, fill, makeShell } from "./shells.ts";

/** A live function. */
export type AnyFunction = (...args: unknown[]) => unknown;

/** The live value of a slot of a graph. */
export async function reviveSlot(
  graph: Graph,
  slot: Slot,
  classes: SentClasses,
): Promise<unknown> {
  const live = new LiveGraph(graph);
  await live.load();
  classes.are(live);
  return live.value(slot);
}

/** Makes what adds to a code live. */
export async function reviveMore(
  graph: Graph,
  classes: SentClasses,
  known: (number: number) => unknown,
): Promise<void> {
  const live = new LiveGraph(graph, known);
  await live.load();
  classes.are(live);
}

/** Imports what a graph needs, so that making it live later needs no time for that. */
export async function loadModules({ nodes }: Graph): Promise<void> {
  await Promise.all(nodes.map((node) => node.kind === "import" && runImport(node)));
}

/** The class that replaces `Job` on the worker. Its fields are those of the job. */
class JobBase {
  run(): unknown {
    const request = requests.get(this);
    if (request) return request.target(...request.args);
    throw new GridEngineError(
      "The job has nothing to run: pass a target, or override run(controller)",
    );
  }
}

/** The targets and arguments of jobs. */
const requests = new WeakMap<object, { target: AnyFunction; args: unknown[] }>();

/** A live job, with the target that its `super.run()` calls, if it has one. */
export async function reviveJob(
  graph: Graph,
  { job, target, args }: Extract<Task, { kind: "job" }>,
  classes: SentClasses,
): Promise<object> {
  const live = new LiveGraph(graph);
  await live.load();
  classes.are(live);
  const revived = live.value(job) as object;
  if (target && args) {
    requests.set(revived, {
      target: live.value(target) as AnyFunction,
      args: live.value(args) as unknown[],
    });
  }
  return revived;
}

/** The objects of a graph while they are made. */
class LiveGraph {
  readonly #graph: Graph;
  readonly #known: (number: number) => unknown;
  readonly #made: unknown[] = [];
  readonly #isMade: boolean[] = [];
  readonly #scripts: LiveScripts;
  /** Steps that complete objects which are already made. */
  readonly #unfinished: (() => void)[] = [];
  /** `#get`, for functions outside this class. */
  readonly #resolve = (slot: Slot) => this.#get(slot);

  /**
   * @param graph What to make.
   * @param known Knows what is in the codes that it adds to.
   */
  constructor(graph: Graph, known: (number: number) => unknown = () => undefined) {
    this.#graph = graph;
    this.#known = known;
    this.#scripts = new LiveScripts(graph, restore, this.#resolve);
  }

  /** Makes the imports, and evaluates the scripts. */
  async load(): Promise<void> {
    const { nodes } = this.#graph;
    await Promise.all(nodes.map(async (node, number) => {
      if (node.kind === "import") this.#put(number, await runImport(node));
    }));
    this.#scripts.load();
  }

  /** The live value of a slot, with everything that belongs to it. */
  value(slot: Slot): unknown {
    const value = this.#get(slot);
    this.#finish();
    return value;
  }

  /** The classes whose instances the host can make, by the prototypes of these. */
  classes(): Map<object, number> {
    const found = new Map<object, number>();
    for (const node of this.#graph.classes) {
      const type = this.value({ node });
      if (typeof type === "function") found.set(type.prototype, node);
    }
    return found;
  }

  #finish(): void {
    for (let work; (work = this.#unfinished.pop());) work();
  }

  /** The live value of a slot, which may not be complete yet. */
  #get(slot: Slot): unknown {
    if (!("node" in slot)) return slot.value;
    const { node: number } = slot;
    if (!this.#isMade[number]) {
      const node = this.#graph.nodes[number]!;
      const made = this.#make(node, number);
      if (!this.#isMade[number]) this.#put(number, made);
    }
    return this.#made[number];
  }

  #put(number: number, value: unknown): void {
    this.#made[number] = value;
    this.#isMade[number] = true;
  }

  #make(node: Node, number: number): unknown {
    switch (node.kind) {
      case "builtin":
        return builtin(node);
      case "import":
        throw new GridEngineError(`${node.specifier} was not imported`);
      case "job":
        return JobBase;
      case "stays":
        return standInFor(node.name);
      case "symbol":
        return symbol(node);
      case "platform": {
        const made = putTogether(node.name, node.data);
        this.#unfinished.push(() => this.#addMembers(made, node.members));
        return made;
      }
      case "bound":
      case "partial":
        return this.#makeClosed(node);
      case "member":
        this.#get(node.of);
        // Making the class has stored it.
        return this.#made[number];
      case "function":
      case "class":
        return this.#makeFunction(node, number);
      case "known":
        return this.#known(node.node);
      case "packed":
        return this.#makePacked(node, number);
      case "prototype":
        return this.#makePrototype(node, number);
      case "object":
        return this.#makeObject(node, number);
      default:
        return node satisfies never;
    }
  }

  #makeClosed(node: NodeOf<"bound" | "partial">): unknown {
    const target = this.#get(node.target) as AnyFunction;
    const args = node.args.map((arg) => this.#get(arg));
    const closed: AnyFunction = node.kind === "bound"
      ? target.bind(this.#get(node.self), ...args)
      : (...rest) => target(...args, ...rest);
    this.#unfinished.push(() => this.#addMembers(closed, node.members));
    return closed;
  }

  #makeFunction(node: NodeOf<"function" | "class">, number: number): unknown {
    const { variables, early } = this.#graph.scripts[node.script]!;
    const loaded = this.#scripts.get(node.script);
    if (this.#isMade[number]) return this.#made[number];
    const first = early[node.index]!;
    for (const key of first) {
      const { value } = variables.find((variable) => variable.key === key)!;
      loaded.setters.get(key)?.(this.#get(value));
    }
    // A computed key may need a complete function.
    if (first.length > 0) this.#finish();
    if (this.#isMade[number]) return this.#made[number];
    const made = loaded.makers[node.index]!();
    const f = typeof made === "function" ? made : methodOf(made as object);
    this.#put(number, f);
    const evaluator = loaded.inside[node.index];
    if (evaluator) insideOf.set(f as AnyFunction, evaluator);
    for (const { node: at, member } of node.taken) {
      const owner = member.static ? f : (f as AnyFunction).prototype as object;
      const own = Object.getOwnPropertyDescriptor(owner, this.#key(member.key));
      this.#put(at, own![member.part]);
    }
    for (const key of ["name", "length"] as const) {
      const own = Object.getOwnPropertyDescriptor(f, key);
      if (typeof own?.value === typeof node[key] && own!.value !== node[key]) {
        Object.defineProperty(f, key, { value: node[key] });
      }
    }
    if (node.parent) Object.setPrototypeOf(f, this.#get(node.parent) as object | null);
    this.#unfinished.push(() => {
      if (node.prototype) this.#get(node.prototype);
      for (const { key, value } of variables) {
        const set = loaded.setters.get(key);
        loaded.setters.delete(key);
        set?.(this.#get(value));
      }
      for (const { name, value } of node.privates) {
        loaded.statics[node.index]!(name, this.#get(value));
      }
      this.#addMembers(f, node.members);
    });
    return f;
  }

  /** Has its class make an object. Both must be whole. */
  #makePacked(node: NodeOf<"packed">, number: number): unknown {
    const { prototype } = this.#get(node.type) as { prototype: object };
    const data = this.#get(node.data);
    this.#finish();
    // The class may hold the object itself.
    if (this.#isMade[number]) return this.#made[number];
    return unpackerOf(prototype)!(data);
  }

  #makePrototype(node: NodeOf<"prototype">, number: number): unknown {
    const { prototype } = this.#get(node.of) as { prototype: object };
    // The function may have made it meanwhile.
    if (this.#isMade[number]) return this.#made[number];
    this.#put(number, prototype);
    if (node.parent) {
      Object.setPrototypeOf(prototype, this.#get(node.parent) as object | null);
    }
    this.#unfinished.push(() => this.#addMembers(prototype, node.members));
    return prototype;
  }

  #makeObject(node: NodeOf<"object">, number: number): unknown {
    const { shell, maker, privates, members } = node;
    const prototype = this.#get(node.prototype) as object | null | undefined;
    if (this.#isMade[number]) return this.#made[number];
    const made = maker &&
      restoreObject(this.#get(maker) as AnyFunction, argsOf(shell, this.#resolve));
    const object = made ? made.object : makeShell(shell, this.#resolve);
    if (prototype !== undefined && Object.getPrototypeOf(object) !== prototype) {
      Object.setPrototypeOf(object, prototype);
    }
    this.#put(number, object);
    this.#unfinished.push(() => {
      fill(object, shell, this.#resolve);
      for (const { name, value } of privates) made!.set(name, this.#get(value));
      this.#addMembers(object, members);
    });
    return object;
  }

  #addMembers(object: object, { properties, gone = [], sealed }: Members): void {
    for (const key of gone) Reflect.deleteProperty(object, this.#key(key));
    for (const property of properties) {
      Object.defineProperty(
        object,
        this.#key(property.key),
        this.#descriptor(property),
      );
    }
    if (sealed) Object.preventExtensions(object);
  }

  #key(key: Key): string | symbol {
    return typeof key === "string" ? key : this.#get(key) as symbol;
  }

  #descriptor(property: Property): PropertyDescriptor {
    const { enumerable, configurable } = property;
    if ("value" in property) {
      const { writable } = property;
      return { enumerable, configurable, writable, value: this.#get(property.value) };
    }
    if (!("get" in property)) {
      const { writable } = property;
      return { enumerable, configurable, ...(writable !== undefined && { writable }) };
    }
    return {
      enumerable,
      configurable,
      get: this.#get(property.get) as () => unknown,
      set: this.#get(property.set) as (value: unknown) => void,
    };
  }
}

/** The function in an object literal that holds one method or accessor. */
function methodOf(literal: object): object {
  const [key] = Reflect.ownKeys(literal);
  const { value, get, set } = Object.getOwnPropertyDescriptor(literal, key!)!;
  return value ?? get ?? set;
}
