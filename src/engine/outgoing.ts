/**
 * The values that a program sends to a job: they arrive as they were at the call, in that
 * order, however long it takes to capture the functions and classes in them.
 *
 * @module
 */

import { noteVariables } from "../closure/capture/root.ts";
import type { Snapshots } from "../closure/capture/snapshot.ts";
import { log } from "../common/log.ts";
import { lossIn } from "../protocol/complaint.ts";
import { serializeFor } from "../protocol/instances.ts";
import { type Additions, functionsIn, notedPrivates } from "./additions.ts";
import { Copier } from "./copier.ts";

/** A value as it is sent, and the codes that the worker needs for it. */
export interface Message {
  value: Uint8Array;
  codes: number[];
}

/** Takes values on their way to a job. */
export class Outgoing {
  readonly #name: string;
  readonly #path: string;
  /** Whether it was logged that a value loses its class. */
  #warned = false;
  #deliver: ((value: unknown) => void) | undefined;
  readonly #unsent: unknown[] = [];
  /** The variables of the functions in values, as they were when these were sent. */
  readonly #snapshots: Snapshots = new Map();

  /** @param name The name of the job. */
  constructor(name: string) {
    this.#name = name;
    this.#path = `${name} → message`;
  }

  /**
   * Takes a value.
   *
   * @throws {SerializationError} When it cannot travel.
   */
  send(value: unknown): void {
    for (const f of functionsIn(value)) noteVariables(f, this.#snapshots);
    if (this.#deliver) this.#deliver(value);
    else this.#unsent.push(this.copy(value)());
  }

  /** The values go into this process: it is told how to make each. */
  goHere(deliver: (make: () => unknown) => void): void {
    this.#begin((value) => deliver(this.copy(value)));
  }

  /**
   * The values go to workers.
   *
   * @param additions What the workers can be sent by number.
   * @param use Takes a code, and gives its number.
   * @param deliver Takes what is ready.
   * @param fail Is told what is wrong with a value that was taken.
   */
  goOut(
    additions: Additions,
    use: (code: Uint8Array) => number | undefined,
    deliver: (message: Message) => void,
    fail: (error: unknown) => void,
  ): void {
    let waiting = 0;
    let turn: Promise<void> = Promise.resolve();
    const add = async (value: unknown) => {
      try {
        await additions.add([value], use, this.#snapshots);
        deliver(this.#pack(value, additions));
      } catch (error) {
        fail(error);
      }
      waiting--;
    };
    this.#begin((value) => {
      const isThere = waiting === 0 && additions.missingIn([value]).length === 0;
      if (isThere) return deliver(this.#pack(value, additions));
      const copy = this.copy(value)();
      waiting++;
      turn = turn.then(() => add(copy));
    });
  }

  /**
   * How to make a copy of a value as it is now.
   *
   * @throws {SerializationError} When it cannot travel.
   */
  copy(value: unknown): () => unknown {
    return new Copier(() => {}).pack(value, this.#path, "a worker", true);
  }

  #begin(deliver: (value: unknown) => void): void {
    this.#deliver = deliver;
    for (const value of this.#unsent.splice(0)) deliver(value);
  }

  #pack(value: unknown, additions: Additions): Message {
    const numbers = new Set<number>();
    const noted = (number: number | undefined) => {
      if (number !== undefined) numbers.add(number);
      return number;
    };
    const how = {
      numberOf: (prototype: object) => noted(additions.numberOf(prototype)),
      numberOfFunction: (f: object) => noted(additions.numberOfFunction(f)),
      privatesOf: notedPrivates(additions, noted),
      lossy: () => this.#warnOfLoss(value, additions),
    };
    const whyNot = (of: object) => additions.refused.get(of);
    const bytes = serializeFor(value, this.#path, "a worker", how, whyNot);
    return { value: bytes, codes: additions.codesFor(numbers) };
  }

  /** Logs once that an object in a value loses its class. */
  #warnOfLoss(value: unknown, additions: Additions): void {
    if (this.#warned) return;
    this.#warned = true;
    const keeps = (prototype: object) => additions.numberOf(prototype) !== undefined;
    const lost = lossIn([{ child: value, step: () => "message" }], keeps);
    log(
      "info",
      `to job "${this.#name}" ${lost}: send data, and make the object from that`,
    );
  }
}
