/**
 * The classes and functions that came with a code.
 *
 * @module
 */

import type { Slot } from "../payload.ts";

/** A graph that was made live. */
export interface Live {
  /** What is in a slot of it. */
  value(slot: Slot): unknown;
  /** Its classes that the host has, too, by the prototypes of their objects. */
  classes(): ReadonlyMap<object, number>;
}

/** The classes that came with a code. The host has them, too. */
export class SentClasses {
  #live: Live | undefined;
  #known: ReadonlyMap<object, number> | undefined;

  /** They are those of this graph from now on. */
  are(live: Live): void {
    this.#live = live;
    this.#known = undefined;
  }

  /** What has this number in the code. */
  valueOf(node: number): unknown {
    return this.#live?.value({ node });
  }

  get #found(): ReadonlyMap<object, number> {
    return this.#known ??= this.#live?.classes() ?? new Map<object, number>();
  }

  /** The number of the class with this prototype, if it is one of them. */
  numberOf(prototype: object): number | undefined {
    return this.#found.get(prototype);
  }

  /** The prototype of the class with this number. */
  prototypeOf(number: number): object | undefined {
    for (const [prototype, other] of this.#found) {
      if (other === number) return prototype;
    }
    return undefined;
  }
}
