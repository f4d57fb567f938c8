/**
 * Objects of classes among values: structured clone keeps their fields and loses their
 * class. Whoever does not know that looks for their methods in vain; and of those of the
 * platform, such as a `URL`, nothing is left at all.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { shortName } from "./steps.ts";
import { VIEWS } from "./views.ts";

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

/** The names of globals before the program could add its own. */
const GLOBALS: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(globalThis));

/** The class of an object that will not have it any more when it arrives. */
export interface LostClass {
  /** Its name, short enough for a message. */
  name: string;
  /** Whether it is one of the platform's, of whose objects nothing arrives. */
  isPlatform: boolean;
}

/** The class that a value will lose, if it has one. What is in it is not looked at. */
export function classLostBy(value: unknown): LostClass | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const prototype = Object.getPrototypeOf(value) as object | null;
  // A promise does not arrive at all, and an error as what it is.
  if (KEPT.has(prototype) || value instanceof Error || value instanceof Promise) {
    return undefined;
  }
  const type: unknown = Object.getOwnPropertyDescriptor(prototype, "constructor")
    ?.value;
  if (typeof type !== "function" || typeof type.name !== "string" || type.name === "") {
    return undefined;
  }
  const { name } = type;
  const isPlatform = GLOBALS.has(name) &&
      (globalThis as Record<string, unknown>)[name] === type ||
    (Deno as unknown as Record<string, unknown>)[name] === type;
  return { name: shortName(name), isPlatform };
}
