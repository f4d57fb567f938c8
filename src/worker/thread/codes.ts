/**
 * The code of the runs whose items the thread runs.
 *
 * @module
 */

import { revive, SentClasses } from "../../closure/revive/revive.ts";
import { GridEngineError } from "../../errors.ts";
import { lossIn } from "../../protocol/complaint.ts";
import type { Child } from "../../protocol/steps.ts";
import type { Guard } from "./guard.ts";

/** What runs for an item. */
export type Call = (argument: unknown) => unknown;

/** All codes, until the host says `forget`. */
export class Codes {
  readonly #guard: Guard;
  /** The code as it came, and the function that it became at first use. */
  readonly #codes = new Map<
    number,
    { value: Uint8Array; classes: SentClasses; call?: Promise<Call> }
  >();
  /** Codes that were warned about: their results lose a class. */
  readonly #warned = new Set<number>();

  /** An own copy: a function may replace what is global. */
  readonly #warn = console.warn;

  /**
   * Warnings go where `console` leads now.
   *
   * @param guard Is told when modules are loaded.
   */
  constructor(guard: Guard) {
    this.#guard = guard;
  }

  /** Takes a code. */
  add(code: number, value: Uint8Array): void {
    this.#codes.set(code, { value, classes: new SentClasses() });
  }

  /** Drops codes. */
  forget(codes: number[]): void {
    for (const code of codes) {
      this.#codes.delete(code);
      this.#warned.delete(code);
    }
  }

  /** What a batch calls; loaded when it is the first that does. */
  async call(number: number): Promise<Call> {
    const code = this.#codes.get(number);
    if (!code) throw new GridEngineError(`The worker has no code number ${number}`);
    if (code.call) return await code.call;
    this.#guard.loading = true;
    try {
      const lossy = (values: () => Child[]) => this.warnOfLoss(number, values);
      const { value, classes } = code;
      return await (code.call = revive(value, classes, this.#guard.accept, lossy));
    } finally {
      this.#guard.loading = false;
      this.#guard.accept();
    }
  }

  /** The number of the class with this prototype, if it came with a code. */
  numberOf(code: number, prototype: object): number | undefined {
    return this.#codes.get(code)?.classes.numberOf(prototype);
  }

  /** The prototype of the class with this number, which came with a code. */
  prototypeOf(code: number, number: number): object | undefined {
    return this.#codes.get(code)?.classes.prototypeOf(number);
  }

  /** Says, once for each function, that what it gives loses its class. */
  warnOfLoss(code: number, values: () => Child[]): void {
    if (this.#warned.has(code)) return;
    this.#warned.add(code);
    const what = lossIn(values(), (prototype) => {
      return this.numberOf(code, prototype) !== undefined;
    });
    this.#warn(`gridengine: ${what}: return data, and make the object from it`);
  }
}
