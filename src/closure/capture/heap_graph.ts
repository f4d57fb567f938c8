/**
 * The objects in a snapshot of V8's heap, and what they refer to. A snapshot is a text of
 * JSON with two very long lists of numbers, which are read into memory outside the heap.
 *
 * @module
 */

/** The format of a snapshot, as its head tells it. */
interface Head {
  meta: {
    node_fields: string[];
    node_types: [string[]];
    edge_fields: string[];
    edge_types: [string[]];
  };
  node_count: number;
  edge_count: number;
}

/** A reference from one object to another. */
export interface Edge {
  type: string;
  /** Its name, or its number if it has none. */
  name: string;
  /** The node that it leads to. */
  to: number;
}

/** The nodes and edges of a snapshot. A node is a place in a list. */
export class HeapGraph {
  readonly #meta: Head["meta"];
  readonly #nodes: Uint32Array;
  readonly #edges: Uint32Array;
  readonly #strings: string[];
  /** Where the edges of each node begin. */
  readonly #first: Uint32Array;
  #functions: Map<number, number[]> | undefined;

  /** @param text The snapshot, as the inspector sends it. */
  constructor(text: string) {
    const nodes = text.indexOf('"nodes":[');
    const head = text.slice(0, text.lastIndexOf(",", nodes));
    const { meta, node_count, edge_count } = JSON.parse(`${head}}`).snapshot as Head;
    this.#meta = meta;
    this.#nodes = numbersAt(text, nodes, node_count * meta.node_fields.length);
    const edges = text.indexOf('"edges":[', nodes);
    this.#edges = numbersAt(text, edges, edge_count * meta.edge_fields.length);
    const strings = text.indexOf('"strings":[', edges);
    this.#strings = JSON.parse(`{${text.slice(strings)}`).strings;
    this.#first = new Uint32Array(node_count);
    const { length } = meta.node_fields;
    const count = meta.node_fields.indexOf("edge_count");
    for (let i = 1; i < node_count; i++) {
      const before = this.#nodes[(i - 1) * length + count]!;
      this.#first[i] = this.#first[i - 1]! + before * meta.edge_fields.length;
    }
  }

  /** The node of an object. */
  find(id: number): number | undefined {
    const { length } = this.#meta.node_fields;
    const at = this.#meta.node_fields.indexOf("id");
    for (let node = 0; node < this.#nodes.length; node += length) {
      if (this.#nodes[node + at] === id) return node;
    }
    return undefined;
  }

  /** The number of the object of a node, which V8 keeps as long as the object lives. */
  id(node: number): number {
    return this.#field(node, "id");
  }

  /** The name of a node: V8's description of the object. */
  name(node: number): string {
    return this.#strings[this.#field(node, "name")]!;
  }

  /** The type of a node. */
  type(node: number): string {
    return this.#meta.node_types[0][this.#field(node, "type")]!;
  }

  /** The classes and constructors that were made in a scope: their nodes. */
  constructorsIn(scope: number): number[] {
    this.#functions ??= this.#functionsByScope();
    const functions = this.#functions.get(scope) ?? [];
    return functions.filter((node) =>
      this.edges(node).some(({ name }) => name === "prototype")
    );
  }

  #functionsByScope(): Map<number, number[]> {
    const { node_fields, node_types, edge_fields } = this.#meta;
    const closure = node_types[0].indexOf("closure");
    const context = this.#strings.indexOf("context");
    const found = new Map<number, number[]>();
    for (let i = 0; i < this.#first.length; i++) {
      const node = i * node_fields.length;
      if (this.#nodes[node + node_fields.indexOf("type")] !== closure) continue;
      const end = this.#first[i + 1] ?? this.#edges.length;
      for (let edge = this.#first[i]!; edge < end; edge += edge_fields.length) {
        if (this.#edges[edge + 1] !== context) continue;
        const scope = this.#edges[edge + 2]!;
        const known = found.get(scope);
        if (known) known.push(node);
        else found.set(scope, [node]);
      }
    }
    return found;
  }

  /** What an object refers to. */
  edges(node: number): Edge[] {
    const { length } = this.#meta.edge_fields;
    const first = this.#first[node / this.#meta.node_fields.length]!;
    return Array.from({ length: this.#field(node, "edge_count") }, (_, i) => {
      const at = first + i * length;
      const [kind, name, to] = this.#edges.subarray(at, at + 3);
      const type = this.#meta.edge_types[0][kind!]!;
      const isNumbered = type === "element" || type === "hidden";
      return { type, name: isNumbered ? String(name) : this.#strings[name!]!, to: to! };
    });
  }

  #field(node: number, name: string): number {
    return this.#nodes[node + this.#meta.node_fields.indexOf(name)]!;
  }
}

/** Reads the next list of numbers in a text. */
function numbersAt(text: string, from: number, count: number): Uint32Array {
  const numbers = new Uint32Array(count);
  let at = text.indexOf("[", from) + 1;
  for (let i = 0; i < count; i++) {
    let code = text.charCodeAt(at);
    while (code < 48 || code > 57) code = text.charCodeAt(++at);
    let number = 0;
    for (; code >= 48 && code <= 57; code = text.charCodeAt(++at)) {
      number = number * 10 + code - 48;
    }
    numbers[i] = number;
  }
  return numbers;
}
