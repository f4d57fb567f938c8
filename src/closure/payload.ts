/**
 * A function as data: what `capture.ts` makes on the host and `revive.ts` turns into a
 * function again on the worker.
 *
 * @module
 */

/** A function on its way. */
export type FunctionPayload =
  /** By its source: it uses its arguments and globals only. */
  | {
    kind: "source";
    source: string;
    /** Whether the source is an expression or a method, as written in an object literal. */
    form: "expression" | "method";
    name: string;
    place: Place | undefined;
  }
  /** By name: an export of a module that the worker can import too. */
  | { kind: "module"; module: string; export: string }
  /** By name: a property of a global object, such as `["Math", "sqrt"]`. */
  | { kind: "global"; path: string[] }
  /** A function closed over its first arguments. */
  | { kind: "partial"; target: FunctionPayload; args: unknown[] };

/** A class on its way: itself, and what it extends by source, outermost last. */
export type ClassPayload =
  | { kind: "module"; module: string; export: string }
  | {
    kind: "source";
    source: string;
    place: Place | undefined;
    /** What the class calls its base class. */
    baseName: string;
    base: ClassPayload | "Job";
  };

/** Where a function stands: its script, and its line and column there, from 0. */
export interface Place {
  file: string;
  line: number;
  column: number;
}

/** What a worker needs to run the items of a run. */
export type CodePayload =
  /** Call a function with one argument, or with the elements of an array as arguments. */
  | { kind: "call"; function: FunctionPayload; spread: boolean }
  /** Make an instance of a subclass of `Job` from its fields, and run it. */
  | { kind: "job"; class: ClassPayload; mutable: boolean };

/** What comes of a job of a subclass. */
export interface JobOutcome {
  /** What `run` returned. */
  result?: unknown;
  /** What it threw, encoded, where the fields are to come back all the same. */
  thrown?: Uint8Array;
  /** The fields of a mutable job. */
  fields?: Record<string, unknown>;
}
