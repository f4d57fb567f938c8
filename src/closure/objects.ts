/**
 * Kinds of objects: which are plain data, which can be made anew, and which cannot
 * travel.
 *
 * @module
 */

import { types } from "node:util";
import { kindThatStays } from "../protocol/complaint.ts";
import { stepTo, stepToValue } from "../protocol/steps.ts";
import { VIEWS } from "../protocol/views.ts";
import type { Shell, Slot } from "./payload.ts";

/** How to call what cannot travel whatever it holds, such as `"a Promise"`. */
export function refusalOf(object: object): string | undefined {
  // Functions can, unless there is one of these around them.
  const refusal = types.isProxy(object) || typeof object !== "function"
    ? kindThatStays(object)
    : undefined;
  if (refusal !== undefined) return refusal;
  return ArrayBuffer.isView(object) && types.isSharedArrayBuffer(object.buffer)
    ? "a view of a SharedArrayBuffer"
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

/** Of longer arrays it is not checked whether they have properties beside elements. */
const LONG = 10_000;

/**
 * Whether structured clone keeps the object itself as it is; what it holds is another
 * question.
 */
export function isPlainData(object: object): boolean {
  const proto = Object.getPrototypeOf(object);
  if (!Object.isExtensible(object)) return false;
  if (proto === Array.prototype) {
    const { length } = object as unknown[];
    return length > LONG || Reflect.ownKeys(object).every(isElementKey);
  }
  if (DATA.includes(proto)) {
    // Structured clone starts an expression anew.
    if (types.isRegExp(object) && object.lastIndex !== 0) return false;
    // Only elements and what they all have: `lastIndex` of an expression.
    return ArrayBuffer.isView(object) ||
      Reflect.ownKeys(object).every((key) => key === "lastIndex" || isElementKey(key));
  }
  if (proto === Map.prototype || proto === Set.prototype) {
    return Reflect.ownKeys(object).length === 0;
  }
  if (proto !== Object.prototype) return false;
  return Reflect.ownKeys(object).every((key) => {
    if (typeof key === "symbol") return false;
    const own = Object.getOwnPropertyDescriptor(object, key)!;
    return "value" in own && own.writable && own.enumerable && own.configurable;
  });
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
  if (proto === URL.prototype) return { path: ["URL"], args: [String(object)] };
  if (proto === URLSearchParams.prototype) {
    return { path: ["URLSearchParams"], args: [String(object)] };
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
const BASES: [object, (object: object) => boolean][] = [
  [Array.prototype, Array.isArray],
  [Map.prototype, types.isMap],
  [Set.prototype, types.isSet],
  [RegExp.prototype, types.isRegExp],
  [Date.prototype, types.isDate],
  ...DATA.map((proto): [object, (object: object) => boolean] => [
    proto,
    (object) => ArrayBuffer.isView(object) || types.isAnyArrayBuffer(object),
  ]),
];

/** Whether an object of a class above which this prototype is can be made anew. */
export function isBase(proto: object, object: object): boolean {
  if (proto === Object.prototype || proto === Iterator.prototype) return true;
  if (proto === Object.getPrototypeOf(Uint8Array.prototype)) return true;
  if (ERRORS.includes(proto)) return types.isNativeError(object);
  return BASES.some(([base, isOne]) => base === proto && isOne(object));
}

/** How to make an object that is no plain data anew. */
export interface Outline {
  shell: (slot: (value: unknown) => Slot) => Shell;
  /** What it holds beside its properties, each with the step that leads there. */
  parts: [string, unknown][];
  /** Keys of properties that it has in any case. */
  standard: string[];
}

/** Says how to make an object anew, apart from its class and properties. */
export function outlineOf(object: object): Outline {
  if (Array.isArray(object)) {
    const { length } = object;
    return {
      shell: () => ({ kind: "array", length }),
      parts: [],
      standard: ["length"],
    };
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
    const stack = String(object.stack);
    return { shell: () => ({ kind: "error", stack }), parts: [], standard: ["stack"] };
  }
  if (types.isDate(object)) return data(new Date(object.getTime()));
  if (types.isRegExp(object)) return data(new RegExp(object));
  if (ArrayBuffer.isView(object) || types.isAnyArrayBuffer(object)) {
    return data(object);
  }
  return { shell: () => ({ kind: "record" }), parts: [], standard: [] };
}

function data(value: object): Outline {
  return { shell: () => ({ kind: "data", value }), parts: [], standard: [] };
}
