/**
 * A function that is to be called with items, checked and on its way to be captured.
 *
 * @module
 */

import { checkOptions } from "../common/checks.ts";
import type { Slot, Task } from "../closure/payload.ts";
import { checkFunction, rootOf } from "../closure/capture/root.ts";
import { type AnyFunction, nameOf } from "../closure/capture/texts.ts";
import type { Items } from "../engine/item_source.ts";
import { DISPATCH_CHECKS, type DispatchOptions } from "./options.ts";

/** What a map runs. */
export interface CallRequest {
  /** What it is called. */
  name: string;
  /** Begins to capture the function. */
  code: () => Promise<Uint8Array>;
  /** What it is called with. */
  items: Items<unknown>;
  /** How. */
  options: DispatchOptions;
}

/**
 * Checks a function, and how it is to be run.
 *
 * @param f The function.
 * @param items What it is called with: one argument each, or with `spread` an array of
 * arguments each.
 * @throws {TypeError | SerializationError} When it cannot travel.
 * @throws {TypeError | RangeError} When an option makes no sense.
 */
export function requestCall(
  f: AnyFunction,
  items: Items<unknown>,
  options: DispatchOptions,
  spread: boolean,
): CallRequest {
  checkFunction(f);
  checkOptions("map", options, DISPATCH_CHECKS);
  // As they are now: the same object may be used for another call, and be changed for it.
  options = { ...options };
  if (options.into && options.reraise === false) {
    throw new TypeError(
      "into is for results that are all numbers: not with reraise: false",
    );
  }
  const name = options.name ?? (nameOf(f) || "anonymous");
  return { name, code: captureLater(f, spread), items, options };
}

/** What captures is loaded when it is first needed: to ask for it again takes its time. */
let capturing: Promise<typeof import("../closure/capture/capture.ts")> | undefined;

/** The code of functions that captured nothing, which stays what it is: by `spread`. */
const constant = { true: new WeakMap(), false: new WeakMap() } as Record<
  `${boolean}`,
  WeakMap<AnyFunction, Uint8Array>
>;

/**
 * Writes down what a function captured as it is now.
 *
 * @returns What makes the code of it that workers take, serialized.
 */
export function captureLater(
  f: AnyFunction,
  spread: boolean,
): () => Promise<Uint8Array> {
  const known = constant[`${spread}`].get(f);
  if (known) return () => Promise.resolve(known);
  const root = rootOf(f);
  return async () => {
    const task = ([f]: Slot[]): Task => ({ kind: "call", function: f!, spread });
    const { capture } = await (capturing ??= import("../closure/capture/capture.ts"));
    const { bytes, constant: isConstant } = await capture(root, task);
    if (isConstant) constant[`${spread}`].set(f, bytes);
    return bytes;
  };
}
