/**
 * The program texts of a graph, evaluated on the worker.
 *
 * @module
 */

import { evaluate, type Evaluator, importMetaOf } from "./evaluate.ts";
import type { Graph, Slot } from "../payload.ts";

/** Sets `#private` fields: a name and its value. */
export type Setter = (name: string, value: unknown) => void;

/** A script that was evaluated. */
export interface Loaded {
  /** Set the captured variables. */
  setters: Map<string, (value: unknown) => void>;
  /** Make the functions. */
  makers: (() => unknown)[];
  /** Set the private static fields of classes. */
  statics: Setter[];
  /** Evaluate texts that use the `#private` names of classes. */
  inside: Evaluator[];
}

/** What evaluates texts inside of a class, by class. */
export const insideOf = new WeakMap<object, Evaluator>();

/** The texts of one graph. */
export class LiveScripts {
  readonly #graph: Graph;
  readonly #restore: object;
  readonly #make: (slot: Slot) => unknown;
  readonly #loaded: Loaded[] = [];

  /**
   * @param restore What constructors are told when they restore an object.
   * @param make Makes what a slot holds.
   */
  constructor(graph: Graph, restore: object, make: (slot: Slot) => unknown) {
    this.#graph = graph;
    this.#restore = restore;
    this.#make = make;
  }

  /** Evaluates all texts that need nothing else. */
  load(): void {
    for (const [number, { inside }] of this.#graph.scripts.entries()) {
      if (!inside) this.get(number);
    }
  }

  /** A text, which is evaluated now if it was not. */
  get(number: number): Loaded {
    const { text, place, inside } = this.#graph.scripts[number]!;
    const evaluator = inside && !this.#loaded[number]
      ? this.#evaluatorOf(inside)
      : undefined;
    // Making the class may have done it.
    const known = this.#loaded[number];
    if (known) return known;
    const loaded: Loaded = { setters: new Map(), makers: [], statics: [], inside: [] };
    this.#loaded[number] = loaded;
    const declare = evaluate(text, place, evaluator) as (...given: unknown[]) => void;
    declare(
      (key: string, set: (value: unknown) => void) => loaded.setters.set(key, set),
      (index: number, make: () => unknown) => loaded.makers[index] = make,
      importMetaOf(place),
      this.#restore,
      (index: number, set: Setter) => loaded.statics[index] = set,
      (index: number, evaluate: Evaluator) => loaded.inside[index] = evaluate,
    );
    return loaded;
  }

  /** Evaluates texts inside of a class. */
  #evaluatorOf(type: Slot): Evaluator {
    return insideOf.get(this.#make(type) as object)!;
  }
}
