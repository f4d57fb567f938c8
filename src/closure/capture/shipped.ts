/**
 * A function that is sent as source text, with all that its text needs.
 *
 * @module
 */

import type { Analysis } from "./analyze.ts";
import type { Place, Slot } from "../payload.ts";
import type { Snapshot } from "./snapshot.ts";
import type { AnyFunction } from "./texts.ts";

/** A function that is sent as source text. */
export interface Shipped {
  f: AnyFunction;
  snapshot: Snapshot;
  analysis: Analysis;
  /** Its file, line and column. */
  place: Place | undefined;
  /** The variables that it captured, by name. */
  captured: Map<string, Captured>;
  /**
   * Whether it is a class whose instances are made without its constructor: it, or one that
   * it extends, has `#private` members.
   */
  restorable: boolean;
  /** The class around it whose `#private` names it uses. */
  inside?: Inside;
}

/** A class around a function that it can only be made in. */
export interface Inside {
  type: AnyFunction;
  slot: () => Slot;
  /** Refuses the function. */
  refuse: (why: string, otherwise?: string) => never;
}

/** A variable that a function captured. */
export interface Captured {
  /** The number of the function's scope that holds it; -1 if it is not a variable there. */
  scope: number;
  /** Its value; `undefined` if it had none yet, and so has none on the worker. */
  slot: (() => Slot) | undefined;
}
