/**
 * Code and captured values as data. `capture.ts` makes this on the host, and `revive.ts`
 * turns it into live functions again on the worker.
 *
 * Plain data is stored unchanged, and structured clone preserves references that are shared
 * within it. Everything else is a node. An object that is reached twice stays one object.
 *
 * @module
 */

/** A value in the graph: the number of a node, or plain data. */
export type Slot = { node: number } | { value: unknown };

/** The key of a property: a string, or the number of a node that is a symbol. */
export type Key = string | { node: number };

/**
 * A property for `Object.defineProperty`. Without a value and accessors it changes the
 * attributes of an existing property.
 */
export type Property =
  & { key: Key; enumerable: boolean; configurable: boolean }
  & ({ value: Slot; writable: boolean } | { get: Slot; set: Slot } | {
    writable?: boolean;
  });

/** The properties of an object that differ from those that it is made with. */
export interface Members {
  properties: Property[];
  /** Properties that it is made with and that were deleted. */
  gone?: Key[];
  /** Whether it accepts no new properties. */
  sealed: boolean;
}

/** The kind and contents of an object, without its class and properties. */
export type Shell =
  | { kind: "record" }
  | { kind: "array"; length: number }
  | { kind: "arguments" }
  | { kind: "error"; stack: string }
  | { kind: "map"; entries: [Slot, Slot][] }
  | { kind: "set"; values: Slot[] }
  /** A view of a buffer that is also used by something else. */
  | { kind: "view"; type: string; buffer: Slot; byteOffset: number; length: number }
  /** An object that structured clone copies, except for its class and properties. */
  | { kind: "data"; value: unknown };

/** A method or accessor in the text of a class. */
export interface TextMember {
  key: Key;
  static: boolean;
  part: "value" | "get" | "set";
}

/** Something that is not plain data. */
export type Node =
  /**
   * A built-in, by the path of properties from the global object or a `node:` module. A
   * step that starts with `@@` is a well-known symbol.
   */
  | { kind: "builtin"; module?: string; path: string[]; getter?: "get" | "set" }
  /** An import, as in the module `file`; `name` is `"*"` for the whole module. */
  | {
    kind: "import";
    file: string;
    specifier: string;
    name: string;
    attributes: Record<string, string>;
  }
  /** The class `Job` itself. */
  | { kind: "job" }
  /** The stand-in of an object that stays in the program, by the name of its class. */
  | { kind: "stays"; name: string }
  | { kind: "symbol"; registry?: string; wellKnown?: string; description?: string }
  /** An object of the platform that is made again from data; see `protocol/platform.ts`. */
  | { kind: "platform"; name: string; data: unknown; members: Members }
  | { kind: "bound"; target: Slot; self: Slot; args: Slot[]; members: Members }
  /** A function that `partial` made. */
  | { kind: "partial"; target: Slot; args: Slot[]; members: Members }
  /** A method or accessor that the text of a class defines. */
  | { kind: "member"; of: Slot; member: TextMember }
  | {
    kind: "function" | "class";
    script: number;
    index: number;
    name: string;
    length: number;
    /** The object that it inherits from, if its text does not define that. */
    parent?: Slot;
    /** The object that its instances inherit from. */
    prototype?: Slot;
    /** Methods of its text that something else refers to, with the numbers of their nodes. */
    taken: { node: number; member: TextMember }[];
    /** The `static #private` fields of a class. */
    privates: { name: string; value: Slot }[];
    members: Members;
  }
  /** What has this number in the code that this one adds to. */
  | { kind: "known"; node: number }
  /** An object that its class makes again, and what it is made from. */
  | { kind: "packed"; type: Slot; data: Slot }
  /** The object that instances of a function or class inherit from. */
  | { kind: "prototype"; of: Slot; parent?: Slot; members: Members }
  | {
    kind: "object";
    shell: Shell;
    /** The class that must make it, because it has `#private` fields. */
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
 * declares the captured variables, and passes on how to set them and how to make the
 * functions.
 */
export interface Script {
  text: string;
  /** The class whose `#private` names it uses. */
  inside?: Slot;
  place: Place | undefined;
  /** The captured variables, with their values. */
  variables: { key: string; value: Slot }[];
  /** For each function, the keys of the variables that are needed to make it. */
  early: string[][];
}

/** The place of a function in the code that Deno runs: script, line and column, from 0. */
export interface Place {
  file: string;
  line: number;
  column: number;
}

/** Code with everything that it needs. */
export interface Graph {
  nodes: Node[];
  scripts: Script[];
  /** The nodes that are classes whose instances may come back. */
  classes: number[];
}

/** What a worker does for each item. */
export type Task =
  /** Call a function with one argument, or with the elements of an array. */
  | { kind: "call"; function: Slot; spread: boolean }
  /** Run an instance of a subclass of `Job`. */
  | {
    kind: "job";
    job: Slot;
    mutable: boolean;
    /** The function that `super.run()` calls, if the job was given a target. */
    target?: Slot;
    args?: Slot;
  };

/** What a worker needs to run the items of a run. */
export type CodePayload = Graph & Task;

/** The outcome of a job of a subclass. */
export interface JobOutcome {
  /** What `run` returned. */
  result?: unknown;
  /** What `run` threw, encoded; only for a mutable job, whose fields still come back. */
  thrown?: Uint8Array;
  /** The fields of a mutable job. */
  fields?: Record<string, unknown>;
}

/**
 * The end of the names of scripts that were sent to a worker. By it the host finds the lines
 * of a worker's stack trace that it must translate to TypeScript.
 */
export const SHIPPED = "#shipped";
