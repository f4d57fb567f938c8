/**
 * The state that all parts of one capture share.
 *
 * @module
 */

import type { ImportBinding } from "./analyze.ts";
import type { Findings, Found } from "./found.ts";
import type { Heap } from "./heap.ts";
import type { TextMember } from "../payload.ts";
import type { Shipment } from "./scripts.ts";
import type { Snapshots } from "./snapshot.ts";
import type { AnyFunction } from "./texts.ts";

/** A method or accessor of a class that is sent as source text. */
export interface MemberPlace {
  of: AnyFunction;
  key: PropertyKey;
  static: boolean;
  part: TextMember["part"];
}

/** Something that workers import as the module `file` does. */
export interface Imported {
  file: string;
  binding: ImportBinding;
  /** What it belongs to. */
  by: Found;
}

/** The state that all parts of one capture share. */
export interface Context {
  /** The variables of functions as they were at the call. */
  readonly snapshots: Snapshots;
  /** What is captured: all else is found in it. */
  readonly roots: ReadonlySet<unknown>;
  /** What the debugger does not show; taken when something needs it. */
  readonly heap: Heap;
  /** The class `Job`, which a worker has itself. */
  readonly job: AnyFunction | undefined;
  readonly findings: Findings;
  /** The functions that are sent as source text. */
  readonly shipment: Shipment;
  /** The modules from which workers import something. */
  readonly imports: Map<string, Imported>;
  /** Methods and accessors that the texts of classes define. */
  readonly members: Map<object, MemberPlace>;
  /** What is in the code that this one adds to, with the numbers there. */
  readonly known: ReadonlyMap<unknown, number>;
  /** Objects that their classes make again, and what these are made from. */
  readonly packed: { found: Found; data: unknown }[];
}
