/**
 * Objects of classes among values: structured clone keeps their fields and loses their
 * class. Whoever does not know that looks for their methods in vain; and of those of the
 * platform, such as a `URL`, nothing is left at all.
 *
 * @module
 */

import { nodeModule } from "../common/node.ts";
import { shortName } from "../common/shorten.ts";
import { VIEWS } from "./clone.ts";
import { platformName } from "./platform.ts";

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
]);

/** The names of globals before the program could add its own. */
const GLOBALS: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(globalThis));

/** Of these nothing is lost but their methods, in objects of classes that extend them. */
const HOLD_NOTHING: ReadonlySet<object> = new Set([
  EventTarget.prototype,
  Iterator.prototype,
]);

/** The classes of errors that arrive as what they are. */
const KEPT_ERRORS: ReadonlySet<object | null> = new Set<object | null>([
  Error.prototype,
  EvalError.prototype,
  RangeError.prototype,
  ReferenceError.prototype,
  SyntaxError.prototype,
  TypeError.prototype,
  URIError.prototype,
]);

/** Whether objects with this prototype arrive as what they are; errors without fields. */
export function isUsual(prototype: object | null): boolean {
  return KEPT.has(prototype) || KEPT_ERRORS.has(prototype);
}

/** What an object has lost when it arrives. */
export interface ClassLoss {
  /** The name of its class, short enough for a message; empty if that has none. */
  name: string;
  /** Whether it is of a class of the platform's, or of one that extends such a class. */
  isPlatform: boolean;
  /** Whether it is an error, which arrives as one, without fields of its own. */
  isError: boolean;
}

// Objects of one class mostly come in a row.
let lastPrototype: object | null = null;
let lastLoss: ClassLoss | undefined;

/** What an object will have lost, if something. What is in it is not looked at. */
export function lossOf(value: object): ClassLoss | undefined {
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (KEPT.has(prototype)) return undefined;
  if (prototype === lastPrototype) return lastLoss;
  if (value instanceof Error) {
    const isWhole = KEPT_ERRORS.has(prototype) && Object.keys(value).length === 0;
    return isWhole
      ? undefined
      : { name: nameOf(prototype!) || "Error", isPlatform: false, isError: true };
  }
  lastLoss = value instanceof Promise || isBuffer(prototype!)
    ? undefined
    : lossBy(prototype!);
  lastPrototype = prototype;
  return lastLoss;
}

function lossBy(prototype: object): ClassLoss {
  let isPlatform = isOfPlatform(prototype) ||
    platformName(Object.create(prototype)) !== undefined;
  for (let at: object | null = prototype; at && !isPlatform;) {
    at = Object.getPrototypeOf(at) as object | null;
    if (KEPT.has(at)) break;
    isPlatform = !HOLD_NOTHING.has(at!) && isOfPlatform(at!);
  }
  return { name: nameOf(prototype), isPlatform, isError: false };
}

/** Whether it is the prototype of Node's `Buffer`, which is not loaded only to find out. */
function isBuffer(prototype: object): boolean {
  return nameOf(prototype) === "Buffer" &&
    prototype === nodeModule("node:buffer").Buffer.prototype;
}

/** The class that a prototype belongs to. */
function classOf(prototype: object): { name: string } | undefined {
  const type: unknown = Object.getOwnPropertyDescriptor(prototype, "constructor")
    ?.value;
  return typeof type === "function" ? type : undefined;
}

function nameOf(prototype: object): string {
  const name: unknown = classOf(prototype)?.name;
  return typeof name === "string" ? shortName(name) : "";
}

function isOfPlatform(prototype: object): boolean {
  const type = classOf(prototype);
  const name: unknown = type?.name;
  if (typeof name !== "string" || name === "") return false;
  return GLOBALS.has(name) && (globalThis as Record<string, unknown>)[name] === type ||
    (Deno as unknown as Record<string, unknown>)[name] === type;
}
