/**
 * How items travel: as arguments to a worker, and as results, or thrown, back.
 *
 * @module
 */

import { decodeFailure } from "../../src/protocol/failure.ts";
import { deserializeList, serializeList } from "../../src/protocol/lists.ts";
import type { Item, Scenario } from "./scenario.ts";

/** A number, and what makes the message that carries it large, if anything does. */
type Value = number | { number: number; padding: Uint8Array };

/** The result of an item. */
export function resultOf(payload: number): number {
  return 2 * payload + 1;
}

/** A number as an item carries it. */
export function valueOf({ size, payload }: Item, number: number): Value {
  if (size === 0) return number;
  return { number, padding: new Uint8Array(size).fill(payload) };
}

/** The arguments of items. */
export function argumentsOf(items: Item[]): Uint8Array[] {
  return serializeList(items.map((item) => valueOf(item, item.payload)));
}

/** The items whose arguments these are. */
export function itemsOf(list: Uint8Array[], { items }: Scenario): Item[] {
  return Array.from(deserializeList(list) as Value[], (value) => {
    const item = items.get(numberOf(value))!;
    mustBeWhole(value, item);
    return item;
  });
}

/** The results that a worker reports, right or wrong, but whole. */
export function resultsOf(list: Uint8Array[], { items }: Scenario): number[] {
  return Array.from(deserializeList(list) as Value[], (value) => {
    const result = numberOf(value);
    mustBeWhole(value, items.get((result - 1) / 2));
    return result;
  });
}

/** The payload of the item that has thrown; `undefined` where it was not that which said so. */
export function thrownBy(failure: Uint8Array): number[] | undefined {
  const thrown = decodeFailure(failure, "", (stack) => stack);
  return typeof thrown === "number" ? [thrown] : undefined;
}

function numberOf(value: Value): number {
  return typeof value === "number" ? value : value.number;
}

function mustBeWhole(value: Value, item: Item | undefined): void {
  if (!item) return;
  const { size, payload } = item;
  const padding = typeof value === "number" ? [] : value.padding;
  const whole = padding.length === size &&
    padding.every((byte) => byte === payload % 256);
  if (!whole) throw new Error("A message in pieces was put together wrongly");
}
