/**
 * What the tests of imports import.
 *
 * @module
 */

export { basename as renamed } from "node:path";
export * as nested from "./_nested.ts";

/** A module's own state: by reference, a worker has its own. */
export const state = { calls: 0 };

let secret = 1;

/** A binding that changes. */
export let changing = 1;

/** Changes what the module holds. */
export function change(): number {
  changing++;
  return ++secret;
}

/** Counts in the module's state. */
export function countUp(): number {
  return ++state.calls;
}

/** Where it runs: `true` for a function that came by its source. */
export function place(): { main: boolean; name: string } {
  return { main: import.meta.main, name: new URL(import.meta.url).pathname };
}

/** Uses what the module does not export. */
export const hidden = (x: number): number => helper(x) * 10;

function helper(x: number): number {
  return x + secret;
}

/** A function that no export names. */
export function makeAdder(k: number): (x: number) => number {
  return (x) => x + k + secret;
}

/** A class with private fields. */
export class Tank {
  #litres: number;
  /** @param litres How full it is. */
  constructor(litres: number) {
    this.#litres = litres;
  }
  /** Reads how full one is. */
  static reader(): (tank: Tank) => number {
    return (tank) => tank.#litres;
  }
  /** Takes some out. */
  take(litres: number): number {
    return this.#litres -= litres;
  }
}

/** A class without. */
export class Shape {
  /** @param side Its length. */
  constructor(readonly side: number) {}
  /** Its area. */
  area(): number {
    return this.side ** 2;
  }
}

/** The default export. */
export default class Greeter {
  /** Greets. */
  greet(name: string): string {
    return `hello ${name}`;
  }
}
