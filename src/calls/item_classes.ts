/**
 * The classes of the objects among items. They are sent with the function, so that workers
 * can make objects of them.
 *
 * @module
 */

import { type AnyFunction, nameOf } from "../closure/capture/texts.ts";
import { nodeModule } from "../common/node.ts";
import { PACK, packsItself } from "../common/packing_symbols.ts";
import { shortName } from "../common/shorten.ts";
import { isPlatformPrototype, platformName } from "../protocol/platform.ts";
import type { Items } from "../engine/item_source.ts";
import { lossOf } from "../protocol/class_loss.ts";

/** In so many objects it is looked for classes within; in others by themselves. */
const MOST_OBJECTS = 1000;

/** A class, and how to call it in messages. */
export interface NamedClass {
  name: string;
  value: AnyFunction;
}

/**
 * The classes of objects among items. Lists that do not begin with an object are not looked
 * through; nor is anything but lists, whose items are not there yet.
 */
export function classesIn(items: Items<unknown>): NamedClass[] {
  if (!Array.isArray(items) || !isObject(items[0])) return [];
  const { isProxy } = nodeModule("node:util/types");
  const classes: NamedClass[] = [];
  const prototypes = new Set<unknown>([Object.prototype]);
  const seen = new Set<object>();
  const take = (value: object) => {
    const prototype = prototypeOf(value);
    if (prototypes.has(prototype)) return;
    prototypes.add(prototype);
    const type = classOf(value, prototype);
    if (type) classes.push({ name: `class ${shortName(nameOf(type))}`, value: type });
  };
  for (const item of items as unknown[]) {
    if (!isObject(item)) continue;
    // Nearly all are of one kind.
    if (seen.size >= MOST_OBJECTS) {
      take(item);
      continue;
    }
    const waiting = [item];
    for (let next; seen.size < MOST_OBJECTS && (next = waiting.pop());) {
      if (seen.has(next) || isProxy(next)) continue;
      seen.add(next);
      take(next);
      for (const child of valuesIn(next)) if (isObject(child)) waiting.push(child);
    }
  }
  return classes;
}

/** What an object holds. Accessors are not called: that is done when the item is sent. */
function* valuesIn(object: object): Iterable<unknown> {
  if (ArrayBuffer.isView(object)) return;
  if (packsItself(object)) {
    try {
      yield object[PACK]!();
    } catch {
      // It is told when the item is sent.
    }
    return;
  }
  const { isMap, isSet } = nodeModule("node:util/types");
  if (isMap(object)) {
    for (const entry of Map.prototype.entries.call(object)) yield* entry;
  } else if (isSet(object)) yield* Set.prototype.values.call(object);
  for (const key of Object.keys(object)) {
    yield Object.getOwnPropertyDescriptor(object, key)?.value;
  }
}

/** What an object inherits from; nothing if it is a proxy that does not tell. */
function prototypeOf(object: object): unknown {
  try {
    return Object.getPrototypeOf(object);
  } catch {
    return Object.prototype;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** The class of an object that would lose it. */
function classOf(value: object, prototype: unknown): AnyFunction | undefined {
  const loss = lossOf(value);
  if (!loss) return undefined;
  const isOfUser = !loss.isPlatform || platformName(value) !== undefined ||
    packsItself(value);
  if (!isOfUser) return undefined;
  if (isPlatformPrototype(prototype as object)) return undefined;
  const type: unknown = Object.getOwnPropertyDescriptor(prototype, "constructor")
    ?.value;
  return typeof type === "function" && type.prototype === prototype ? type : undefined;
}
