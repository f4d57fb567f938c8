/**
 * The code of the runs whose items the thread runs.
 *
 * @module
 */

import { revive, reviveAddition, SentClasses } from "../../closure/revive/revive.ts";
import { type Restored, restoreObject } from "../../closure/revive/restore.ts";
import { GridEngineError } from "../../errors.ts";
import { mainOf, nodeOf, numberIn } from "../../protocol/added_code.ts";
import { lossIn } from "../../protocol/complaint.ts";
import type { Child } from "../../protocol/steps.ts";
import type { Guard } from "./guard.ts";

/** What runs for an item. */
export type Call = (argument: unknown) => unknown;

/** A code as it came. */
interface Code {
  value: Uint8Array;
  classes: SentClasses;
  /** What it became at its first use: the function; nothing for one that adds to another. */
  call?: Promise<Call>;
  /** The codes that add to it, and how many of them are there. */
  more: number[];
  added: number;
}

/** All codes, until the host says `forget`. */
export class Codes {
  readonly #guard: Guard;
  readonly #codes = new Map<number, Code>();
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
    // What adds to it may be there before it: the host can withdraw it, and send it again.
    const more = [...this.#codes].filter(([, { value }]) =>
      mainOf(value)?.main === code
    )
      .map(([number]) => number);
    this.#codes.set(code, { value, classes: new SentClasses(), more, added: 0 });
    const main = mainOf(value)?.main;
    if (main !== undefined) this.#codes.get(main)?.more.push(code);
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
    if (code.call && code.added === code.more.length) return await code.call;
    this.#guard.loading = true;
    try {
      const { accept } = this.#guard;
      const lossy = (values: () => Child[]) => this.warnOfLoss(number, values);
      const call =
        await (code.call ??= revive(code.value, code.classes, accept, lossy));
      await this.#addMore(number, code);
      return call;
    } finally {
      this.#guard.loading = false;
      this.#guard.accept();
    }
  }

  /** Loads what adds to a code while this runs, if something new does. */
  load(number: number): Promise<void> | undefined {
    const code = this.#codes.get(number);
    return code && code.added < code.more.length
      ? this.#addMore(number, code)
      : undefined;
  }

  async #addMore(number: number, code: Code): Promise<void> {
    while (code.added < code.more.length) {
      const more = this.#codes.get(code.more[code.added++]!);
      if (!more) continue;
      const { graph } = mainOf(more.value)!;
      const known = (other: number) => this.valueOf(number, other);
      await reviveAddition(graph, more.classes, known, this.#guard.accept);
    }
  }

  /** The number of the class with this prototype, if it came with a code. */
  numberOf(code: number, prototype: object): number | undefined {
    const { classes, more = [] } = this.#codes.get(code) ?? {};
    const number = classes?.numberOf(prototype);
    if (number !== undefined) return number;
    for (const other of more) {
      const node = this.#codes.get(other)?.classes.numberOf(prototype);
      if (node !== undefined) return numberIn(other, node);
    }
    return undefined;
  }

  /** The prototype of the class with this number, which came with a code. */
  prototypeOf(code: number, number: number): object | undefined {
    const { code: more, node } = nodeOf(number);
    return this.#codes.get(more || code)?.classes.prototypeOf(node);
  }

  /** What has this number, such as a function, and came with a code. */
  valueOf(code: number, number: number): unknown {
    const { code: more, node } = nodeOf(number);
    return this.#codes.get(more || code)?.classes.valueOf(node);
  }

  /** Makes an object of the class with this number that has its `#private` fields only. */
  restore(code: number, number: number): Restored | undefined {
    const type = this.valueOf(code, number);
    return typeof type === "function" ? restoreObject(type as Call) : undefined;
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
