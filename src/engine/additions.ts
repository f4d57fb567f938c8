/**
 * Functions and classes in items, which the code of their run does not have: they are
 * captured when the items are handed out, and are sent as code that adds to that.
 *
 * @module
 */

import type { Code } from "../closure/capture/capture.ts";
import { inspectPrivates } from "../closure/capture/inspector.ts";
import type { Snapshots } from "../closure/capture/snapshot.ts";
import { packsItself } from "../common/packing_symbols.ts";
import { shortName } from "../common/shorten.ts";
import { SerializationError } from "../errors.ts";
import { nodeOf, numberIn, withMain } from "../protocol/added_code.ts";
import { isUsual, lossOf } from "../protocol/class_loss.ts";
import { nameOfError } from "../protocol/failure_classes.ts";
import type { List } from "../protocol/lists.ts";
import { Packing, type PrivatesOf } from "../protocol/packing.ts";
import { isPlatformPrototype, platformName } from "../protocol/platform.ts";

/** What is to be captured, and how to call it in messages. */
interface Named {
  name: string;
  // deno-lint-ignore ban-types -- a function or class of any kind
  value: Function;
}

/** Takes a code of the run, and gives its number; nothing if the run is over. */
type Use = (code: Uint8Array) => number | undefined;

/** What the workers of one run can be sent by number. */
export class Additions {
  /** The prototypes of classes whose objects may come back, by their numbers. */
  readonly classes: Map<number, object>;
  /** Why functions, and objects with these prototypes, cannot be sent. */
  readonly refused: Map<object, string>;
  /** The numbers of the codes that add to the run's. */
  readonly codes: number[] = [];
  readonly #main: number;
  readonly #known: Map<unknown, number>;
  /** Classes of which workers can make objects with `#private` fields. */
  readonly #restorable: Set<unknown>;
  readonly #numbers = new Map<object, number>();
  /** The codes that a code needs. */
  readonly #needs = new Map<number, number[]>();
  readonly #asked = new Set<unknown>();
  #turn: Promise<void> = Promise.resolve();

  /**
   * @param code The code of the run.
   * @param number The number of that code.
   */
  constructor({ classes, known, refused, restorable }: Code, number: number) {
    this.#restorable = new Set(restorable);
    this.#main = number;
    this.classes = new Map(classes);
    this.#known = new Map(known);
    this.refused = new Map(refused);
    for (const [number, prototype] of classes) this.#numbers.set(prototype, number);
  }

  /** The number of the class with this prototype, if the workers have it. */
  numberOf(prototype: object): number | undefined {
    return this.#numbers.get(prototype);
  }

  /** The number of a function, if the workers have it. */
  numberOfFunction(f: object): number | undefined {
    return this.#known.get(f);
  }

  /** The `#private` fields of an object, if workers can make one of its class. */
  readonly privatesOf: PrivatesOf = (object) => {
    const { constructor: type } = Object.getPrototypeOf(object) as object;
    if (!this.#restorable.has(type)) return undefined;
    return { type: this.#known.get(type)!, fields: inspectPrivates(object) };
  };

  /** The codes that a worker needs for these numbers, in the order to send them. */
  codesFor(numbers: Iterable<number>): number[] {
    const codes = new Set<number>();
    for (const number of numbers) {
      const { code } = nodeOf(number);
      for (const needed of this.#needs.get(code) ?? []) codes.add(needed);
      if (code > 0) codes.add(code);
    }
    return [...codes];
  }

  /** Functions and classes in values that are not known and were never captured. */
  missingIn(values: List): Named[] {
    const missing = new Map<object, Named>();
    const note = (value: Named["value"], name: string) => {
      if (!this.#asked.has(value)) missing.set(value, { name, value });
      return 0;
    };
    const numberOf = (prototype: object) => {
      const known = this.numberOf(prototype);
      const type = known === undefined ? classAt(prototype) : undefined;
      // Such an object is looked into.
      if (type && this.#restorable.has(type)) return undefined;
      return type ? note(type, `class ${shortName(type.name)}`) : known;
    };
    const numberOfFunction = (f: object) => {
      const { name } = f as Named["value"];
      return this.#known.get(f) ??
        note(f as Named["value"], shortName(String(name)) || "the function");
    };
    for (const value of values) {
      try {
        const { privatesOf } = this;
        new Packing(numberOf, false, true, numberOfFunction, privatesOf).copy(value);
      } catch {
        // It is told when the value is sent.
      }
    }
    return [...missing.values()];
  }

  /**
   * Captures what is missing in values. What cannot be is refused from now on.
   *
   * @param use Takes a code, and gives its number.
   * @param snapshots The variables of functions in them, if these count as they were before.
   */
  add(values: List, use: Use, snapshots: Snapshots = new Map()): Promise<void> {
    // Only one at a time: each thing is captured once.
    const added = this.#turn.then(() =>
      this.#add(this.missingIn(values), use, snapshots)
    );
    this.#turn = added.catch(() => {});
    return added;
  }

  async #add(missing: Named[], use: Use, snapshots: Snapshots): Promise<void> {
    if (missing.length === 0) return;
    try {
      await this.#capture(missing, use, snapshots);
    } catch (error) {
      if (!(error instanceof SerializationError)) throw error;
      for (const one of missing) await this.#captureAlone(one, use, snapshots);
    }
    for (const { value } of missing) this.#asked.add(value);
  }

  async #captureAlone(
    one: Named,
    use: Use,
    snapshots: Snapshots,
  ): Promise<void> {
    try {
      await this.#capture([one], use, snapshots);
    } catch (error) {
      if (!(error instanceof SerializationError)) throw error;
      this.refused.set(one.value, error.message);
      const { prototype } = one.value;
      if (prototype) this.refused.set(prototype, error.message);
    }
  }

  async #capture(
    missing: Named[],
    use: Use,
    snapshots: Snapshots,
  ): Promise<void> {
    const { captureMore } = await import("../closure/capture/capture.ts");
    const { bytes, classes, known, needs, restorable } = await captureMore(
      missing,
      this.#known,
      snapshots,
    );
    const code = use(withMain(bytes, this.#main));
    if (code === undefined) return;
    this.codes.push(code);
    for (const type of restorable) this.#restorable.add(type);
    this.#needs.set(code, this.codesFor(needs));
    for (const [node, prototype] of classes) {
      this.classes.set(numberIn(code, node), prototype);
      this.#numbers.set(prototype, numberIn(code, node));
    }
    for (const [value, node] of known) {
      if (!this.#known.has(value)) this.#known.set(value, numberIn(code, node));
    }
  }
}

/** Reads `#private` fields of objects, and notes their classes. */
export function notedPrivates(
  { privatesOf }: Additions,
  noted: (number: number) => void,
): PrivatesOf {
  return (object) => {
    const found = privatesOf(object);
    if (found) noted(found.type);
    return found;
  };
}

/** The functions in a value. */
export function functionsIn(value: unknown): Named["value"][] {
  const found = new Set<Named["value"]>();
  const note = (f: object) => {
    found.add(f as Named["value"]);
    return 0;
  };
  try {
    new Packing(() => 0, false, true, note).copy(value);
  } catch {
    // It is told when the value is sent.
  }
  return [...found];
}

/** The class with this prototype, if it is the user's. */
function classAt(prototype: object): Named["value"] | undefined {
  const isThere = isUsual(prototype) || isPlatformPrototype(prototype) ||
    nameOfError(prototype) !== undefined;
  const type: unknown = Object.getOwnPropertyDescriptor(prototype, "constructor")
    ?.value;
  if (isThere || typeof type !== "function" || type.prototype !== prototype) {
    return undefined;
  }
  const object = Object.create(prototype) as object;
  const loss = lossOf(object);
  const isOfUser = loss && (!loss.isPlatform || packsItself(prototype) ||
    platformName(object) !== undefined);
  return isOfUser ? type : undefined;
}
