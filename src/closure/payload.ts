/**
 * Code and the values that it captured as data: what `capture.ts` makes on the host and
 * `revive.ts` turns into live functions again on the worker.
 *
 * Plain data stands in it as it is, and structured clone keeps what is shared in it. All
 * else is a node: of nodes and plain data, what was one object stays one object.
 *
 * @module
 */

/** A value in the graph: a node by its number, or plain data as it is. */
export type Slot = { node: number } | { value: unknown };

/** The key of a property: a string, or the number of a node that is a symbol. */
export type Key = string | { node: number };

/**
 * A property as `Object.defineProperty` takes it; without a value and accessors it changes
 * the attributes of one that is there.
 */
export type Property =
  & { key: Key; enumerable: boolean; configurable: boolean }
  & ({ value: Slot; writable: boolean } | { get: Slot; set: Slot } | {
    writable?: boolean;
  });

/** What hangs on an object beside what it is made of. */
export interface Members {
  properties: Property[];
  /** What it is made with, and has not. */
  gone?: Key[];
  /** Whether it takes no new properties. */
  sealed: boolean;
}

/** What an object is, apart from its class and properties. */
export type Shell =
  | { kind: "record" }
  | { kind: "array"; length: number }
  | { kind: "arguments" }
  | { kind: "error"; stack: string }
  | { kind: "map"; entries: [Slot, Slot][] }
  | { kind: "set"; values: Slot[] }
  /** A view of a buffer that something else holds, too. */
  | { kind: "view"; type: string; buffer: Slot; byteOffset: number; length: number }
  /** What structured clone keeps but for its class and properties. */
  | { kind: "data"; value: unknown };

/** Where the text of a class has a method or accessor. */
export interface TextMember {
  key: Key;
  static: boolean;
  part: "value" | "get" | "set";
}

/** Something that is not plain data. */
export type Node =
  /**
   * A built-in: properties to follow from the global object, or from a `node:` module;
   * one that starts with `@@` is a well-known symbol.
   */
  | { kind: "builtin"; module?: string; path: string[]; getter?: "get" | "set" }
  /** An import, as the module `file` would write it; `name` is `"*"` for all of it. */
  | {
    kind: "import";
    file: string;
    specifier: string;
    name: string;
    attributes: Record<string, string>;
  }
  /** The class `Job` itself. */
  | { kind: "job" }
  | { kind: "symbol"; registry?: string; wellKnown?: string; description?: string }
  /** An object that is made by a global constructor of plain arguments. */
  | { kind: "construct"; path: string[]; args: unknown[]; members: Members }
  | { kind: "bound"; target: Slot; self: Slot; args: Slot[]; members: Members }
  /** What `partial` made. */
  | { kind: "partial"; target: Slot; args: Slot[]; members: Members }
  /** A method or accessor that the text of a class gives. */
  | { kind: "member"; of: Slot; member: TextMember }
  | {
    kind: "function" | "class";
    script: number;
    index: number;
    name: string;
    length: number;
    /** What it inherits from, where that is not what its text says. */
    parent?: Slot;
    /** What its instances inherit from. */
    prototype?: Slot;
    /** Methods of its text that something else refers to, by the numbers of their nodes. */
    taken: { node: number; member: TextMember }[];
    /** Of a class: its `static #private` fields. */
    privates: { name: string; value: Slot }[];
    members: Members;
  }
  /** The object that instances of a function or class inherit from. */
  | { kind: "prototype"; of: Slot; parent?: Slot; members: Members }
  | {
    kind: "object";
    shell: Shell;
    /** The class that has to make it, for it has `#private` fields. */
    maker?: Slot;
    prototype: Slot;
    /** Its `#private` fields, those of the outermost class first. */
    privates: { name: string; value: Slot }[];
    members: Members;
  };

/** A node of one kind. */
export type NodeOf<K extends Node["kind"]> = Extract<Node, { kind: K }>;

/**
 * Functions that share variables, as one program text. It evaluates to a function that
 * declares what they capture and says how to set it and how to make them.
 */
export interface Script {
  text: string;
  place: Place | undefined;
  /** What they capture, and where its value is. */
  variables: { key: string; value: Slot }[];
  /** Of each function, the keys of variables that are needed to make it. */
  early: string[][];
}

/** Where a function stands in what Deno runs: its script, line and column, from 0. */
export interface Place {
  file: string;
  line: number;
  column: number;
}

/** Code with all that it needs. */
export interface Graph {
  nodes: Node[];
  scripts: Script[];
}

/** What a worker is to do for each item. */
export type Task =
  /** Call a function with one argument, or with the elements of an array. */
  | { kind: "call"; function: Slot; spread: boolean }
  /** Run an instance of a subclass of `Job`. */
  | {
    kind: "job";
    job: Slot;
    mutable: boolean;
    /** What `super.run()` calls, if the job was given a target. */
    target?: Slot;
    args?: Slot;
  };

/** What a worker needs to run the items of a run. */
export type CodePayload = Graph & Task;

/** What comes of a job of a subclass. */
export interface JobOutcome {
  /** What `run` returned. */
  result?: unknown;
  /** What it threw, encoded, where the fields are to come back all the same. */
  thrown?: Uint8Array;
  /** The fields of a mutable job. */
  fields?: Record<string, unknown>;
}

/**
 * What the names of scripts that were shipped end in. It tells the host which lines of a
 * worker's stack trace it has to translate to TypeScript.
 */
export const SHIPPED = "#shipped";
