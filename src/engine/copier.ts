/**
 * Copies of values, as if they had travelled to a worker or back: for functions that run in
 * this process, and for what must wait before it is sent.
 *
 * @module
 */

import { type AnyFunction, mayHavePrivates } from "../closure/capture/texts.ts";
import { packsItself } from "../common/packing_symbols.ts";
import { lossOf } from "../protocol/class_loss.ts";
import { lossIn } from "../protocol/complaint.ts";
import { deserializeWhole, serializeFor } from "../protocol/instances.ts";
import type { PrivatesOf } from "../protocol/packing.ts";
import { Refusal } from "../protocol/refusal.ts";
import { hasPrivates, unmade } from "../protocol/refused.ts";

/** Copies values. Objects of the program's classes keep their class. */
export class Copier {
  /** The numbers of prototypes and functions. */
  readonly #numbers = new Map<object, number>();
  readonly #numbered: object[] = [];
  readonly #warn: (loss: string) => void;
  #warned = false;

  /** @param warn Is told once that an object loses its class. */
  constructor(warn: (loss: string) => void) {
    this.#warn = warn;
  }

  /**
   * The value as it arrives.
   *
   * @param path How to call the value.
   * @param receiver Who would get it.
   * @param withFunctions Whether functions may travel; if not told, to a worker.
   * @throws {SerializationError} When it cannot travel.
   */
  copy(
    value: unknown,
    path: string,
    receiver: string,
    withFunctions: boolean = receiver === "a worker",
  ): unknown {
    return this.pack(value, path, receiver, withFunctions)();
  }

  /**
   * How to make the value as it arrives, each time anew.
   *
   * @param path How to call the value.
   * @param receiver Who would get it.
   * @param withFunctions Whether functions may travel.
   * @throws {SerializationError} When it cannot travel.
   */
  pack(
    value: unknown,
    path: string,
    receiver: string,
    withFunctions: boolean,
  ): () => unknown {
    const lossy = () => {
      if (this.#warned) return;
      this.#warned = true;
      const keeps = (prototype: object) => this.#numbers.has(prototype);
      this.#warn(lossIn([{ child: value, step: () => path }], keeps));
    };
    const numberOfFunction = withFunctions ? this.#number : undefined;
    const privatesOf = withFunctions ? this.#privatesOf : undefined;
    const how = { numberOf: this.#numberOf, numberOfFunction, privatesOf, lossy };
    const bytes = serializeFor(value, path, receiver, how);
    const numbered = (number: number) => this.#numbered[number];
    const restore = (number: number) => {
      return { object: this.#numbered[number]!, set() {} };
    };
    return () => {
      try {
        return deserializeWhole(bytes, numbered, numbered, restore);
      } catch (error) {
        throw error instanceof Refusal ? unmade(path, error) : error;
      }
    };
  }

  readonly #numberOf = (prototype: object): number | undefined => {
    const known = this.#numbers.get(prototype);
    if (known !== undefined || !isOfProgram(prototype)) return known;
    return this.#number(prototype);
  };

  /** Only its class could make a copy of an object with `#private` fields: it stays itself. */
  readonly #privatesOf: PrivatesOf = (object) =>
    hasPrivates(object) ? { type: this.#number(object), fields: [] } : undefined;

  readonly #number = (object: object): number => {
    const known = this.#numbers.get(object);
    if (known !== undefined) return known;
    this.#numbers.set(object, this.#numbered.length);
    return this.#numbered.push(object) - 1;
  };
}

/** Whether it is the prototype of a class of the program's, and not of the platform's. */
function isOfProgram(prototype: object): boolean {
  const type: unknown = Object.getOwnPropertyDescriptor(prototype, "constructor")
    ?.value;
  if (typeof type !== "function" || type.prototype !== prototype) return false;
  const loss = lossOf(Object.create(prototype) as object);
  if (!loss) return false;
  if (packsItself(prototype)) return true;
  if (loss.isPlatform) return false;
  for (
    let at: unknown = type;
    typeof at === "function";
    at = Object.getPrototypeOf(at)
  ) {
    if (mayHavePrivates(at as AnyFunction)) return false;
  }
  return (globalThis as Record<string, unknown>)[type.name] !== type;
}
