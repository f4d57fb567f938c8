/**
 * What is found on the way from a function to all that belongs to it: which of it was
 * seen, by what path, and which number it has in the graph.
 *
 * @module
 */

import type { Node, Slot } from "../payload.ts";

/** Something that was found on the way, which is no plain value. */
export interface Found {
  value: object | symbol;
  /** From where it was found first, and by what step. */
  from: Found | undefined;
  step: string;
  /** Those in which it was found. */
  in: Found[];
  /** Makes a node of it; plain data needs none. */
  node?: () => Node;
  /** Its number, once it is known to need one. */
  number?: number;
}

/** All that one capture found. */
export class Findings {
  readonly #found = new Map<unknown, Found>();
  /** Imports of primitive values, which have no identity. */
  readonly #imports = new Map<string, Found>();
  readonly #waiting: Found[] = [];

  /** Notes a value, to be explored if it was not seen before. */
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

  /** Notes an object of which the finder knows all: it is not explored. */
  settle(value: object, from: Found, step: string): Found {
    return settleIn(this.#found, value, value, from, step);
  }

  /** Notes an import. */
  settleImport(key: string, value: unknown, from: Found, step: string): Found {
    const isObject = typeof value === "object" && value !== null ||
      typeof value === "function";
    return isObject
      ? this.settle(value, from, step)
      : settleIn(this.#imports, key, value, from, step);
  }

  /** Something that is still to be explored. */
  next(): Found | undefined {
    return this.#waiting.pop();
  }

  /** Whether a value was found. */
  has(value: unknown): boolean {
    return this.#found.has(value);
  }

  /** What was noted of a value, if it was found. */
  find(value: unknown): Found | undefined {
    return this.#found.get(value);
  }

  /**
   * Numbers what is special, and what holds something special: that is special itself.
   *
   * @param plain How to make a node of plain data.
   * @returns All of it, by number.
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

  /** The plain data that stands in the graph as it is, when all is numbered. */
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
