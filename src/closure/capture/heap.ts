/**
 * Snapshots of V8's heap. They show what of the scopes around a function the debugger leaves
 * out: `this`, `new.target`, the names of function expressions, the objects in which `super`
 * looks, and whether two functions have the same scope.
 *
 * A snapshot takes some 0.4 s, and 0.1 s more for each megabyte of small objects. So it is
 * taken only for functions that need it, and only if the heap is small.
 *
 * @module
 */

import { HeapGraph } from "./heap_graph.ts";
import type { AnyFunction } from "./texts.ts";
import { nodeModule } from "../../common/node.ts";
import { fetch, Inspection, remoteOf } from "./inspector.ts";

/** A scope around a function. */
export interface HeapScope {
  /** Its node. */
  node: number;
  /** Its number. Functions that share the scope have the same number here. */
  id: number;
  /**
   * The names of its variables, in order, also of those that only V8 knows, such as
   * `.home_object`. That of a function may follow.
   */
  names: string[];
  /** The variables of a function: the numbers of the nodes that they hold, by name. */
  named: Map<string, number>;
  /** The nodes of what else it holds: variables of a block or a class that are objects. */
  others: number[];
}

/** A value of a node: `undefined` if it is one that the snapshot does not tell. */
export type HeapValue = { value: unknown } | undefined;

/** The values that a snapshot shows by their names. */
const CONSTANTS = new Map<string, HeapValue>([
  ["undefined", { value: undefined }],
  ["null", { value: null }],
  ["true", { value: true }],
  ["false", { value: false }],
]);

/** The most bytes of small objects of which a snapshot is taken: it takes some 3 s, and 1 GB. */
const MOST_SMALL = 32e6;
/** The most bytes of large ones: these are long lists, and each element costs as much. */
const MOST_LARGE = 8e6;
/** How much more memory a snapshot takes than the objects that it is of. */
const FACTOR = 15;

/** The list of holes that Deno's test runner makes: it costs nothing. */
const HOLES = 80_000_016;

/** Whether the heap is small enough for a snapshot. */
function isSmall(): boolean {
  const v8 = nodeModule("node:v8");
  let [small, large] = [0, 0];
  for (const { space_name, space_used_size } of v8.getHeapSpaceStatistics()) {
    if (space_name.includes("large")) large += space_used_size;
    else small += space_used_size;
  }
  const isTest = !Function.prototype.toString.call(Deno.test).includes("noop");
  if (isTest && large >= HOLES) large -= HOLES;
  const { heap_size_limit, used_heap_size } = v8.getHeapStatistics();
  const room = heap_size_limit - used_heap_size;
  return small <= MOST_SMALL && large <= MOST_LARGE && FACTOR * (small + large) <= room;
}

/** A snapshot of the heap, which is taken when it is first needed. */
export class Heap implements Disposable {
  #taking: Promise<Taken | undefined> | undefined;
  #taken: Taken | undefined;
  #release = (): void => {};

  /** The snapshot; `undefined` if the heap is too large for one. */
  take(): Promise<Taken | undefined> {
    return this.#taking ??= this.#take();
  }

  /**
   * Another one: V8 forgets the numbers of objects if the program closes a session with the
   * inspector meanwhile.
   */
  takeAgain(): Promise<Taken | undefined> {
    this[Symbol.dispose]();
    this.#taking = undefined;
    return this.take();
  }

  async #take(): Promise<Taken | undefined> {
    const before = released;
    released = new Promise((resolve) => this.#release = resolve);
    await before;
    return this.#taken = await Taken.now();
  }

  [Symbol.dispose](): void {
    this.#taken?.[Symbol.dispose]();
    this.#release();
  }
}

/** When the last snapshot is no longer used. There is one at a time, for they are large. */
let released = Promise.resolve();

/** A snapshot that was taken. */
export class Taken implements Disposable {
  /** Numbers of objects are to be compared only within one snapshot, which this means. */
  readonly id: object = {};
  readonly #inspection: Inspection;
  readonly #graph: HeapGraph;
  readonly #values = new Map<number, HeapValue>();

  private constructor(inspection: Inspection, graph: HeapGraph) {
    this.#inspection = inspection;
    this.#graph = graph;
  }

  /** Takes a snapshot; `undefined` if the heap is too large for one. */
  static async now(): Promise<Taken | undefined> {
    const inspection = new Inspection();
    try {
      if (!isSmall()) await inspection.ask("HeapProfiler.collectGarbage");
      if (isSmall()) {
        const chunks: string[] = [];
        inspection.on("HeapProfiler.addHeapSnapshotChunk", ({ chunk }) => {
          chunks.push(chunk);
        });
        await inspection.ask("HeapProfiler.takeHeapSnapshot");
        return new Taken(inspection, new HeapGraph(chunks.join("")));
      }
    } catch (error) {
      inspection[Symbol.dispose]();
      throw error;
    }
    inspection[Symbol.dispose]();
    return undefined;
  }

  /** The scopes around a function, innermost first; nothing if it is not in the snapshot. */
  scopesAround(f: object): HeapScope[] | undefined {
    const graph = this.#graph;
    const scopes: HeapScope[] = [];
    const objectId = remoteOf(this.#inspection, f);
    const { heapSnapshotObjectId } = this.#inspection.post(
      "HeapProfiler.getHeapObjectId",
      { objectId },
    );
    const inner = (node: number, name: string) =>
      graph.edges(node).find((edge) => edge.type === "internal" && edge.name === name)
        ?.to;
    const node = graph.find(Number(heapSnapshotObjectId));
    if (node === undefined) return undefined;
    let at = inner(node, "context");
    while (at !== undefined && !graph.name(at).startsWith("system / NativeContext")) {
      const info = inner(at, "scope_info");
      const scope: HeapScope = {
        node: at,
        id: graph.id(at),
        names: info === undefined ? [] : this.#stringsIn(info),
        named: new Map(),
        others: [],
      };
      for (const { type, name, to } of graph.edges(at)) {
        if (type === "context") scope.named.set(name, to);
        else if (type === "hidden") scope.others.push(to);
      }
      scopes.push(scope);
      at = inner(at, "previous");
    }
    return scopes;
  }

  #stringsIn(node: number): string[] {
    return this.#graph.edges(node)
      .filter(({ type, to }) => type === "hidden" && this.#graph.type(to) === "string")
      .map(({ to }) => this.#graph.name(to));
  }

  /** The classes and constructors that were made in a scope. */
  constructorsIn(node: number): AnyFunction[] {
    return this.#graph.constructorsIn(node)
      .map((node) => this.value(node)?.value)
      .filter((value) => typeof value === "function");
  }

  /** The live value of a node. V8 looks for it in the whole heap. */
  value(node: number): HeapValue {
    if (!this.#values.has(node)) this.#values.set(node, this.#find(node));
    return this.#values.get(node);
  }

  #find(node: number): HeapValue {
    const constant = CONSTANTS.get(this.#graph.name(node));
    if (constant && this.#graph.type(node) === "native") return constant;
    try {
      const { result } = this.#inspection.post("HeapProfiler.getObjectByHeapObjectId", {
        objectId: String(this.#graph.id(node)),
      });
      return { value: fetch(this.#inspection, result) };
    } catch {
      // It is of V8's own, or a primitive value.
      return undefined;
    }
  }

  [Symbol.dispose](): void {
    this.#inspection[Symbol.dispose]();
  }
}
