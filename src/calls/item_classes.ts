/**
 * The classes of the objects among items. They are sent with the function, so that workers
 * can make objects of them.
 *
 * @module
 */

import * as types from "node:util/types";
import type { AnyFunction } from "../closure/capture/texts.ts";
import type { Items } from "../engine/item_source.ts";
import { lossOf } from "../protocol/class_loss.ts";

/** In so many objects it is looked for classes within; in others by themselves. */
const MOST_OBJECTS = 10_000;

/** A class, and how to call it in messages. */
interface NamedClass {
  name: string;
  value: AnyFunction;
}

/**
 * The classes of objects among items. Lists that do not begin with an object are not looked
 * through; nor is anything but lists, whose items are not there yet.
 */
export function classesIn(items: Items<unknown>): NamedClass[] {
  if (!Array.isArray(items) || !isObject(items[0])) return [];
  const classes = new Set<AnyFunction>();
  const seen = new Set<object>();
  const take = (value: object) => {
    const type = classOf(value);
    if (type) classes.add(type);
  };
  for (const item of items as unknown[]) {
    if (!isObject(item)) continue;
    take(item);
    const waiting = [item];
    for (let next; seen.size < MOST_OBJECTS && (next = waiting.pop());) {
      if (seen.has(next)) continue;
      seen.add(next);
      take(next);
      for (const child of valuesIn(next)) if (isObject(child)) waiting.push(child);
    }
  }
  return [...classes].map((value) => ({ name: `class ${value.name}`, value }));
}

/** What an object holds. Accessors are not called: that is done when the item is sent. */
function* valuesIn(object: object): Iterable<unknown> {
  if (types.isProxy(object) || ArrayBuffer.isView(object)) return;
  if (types.isMap(object)) yield* [...Map.prototype.entries.call(object)].flat();
  else if (types.isSet(object)) yield* Set.prototype.values.call(object);
  for (const key of Object.keys(object)) {
    yield Object.getOwnPropertyDescriptor(object, key)?.value;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** The class of an object that would lose it. */
function classOf(value: object): AnyFunction | undefined {
  if (types.isProxy(value)) return undefined;
  const loss = lossOf(value);
  if (!loss || loss.isPlatform) return undefined;
  const prototype = Object.getPrototypeOf(value) as object;
  const type: unknown = Object.getOwnPropertyDescriptor(prototype, "constructor")
    ?.value;
  return typeof type === "function" && type.prototype === prototype ? type : undefined;
}
