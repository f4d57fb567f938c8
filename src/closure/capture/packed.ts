/**
 * Objects whose class says what they are made from, and makes them again.
 *
 * @module
 */

import { PACK, packsItself, unpackerOf } from "../../common/packing_symbols.ts";
import { shortened } from "../../common/shorten.ts";
import { SerializationError } from "../../errors.ts";
import { STEP } from "../../protocol/refused.ts";
import { refuse, wayTo } from "./complaints.ts";
import type { Context } from "./context.ts";
import type { Found } from "./found.ts";

/** Whether an object says what it is made from; the prototype of such objects does not. */
export function isPackable(object: object): boolean {
  return packsItself(object) && !Object.hasOwn(object, "constructor");
}

/** Finds what an object is made from. */
export function explorePacked(context: Context, found: Found, object: object): void {
  const { findings } = context;
  const prototype = Object.getPrototypeOf(object) as object;
  const type = (prototype as { constructor?: unknown }).constructor;
  if (!unpackerOf(prototype)) {
    refuse(
      context,
      found,
      "an object with a method [pack] whose class has no static method [unpack]",
      "add that",
    );
  }
  findings.see(type, found, " → class");
  const data = packed(found, object);
  findings.see(data, found, STEP);
  context.packed.push({ found, data });
  found.node = () => ({
    kind: "packed",
    type: findings.slot(type),
    data: findings.slot(data),
  });
}

/** Refuses objects that are in what they are made from: they could not be made. */
export function refuseCircles(context: Context): void {
  for (const { found, data } of context.packed) {
    const top = context.findings.find(data);
    if (!top || !isWithin(found, top)) continue;
    refuse(
      context,
      found,
      "an object that is in what its method [pack] returns",
      "leave it out there",
    );
  }
}

/** Whether something was found in another thing, however deep. */
function isWithin(found: Found, outer: Found): boolean {
  const seen = new Set<Found>();
  const waiting = [found];
  for (let next; (next = waiting.pop());) {
    if (next === outer) return true;
    if (seen.has(next)) continue;
    seen.add(next);
    for (const holder of next.in) waiting.push(holder);
  }
  return false;
}

function packed(found: Found, object: object): unknown {
  try {
    return (object as Record<symbol, () => unknown>)[PACK]!();
  } catch (error) {
    throw new SerializationError(
      `${wayTo(found).path}: the method [pack] of its class threw ` +
        shortened(String(error)),
      { cause: error },
    );
  }
}
