/**
 * The values that were found to belong to a function, with the paths to them and their
 * numbers in the graph.
 *
 * @module
 */

import type { Node, Slot } from "../payload.ts";

/** An object, function or symbol that was found. */
export interface Found {
  value: object | symbol;
  /** The value in which it was found first, and the step from there. */
  from: Found | undefined;
  step: string;
  /** All values in which it was found. */
  in: Found[];
  /** Makes its node; plain data needs none. */
  node?: () => Node;
  /** The number of its node, once it is known to need one. */
  number?: number;
}

/** Everything that one capture found. */
export class Findings {
  readonly #found = new Map<unknown, Found>();
  /** Imports of primitive values, which have no identity. */
  readonly #imports = new Map<string, Found>();
  readonly #waiting: Found[] = [];

  /** Records a value, which will be explored if it is new. */
  see(value: unknown, from: Found | undefined, step: string): void {
    const type = typeof value;
    if (
      type !== "function" && type !== "symbol" && (type !== "object" || value === null)
    ) {
      return;
    }
    let found = this.#found.get(value);
    if (!found) {
      found = { value: value as object, from, step, in: [] };
      this.#found.set(value, found);
      this.#waiting.push(found);
    }
    if (from) found.in.push(from);
  }

  /** Records an object without exploring it, because the caller knows everything about it. */
  settle(value: object, from: Found, step: string): Found {
    return settleIn(this.#found, value, value, from, step);
  }

  /** Records an import. */
  settleImport(key: string, value: unknown, from: Found, step: string): Found {
    const isObject = typeof value === "object" && value !== null ||
      typeof value === "function";
    return isObject
      ? this.settle(value, from, step)
      : settleIn(this.#imports, key, value, from, step);
  }

  /** The next value to explore. */
  next(): Found | undefined {
    return this.#waiting.pop();
  }

  /** Whether a value was found. */
  has(value: unknown): boolean {
    return this.#found.has(value);
  }

  /** The record of a value, if it was found. */
  find(value: unknown): Found | undefined {
    return this.#found.get(value);
  }

  /**
   * Numbers everything that needs a node. What holds such a value needs a node, too.
   *
   * @param plain How to make a node of plain data.
   * @returns Everything that has a number, in that order.
   */
  number(plain: (data: object) => () => Node): Found[] {
    const special = [...this.#found.values(), ...this.#imports.values()]
      .filter(({ node }) => node);
    const numbered: Found[] = [];
    for (let found; (found = special.pop());) {
      if (found.number !== undefined) continue;
      found.number = numbered.push(found) - 1;
      found.node ??= plain(found.value as object);
      for (const holder of found.in) special.push(holder);
    }
    return numbered;
  }

  /** The plain data that needs no node, after everything is numbered. */
  data(): Found[] {
    return [...this.#found.values()].filter(({ number }) => number === undefined);
  }

  /** The number of a value, if it has one. */
  numberOf(value: unknown): number | undefined {
    return this.#found.get(value)?.number;
  }

  /** How to refer to a value. */
  slot(value: unknown): Slot {
    const number = this.numberOf(value);
    return number === undefined ? { value } : { node: number };
  }
}

function settleIn<K>(
  all: Map<K, Found>,
  key: K,
  value: unknown,
  from: Found,
  step: string,
): Found {
  let found = all.get(key);
  if (!found) {
    found = { value: value as object, from, step, in: [] };
    all.set(key, found);
  }
  found.in.push(from);
  return found;
}
