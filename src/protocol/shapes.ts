/**
 * What kind of object a value is, for those who copy it: see `packing.ts`.
 *
 * @module
 */

/** So many elements a typed array may have for its fields to be looked for. */
const MOST_ELEMENTS = 10_000;

/** Whether V8 clones what it holds by itself. */
export function isData(value: object): boolean {
  return ArrayBuffer.isView(value) || value instanceof Date ||
    value instanceof RegExp ||
    value instanceof ArrayBuffer || value instanceof Number ||
    value instanceof String || value instanceof Boolean;
}

/** Whether a property is as one that is made by an assignment. */
export function isUsualProperty(own: PropertyDescriptor): boolean {
  return own.enumerable! && (!("value" in own) || own.configurable! && own.writable!);
}

/** Whether it is a record, or of a class that V8 takes for one. */
export function isRecord(value: object): boolean {
  let at: object | null = value;
  while (at && !Object.hasOwn(at, Symbol.toStringTag)) {
    at = Object.getPrototypeOf(at) as object | null;
  }
  if (!at) return Object.prototype.toString.call(value) === "[object Object]";
  // Those of the platform have a tag that nobody can write.
  const own = Object.getOwnPropertyDescriptor(at, Symbol.toStringTag)!;
  return own.writable !== false;
}

/** Whether an array, which is not too sparse, holds nothing but primitive values. */
export function hasPrimitivesOnly(array: unknown[]): boolean {
  for (let i = 0; i < array.length; i++) {
    const value = array[i];
    const isOther = typeof value === "symbol" || typeof value === "function";
    if (typeof value === "object" && value !== null || isOther) return false;
    if (value === undefined && !(i in array)) return false;
  }
  return true;
}

/**
 * The keys of an object but those of its elements, which come first. To list those of a
 * large typed array takes seconds, so it is not asked for fields of its own.
 */
export function keysOf(value: object): (string | symbol)[] {
  const isView = ArrayBuffer.isView(value) || value instanceof String;
  if (isView && (value as { length?: number }).length! > MOST_ELEMENTS) return [];
  const keys = Reflect.ownKeys(value);
  if (!isView && !Array.isArray(value)) return keys;
  const after = keys.findLastIndex((key) =>
    key === "length" || typeof key === "string" && /^\d+$/.test(key)
  );
  return keys.slice(after + 1);
}
