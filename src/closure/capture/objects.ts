/**
 * Kinds of objects: which are plain data, which can be made anew, and which cannot
 * travel.
 *
 * @module
 */

import * as types from "node:util/types";
import { kindThatStays } from "../../protocol/complaint.ts";
import { stepTo, stepToValue } from "../../protocol/steps.ts";
import { VIEWS } from "../../protocol/clone.ts";
import type { Shell, Slot } from "../payload.ts";
import { isNative, sourceOf } from "./texts.ts";

/** How to call what cannot travel whatever it holds, such as `"a Promise"`. */
export function refusalOf(object: object): string | undefined {
  // Functions can, unless there is one of these around them.
  return types.isProxy(object) || typeof object !== "function"
    ? kindThatStays(object)
    : undefined;
}

/** Classes that structured clone keeps, apart from records, arrays, maps and sets. */
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

/** Whether an object is of one of these classes, whatever it inherits from. */
function isData(object: object): boolean {
  return types.isDate(object) || types.isRegExp(object) || ArrayBuffer.isView(object) ||
    types.isAnyArrayBuffer(object) || types.isBoxedPrimitive(object);
}

/** Of longer arrays it is not checked whether they have properties beside elements. */
const LONG = 10_000;

/**
 * Whether structured clone keeps the object itself as it is; what it holds is another
 * question.
 */
export function isPlainData(object: object): boolean {
  const proto = Object.getPrototypeOf(object);
  if (!Object.isExtensible(object)) return false;
  if (proto === Array.prototype && Array.isArray(object)) return isPlainArray(object);
  if (DATA.includes(proto) && isData(object)) {
    // Structured clone starts an expression anew.
    if (types.isRegExp(object) && object.lastIndex !== 0) return false;
    // Only elements and what they all have: `lastIndex` of an expression.
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

/** Whether structured clone keeps a property, and finds its value without a getter. */
function isPlainProperty(own: PropertyDescriptor): boolean {
  return "value" in own && own.writable! && own.enumerable! && own.configurable!;
}

function isPlainArray(array: unknown[]): boolean {
  const { length } = array;
  // By number, as long as there is one of each: that is quick.
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

/** What plain data holds that is not primitive, each with the step that leads there. */
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
  // By number, as long as there is one of each: that is quick.
  for (; i < array.length && (array[i] !== undefined || i in array); i++) {
    if (mayBeSpecial(array[i])) yield [`[${i}]`, array[i]];
  }
  if (i === array.length) return;
  // The length says nothing of how much is in it.
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

/** How a global constructor makes an equal object, if one does. */
export function rebuildable(
  object: object,
): { path: string[]; args: unknown[] } | undefined {
  const proto = Object.getPrototypeOf(object);
  if (proto === URL.prototype) {
    return { path: ["URL"], args: [URL.prototype.toString.call(object)] };
  }
  if (proto === URLSearchParams.prototype) {
    const text = URLSearchParams.prototype.toString.call(object);
    return { path: ["URLSearchParams"], args: [text] };
  }
  if (proto === Headers.prototype) {
    return { path: ["Headers"], args: [[...object as Headers]] };
  }
  if (proto === TextEncoder.prototype) return { path: ["TextEncoder"], args: [] };
  if (proto === TextDecoder.prototype) {
    const { encoding, fatal, ignoreBOM } = object as TextDecoder;
    return { path: ["TextDecoder"], args: [encoding, { fatal, ignoreBOM }] };
  }
  for (
    const name of ["NumberFormat", "DateTimeFormat", "Collator", "PluralRules"] as const
  ) {
    if (proto !== Intl[name].prototype) continue;
    const options = (object as Intl.NumberFormat).resolvedOptions();
    return { path: ["Intl", name], args: [options.locale, { ...options }] };
  }
  return undefined;
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

/** Built-in classes whose instances can be made anew, whatever class they are of. */
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
 * Whether an object above which this prototype is can be made anew. It need not be what
 * the prototype is for: an object over `Date.prototype` may be no date.
 */
export function isBase(proto: object): boolean {
  return BASES.has(proto);
}

/** How to make an object that is no plain data anew. */
export interface Outline {
  shell: (slot: (value: unknown) => Slot) => Shell;
  /** What it holds beside its properties, each with the step that leads there. */
  parts: [string, unknown][];
  /** Keys of properties that it has in any case. */
  standard: PropertyKey[];
}

/** Says how to make an object anew, apart from its class and properties. */
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
    // Its elements are properties like others, and so is its length.
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
    // Every error has an accessor of V8's; one of the user's travels as such.
    const isOwn = get !== undefined && !isNative(sourceOf(get));
    const stack = isOwn ? "" : String(object.stack);
    const standard = isOwn ? [] : ["stack"];
    return { shell: () => ({ kind: "error", stack }), parts: [], standard };
  }
  // By what every date has: this one may have a method of that name of its own.
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

/** What is in a box, such as `new Number(1)`. */
function primitiveOf(box: object): unknown {
  if (types.isNumberObject(box)) return Number.prototype.valueOf.call(box);
  if (types.isStringObject(box)) return String.prototype.valueOf.call(box);
  if (types.isBooleanObject(box)) return Boolean.prototype.valueOf.call(box);
  return BigInt.prototype.valueOf.call(box as unknown as bigint);
}

function data(value: object, standard: string[] = []): Outline {
  return { shell: () => ({ kind: "data", value }), parts: [], standard };
}
