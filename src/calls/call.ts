/**
 * Checks the function and the options of a map, and captures the function.
 *
 * @module
 */

import { checkOptions } from "../common/checks.ts";
import type { Code } from "../closure/capture/capture.ts";
import { callOf } from "../closure/call.ts";
import type { Slot, Task } from "../closure/payload.ts";
import { checkFunction, rootOf } from "../closure/capture/root.ts";
import { type AnyFunction, nameOf } from "../closure/capture/texts.ts";
import type { Items } from "../engine/item_source.ts";
import { SerializationError } from "../errors.ts";
import { classesIn, type NamedClass } from "./item_classes.ts";
import {
  DISPATCH_CHECKS,
  type DispatchOptions,
  type DispatchSettledOptions,
  SETTLED_CHECKS,
  STREAM_SETTLED_CHECKS,
} from "./options.ts";

/** What a map runs. */
export interface CallRequest {
  /** The name of the map. */
  name: string;
  /** Captures the function, and gives its code. */
  code: () => Promise<Code>;
  /** Calls the function itself with an item. */
  here: (item: unknown) => unknown;
  /** The items that the function is called with. */
  items: Items<unknown>;
  /** The options of the map. */
  options: DispatchOptions;
  /** Whether results and failures are told apart. */
  settled: boolean;
}

/**
 * Checks a function and the options of its map.
 *
 * @param f The function.
 * @param items What it is called with: one argument each, or with `spread` an array of
 * arguments each.
 * @throws {TypeError | SerializationError} When the function cannot travel.
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
  if (options.into && options.reraise === false) {
    throw new TypeError(
      "into is for results that are all numbers: leave out reraise: false",
    );
  }
  return request(f, items, options, spread, false);
}

/**
 * Checks a function and the options of its `mapSettled`.
 *
 * @throws As {@linkcode requestCall} does.
 */
export function requestSettled(
  f: AnyFunction,
  items: Items<unknown>,
  options: DispatchSettledOptions,
): CallRequest {
  checkFunction(f);
  checkOptions("mapSettled", options, SETTLED_CHECKS);
  return request(f, items, options, false, true);
}

/**
 * Checks a function and the options of its `imapSettled`.
 *
 * @throws As {@linkcode requestCall} does.
 */
export function requestStreamSettled(
  f: AnyFunction,
  items: Items<unknown>,
  options: DispatchSettledOptions & { ordered?: boolean },
): CallRequest {
  checkFunction(f);
  checkOptions("imapSettled", options, STREAM_SETTLED_CHECKS);
  return request(f, items, options, false, true);
}

function request(
  f: AnyFunction,
  items: Items<unknown>,
  options: DispatchOptions,
  spread: boolean,
  settled: boolean,
): CallRequest {
  const name = options.name ?? (nameOf(f) || "anonymous");
  const { retryErrors } = options;
  return {
    name,
    code: captureLater(f, spread, items),
    here: callOf(f as (...args: never[]) => unknown, spread),
    items,
    // A copy, because the same objects may be changed for another call.
    options: {
      ...options,
      ...(typeof retryErrors === "object" && { retryErrors: { ...retryErrors } }),
    },
    settled,
  };
}

/** Loaded when it is first needed, and kept, because to import it again takes time. */
let capturing: Promise<typeof import("../closure/capture/capture.ts")> | undefined;

/** The code of functions that captured nothing, and so does not change: by `spread`. */
const constant = { true: new WeakMap(), false: new WeakMap() } as Record<
  `${boolean}`,
  WeakMap<AnyFunction, Code>
>;

/**
 * Notes what a function has captured, as it is now.
 *
 * @param items What it is called with: the classes of objects in it go with the code.
 * @returns Makes the code for workers, serialized.
 */
export function captureLater(
  f: AnyFunction,
  spread: boolean,
  items: Items<unknown>,
): () => Promise<Code> {
  const classes = classesIn(items);
  const known = constant[`${spread}`].get(f);
  if (known && classes.length === 0) return () => Promise.resolve(known);
  const root = rootOf(f);
  return async () => {
    const task = ([f]: Slot[]): Task => ({ kind: "call", function: f!, spread });
    const { capture } = await (capturing ??= import("../closure/capture/capture.ts"));
    const noted = await root;
    const code = await capture(noted, task, classes).catch((error) => {
      const mayBeItems = classes.length > 0 && error instanceof SerializationError;
      if (!mayBeItems) throw error;
      return captureWithout((classes) => capture(noted, task, classes), classes);
    });
    if (code.constant) constant[`${spread}`].set(f, code);
    return code;
  };
}

/** Leaves out the classes that cannot be sent. Items with objects of these will fail. */
async function captureWithout(
  capture: (classes: NamedClass[]) => Promise<Code>,
  classes: NamedClass[],
): Promise<Code> {
  const refused = new Map<object, string>();
  const good: NamedClass[] = [];
  for (const type of classes) {
    try {
      await capture([type]);
      good.push(type);
    } catch (error) {
      if (!(error instanceof SerializationError)) throw error;
      refused.set(type.value.prototype, error.message);
    }
  }
  return { ...await capture(good), refused };
}
