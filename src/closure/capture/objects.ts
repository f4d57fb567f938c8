/**
 * Kinds of objects: which are plain data, which can be recreated, and which cannot be sent.
 *
 * @module
 */

import * as types from "node:util/types";
import { kindThatStays } from "../../protocol/complaint.ts";
import { nameOfPrototype, takeApart } from "../../protocol/platform.ts";
import { stepTo, stepToValue } from "../../protocol/steps.ts";
import { VIEWS } from "../../protocol/clone.ts";
import type { Shell, Slot } from "../payload.ts";
import { isNative, sourceOf } from "./texts.ts";

/** The name of an object that can never be sent, such as `"a Promise"`. */
export function refusalOf(object: object): string | undefined {
  // Functions can be sent, unless they are proxies.
  return types.isProxy(object) || typeof object !== "function"
    ? kindThatStays(object)
    : undefined;
}

/** Classes that structured clone preserves, except records, arrays, maps and sets. */
const DATA: object[] = [
  Date,
  RegExp,
  ArrayBuffer,
  Number,
  String,
  Boolean,
  BigInt,
  ...VIEWS,
].map((type) => type.prototype);

/** Whether an object was made by one of these classes, whatever its prototype is. */
function isData(object: object): boolean {
  return types.isDate(object) || types.isRegExp(object) || ArrayBuffer.isView(object) ||
    types.isAnyArrayBuffer(object) || types.isBoxedPrimitive(object);
}

/** Longer arrays are not checked for properties other than elements. */
const LONG = 10_000;

/**
 * Whether structured clone preserves the object itself; the values that it holds are checked
 * separately.
 */
export function isPlainData(object: object): boolean {
  const proto = Object.getPrototypeOf(object);
  if (!Object.isExtensible(object)) return false;
  if (proto === Array.prototype && Array.isArray(object)) return isPlainArray(object);
  if (DATA.includes(proto) && isData(object)) {
    // Structured clone resets `lastIndex`.
    if (types.isRegExp(object) && object.lastIndex !== 0) return false;
    // Only elements, and `lastIndex`, which every regular expression has.
    return ArrayBuffer.isView(object) ||
      Reflect.ownKeys(object).every((key) => key === "lastIndex" || isElementKey(key));
  }
  if (
    proto === Map.prototype && types.isMap(object) ||
    proto === Set.prototype && types.isSet(object)
  ) {
    return Reflect.ownKeys(object).length === 0;
  }
  if (proto !== Object.prototype) return false;
  return Reflect.ownKeys(object).every((key) => {
    if (typeof key === "symbol") return false;
    return isPlainProperty(Object.getOwnPropertyDescriptor(object, key)!);
  });
}

/** Whether structured clone preserves a property, and reads its value without a getter. */
function isPlainProperty(own: PropertyDescriptor): boolean {
  return "value" in own && own.writable! && own.enumerable! && own.configurable!;
}

function isPlainArray(array: unknown[]): boolean {
  const { length } = array;
  // By index up to the first gap, because that is fast.
  let count = 0;
  for (let own; (own = Object.getOwnPropertyDescriptor(array, count)); count++) {
    if (!isPlainProperty(own)) return false;
  }
  if (!Object.getOwnPropertyDescriptor(array, "length")!.writable) return false;
  if (count === length) {
    return length > LONG || Reflect.ownKeys(array).length === length + 1;
  }
  return Reflect.ownKeys(array).every((key) =>
    isElementKey(key) &&
    (key === "length" ||
      isPlainProperty(Object.getOwnPropertyDescriptor(array, key)!))
  );
}

function isElementKey(key: string | symbol): boolean {
  return typeof key === "string" && (key === "length" || /^\d+$/.test(key));
}

/** The values in plain data that are not primitive, each with the step that leads there. */
export function* childrenOf(object: object): Iterable<[string, unknown]> {
  if (Array.isArray(object)) {
    yield* elementsOf(object);
  } else if (types.isMap(object)) {
    let i = 0;
    for (const [key, value] of object as Map<unknown, unknown>) {
      if (mayBeSpecial(key)) yield [`.keys()[${i}]`, key];
      if (mayBeSpecial(value)) yield [stepToValue(key, i), value];
      i++;
    }
  } else if (types.isSet(object)) {
    let i = 0;
    for (const value of object as Set<unknown>) {
      if (mayBeSpecial(value)) yield [`.values()[${i}]`, value];
      i++;
    }
  } else if (Object.getPrototypeOf(object) === Object.prototype) {
    for (const [key, value] of Object.entries(object)) {
      if (mayBeSpecial(value)) yield [stepTo(key), value];
    }
  }
}

function* elementsOf(array: unknown[]): Iterable<[string, unknown]> {
  let i = 0;
  // By index up to the first gap, because that is fast.
  for (; i < array.length && (array[i] !== undefined || i in array); i++) {
    if (mayBeSpecial(array[i])) yield [`[${i}]`, array[i]];
  }
  if (i === array.length) return;
  // A sparse array may be long but hold few elements.
  for (const key of Object.keys(array)) {
    const value = array[key as unknown as number];
    if (Number(key) > i && mayBeSpecial(value)) yield [`[${key}]`, value];
  }
}

function mayBeSpecial(value: unknown): boolean {
  const type = typeof value;
  return type === "object" && value !== null || type === "function" ||
    type === "symbol";
}

/** How an object of the platform is made again from data, if it is one that can be. */
export function platformPart(
  object: object,
): { name: string; data: unknown } | undefined {
  const name = nameOfPrototype(Object.getPrototypeOf(object));
  if (name === undefined) return undefined;
  try {
    return { name, data: takeApart(name, object) };
  } catch {
    // It only inherits from one.
    return undefined;
  }
}

const ERRORS: object[] = [
  Error,
  RangeError,
  TypeError,
  SyntaxError,
  ReferenceError,
  EvalError,
  URIError,
  AggregateError,
].map((type) => type.prototype);

/** Prototypes of built-in classes whose instances can be recreated, also as subclasses. */
const BASES: ReadonlySet<object> = new Set([
  Object.prototype,
  Iterator.prototype,
  Array.prototype,
  Map.prototype,
  Set.prototype,
  Object.getPrototypeOf(Uint8Array.prototype),
  ...DATA,
  ...ERRORS,
]);

/**
 * Whether objects that inherit from this prototype can be recreated. They need not be
 * instances: an object that inherits from `Date.prototype` may not be a date.
 */
export function isBase(proto: object): boolean {
  return BASES.has(proto);
}

/** How to recreate an object that is not plain data. */
export interface Outline {
  shell: (slot: (value: unknown) => Slot) => Shell;
  /** Values that it holds apart from its properties, each with the step that leads there. */
  parts: [string, unknown][];
  /** Keys of properties that every such object has. */
  standard: PropertyKey[];
}

/** Finds how to recreate an object, without its class and properties. */
export function outlineOf(object: object): Outline {
  if (Array.isArray(object)) {
    const { length } = object;
    const { writable } = Object.getOwnPropertyDescriptor(object, "length")!;
    return {
      shell: () => ({ kind: "array", length }),
      parts: [],
      standard: writable ? ["length"] : [],
    };
  }
  if (types.isArgumentsObject(object)) {
    // Its elements and its length are ordinary properties.
    const standard = ["callee", Symbol.iterator];
    return { shell: () => ({ kind: "arguments" }), parts: [], standard };
  }
  if (types.isMap(object)) {
    const entries = [...Map.prototype.entries.call(object)];
    return {
      shell: (slot) => ({
        kind: "map",
        entries: entries.map(([key, value]) => [slot(key), slot(value)]),
      }),
      parts: entries.flatMap(([key, value], i) => [
        [`.keys()[${i}]`, key],
        [`.values()[${i}]`, value],
      ]),
      standard: [],
    };
  }
  if (types.isSet(object)) {
    const values = [...Set.prototype.values.call(object)];
    return {
      shell: (slot) => ({ kind: "set", values: values.map(slot) }),
      parts: values.map((value, i) => [`.values()[${i}]`, value]),
      standard: [],
    };
  }
  if (types.isNativeError(object)) {
    const { get } = Object.getOwnPropertyDescriptor(object, "stack") ?? {};
    // V8 gives every error an accessor; one of the user is sent as an accessor.
    const isOwn = get !== undefined && !isNative(sourceOf(get));
    const stack = isOwn ? "" : String(object.stack);
    const standard = isOwn ? [] : ["stack"];
    return { shell: () => ({ kind: "error", stack }), parts: [], standard };
  }
  // By the built-in method, because this date may have its own method of that name.
  if (types.isDate(object)) return data(new Date(getTime.call(object)));
  if (types.isRegExp(object)) return data(new RegExp(object));
  if (types.isBoxedPrimitive(object) && !types.isSymbolObject(object)) {
    const value = primitiveOf(object);
    const elements = typeof value === "string" ? ["length", ...Object.keys(value)] : [];
    return data(Object(value), elements);
  }
  if (ArrayBuffer.isView(object) || types.isAnyArrayBuffer(object)) {
    return data(object);
  }
  return { shell: () => ({ kind: "record" }), parts: [], standard: [] };
}

const { getTime } = Date.prototype;

/** The primitive in a wrapper object, such as `new Number(1)`. */
function primitiveOf(box: object): unknown {
  if (types.isNumberObject(box)) return Number.prototype.valueOf.call(box);
  if (types.isStringObject(box)) return String.prototype.valueOf.call(box);
  if (types.isBooleanObject(box)) return Boolean.prototype.valueOf.call(box);
  return BigInt.prototype.valueOf.call(box as unknown as bigint);
}

function data(value: object, standard: string[] = []): Outline {
  return { shell: () => ({ kind: "data", value }), parts: [], standard };
}
