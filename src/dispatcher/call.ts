/**
 * A function that is to be called with items, checked and on its way to be captured.
 *
 * @module
 */

import { captureFunction, checkFunction } from "../closure/capture.ts";
import type { CodePayload } from "../closure/payload.ts";
import { serialize } from "../protocol/values.ts";
import type { Items } from "./item_source.ts";
import type { DispatchOptions } from "./options.ts";

/** Any function. */
// deno-lint-ignore ban-types -- any function at all
export type AnyFunction = Function;

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
 * Checks a function.
 *
 * @param f The function.
 * @param items What it is called with: one argument each, or with `spread` an array of
 * arguments each.
 * @throws {TypeError | SerializationError} When it cannot travel.
 */
export function requestCall(
  f: AnyFunction,
  items: Items<unknown>,
  options: DispatchOptions,
  spread: boolean,
): CallRequest {
  checkFunction(f);
  const name = options.name ?? (f.name || "anonymous");
  return { name, code: () => captureCall(f, spread), items, options };
}

/** The function as workers take it, serialized. */
export async function captureCall(
  f: AnyFunction,
  spread: boolean,
): Promise<Uint8Array> {
  const code: CodePayload = {
    kind: "call",
    function: await captureFunction(f),
    spread,
  };
  return serialize(code);
}
