/**
 * Objects of classes among the items of a map: they arrive as plain objects, for items
 * are data. Whoever does not know that looks for their methods in vain.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { List } from "../protocol/lists.ts";
import { shortened, shortName } from "../protocol/steps.ts";
import { VIEWS } from "../protocol/views.ts";
import { log } from "../settings.ts";

/** The prototypes of what arrives as what it is. */
const KEPT: ReadonlySet<object | null> = new Set<object | null>([
  null,
  ...[
    Object,
    Array,
    Map,
    Set,
    Date,
    RegExp,
    ArrayBuffer,
    Boolean,
    Number,
    String,
    BigInt,
  ]
    .map(({ prototype }) => prototype as object),
  ...VIEWS.map(({ prototype }) => prototype),
  Buffer.prototype,
]);

/**
 * The class of the first object that will lose it, and where among the values it is. Only
 * the values themselves are looked at, not what is in them.
 */
function findInstance(values: unknown[]): { at: number; name: string } | undefined {
  for (let at = 0; at < values.length; at++) {
    const value = values[at];
    if (typeof value !== "object" || value === null) continue;
    const prototype = Object.getPrototypeOf(value) as object | null;
    if (KEPT.has(prototype) || value instanceof Error) continue;
    // It does not arrive at all.
    if (value instanceof Promise) continue;
    const name = Object(prototype).constructor?.name;
    if (typeof name === "string" && name !== "") return { at, name };
  }
  return undefined;
}

/**
 * Says that items are objects of a class, if some are.
 *
 * @param name The map's.
 * @param values Some of its arguments.
 * @param first The index of the first of them.
 * @returns Whether it was said.
 */
export function warnOfInstances(name: string, values: List, first: number): boolean {
  const found = Array.isArray(values) ? findInstance(values) : undefined;
  if (!found) return false;
  log(
    "info",
    `item ${first + found.at} of map "${shortened(name)}" is a ${
      shortName(found.name)
    }, and arrives as a plain ` +
      `object without its methods: what a variable holds keeps its class, so map over a ` +
      `key of it`,
  );
  return true;
}
