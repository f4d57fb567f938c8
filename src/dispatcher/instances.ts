/**
 * Objects of classes among the items of a map: they arrive as plain objects, for items
 * are data.
 *
 * @module
 */

import { article } from "../protocol/complaint.ts";
import { classLostBy } from "../protocol/instances.ts";
import type { List } from "../protocol/lists.ts";
import { shortened } from "../protocol/steps.ts";
import { log } from "../settings.ts";

/**
 * Looks for objects of classes among items.
 *
 * @param values Some of the items.
 * @returns The first that arrives without its class, and whether nothing of one arrives.
 */
export function instancesIn(
  values: List,
): { first?: { at: number; name: string }; hasPlatform: boolean } {
  let first: { at: number; name: string } | undefined;
  if (!Array.isArray(values)) return { hasPlatform: false };
  for (let at = 0; at < values.length; at++) {
    const lost = classLostBy(values[at]);
    if (lost?.isPlatform) return { hasPlatform: true };
    if (lost) first ??= { at, name: lost.name };
  }
  return { ...(first && { first }), hasPlatform: false };
}

/**
 * Says that an item is an object of a class.
 *
 * @param map The map's name.
 * @param index The item's.
 * @param type The name of the class.
 */
export function warnOfInstance(map: string, index: number, type: string): void {
  log(
    "info",
    `item ${index} of map "${shortened(map)}" is ${article(type)}, and arrives as a ` +
      `plain object without its methods: what a variable holds keeps its class, so map ` +
      `over a key of it`,
  );
}
