/**
 * Objects of classes that both sides have. Structured clone keeps what is in them and loses
 * their class; so they travel as plain copies, and beside these stands which copy is of
 * which class. Classes are named by the numbers that they have in the code that the host
 * sent: so a worker can name only what the host has.
 *
 * Nothing is run to make them: the copy is given its prototype, and properties are defined.
 * No constructor and no setter is called.
 *
 * @module
 */

import { prototypeOfError } from "./failure_classes.ts";
import { type NumberOf, Packing, SAME, SYMBOL } from "./packing.ts";
import { putTogether } from "./platform.ts";
import { complaint, deserialize, serialize } from "./values.ts";

export type { NumberOf } from "./packing.ts";

/** The prototype of the class with this number, if there is one. */
export type PrototypeOf = (number: number) => object | undefined;

/** What a value begins with whose objects have classes; see `values.ts` for the others. */
const PACKED = 3;

/** A packed value, among others. */
export class Packed {
  /** @param bytes What {@linkcode pack} gave. */
  constructor(readonly bytes: Uint8Array) {}
}

/** Whether bytes are a packed value. */
export function isPacked(bytes: Uint8Array): boolean {
  return bytes[0] === PACKED;
}

/**
 * A value whose objects keep their classes, as bytes.
 *
 * @param numberOf Knows the classes that both sides have.
 * @param lossy Is called if an object in it still arrives without its class.
 * @returns `undefined` if it has no object of such a class.
 * @throws {Error} When something in it cannot be cloned, or it is nested too deeply.
 */
export function pack(
  value: unknown,
  numberOf: NumberOf,
  lossy?: () => void,
): Uint8Array<ArrayBuffer> | undefined {
  let packing = new Packing(numberOf, false);
  let copy = packing.copy(value);
  let bytes: Uint8Array | undefined;
  if (!packing.isPlain) {
    try {
      bytes = serialize(packing.packed(copy));
    } catch (error) {
      // One of the fields that structured clone leaves out may be to blame.
      if (!packing.hasMembers) throw error;
      packing = new Packing(numberOf, true);
      copy = packing.copy(value);
      bytes = serialize(packing.packed(copy));
    }
  }
  if (packing.loses) lossy?.();
  if (!bytes) return undefined;
  const packed = new Uint8Array(1 + bytes.byteLength);
  packed[0] = PACKED;
  packed.set(bytes, 1);
  return packed;
}

/**
 * The value that was packed.
 *
 * @throws {Error} When the bytes are no packed value, or name a class that was not sent.
 */
export function unpack(bytes: Uint8Array, prototypeOf: PrototypeOf): unknown {
  if (!isPacked(bytes)) throw new TypeError("It is not packed");
  const packed = fieldsOf(deserialize(bytes.subarray(1)));
  replaceStands(packed, listOf(packed.stands, bytes), bytes);
  const { copy, made, groups } = packed;
  for (const group of listOf(groups, bytes)) {
    const [type, copies] = listOf(group, bytes);
    for (const object of listOf(copies, bytes)) dress(object, type, prototypeOf);
  }
  for (const one of listOf(made, bytes)) {
    const [object, type, members, extensible] = listOf(one, bytes);
    dress(object, type, prototypeOf);
    for (const member of listOf(members, bytes)) {
      const [key, value, flags] = listOf(member, bytes);
      const [enumerable, writable, configurable] = listOf(flags, bytes).map(Boolean);
      const attributes = { value, enumerable, writable, configurable };
      const name = typeof key === "symbol" ? key : String(key);
      Object.defineProperty(object as object, name, attributes as PropertyDescriptor);
    }
    if (extensible === false) Object.preventExtensions(object);
  }
  return copy;
}

/** Gives a copy its class. */
function dress(object: unknown, type: unknown, prototypeOf: PrototypeOf): void {
  if (typeof object !== "object" || object === null) {
    throw new TypeError("It gives a class to what is no object");
  }
  if (type === SAME) return;
  const prototype = typeof type === "number"
    ? prototypeOf(type)
    : prototypeOfError(type);
  if (!prototype) throw new TypeError("It names a class that was not sent");
  Object.setPrototypeOf(object, prototype);
}

/** Puts what they stand for in place of what stands for it, wherever that is. */
function replaceStands(root: object, stands: unknown[], bytes: Uint8Array): void {
  if (stands.length === 0) return;
  const known = new Map<unknown, unknown>();
  for (const one of stands) {
    const [stand, kind, data] = listOf(one, bytes);
    known.set(
      stand,
      kind === SYMBOL ? Symbol.for(String(data)) : putTogether(kind, data),
    );
  }
  const seen = new Set<object>();
  const waiting: object[] = [root];
  const enter = (value: unknown): unknown => {
    if (known.has(value)) return known.get(value);
    if (typeof value === "object" && value !== null && !ArrayBuffer.isView(value)) {
      waiting.push(value);
    }
    return value;
  };
  for (let next; (next = waiting.pop());) {
    if (seen.has(next)) continue;
    seen.add(next);
    if (next instanceof Map) {
      const entries = [...next];
      next.clear();
      for (const [key, value] of entries) next.set(enter(key), enter(value));
    } else if (next instanceof Set) {
      const values = [...next];
      next.clear();
      for (const value of values) next.add(enter(value));
    }
    for (const key of Object.getOwnPropertyNames(next)) {
      const own = Object.getOwnPropertyDescriptor(next, key)!;
      if (!("value" in own)) continue;
      const value = enter(own.value);
      if (value !== own.value) Object.defineProperty(next, key, { ...own, value });
    }
  }
}

function fieldsOf(value: unknown): Record<string, unknown> {
  if (typeof value === "object" && value !== null) return { ...value };
  throw new TypeError("It is no packed value");
}

/** The elements of what must be a list: each of them took a byte. */
function listOf(value: unknown, { length }: Uint8Array): unknown[] {
  if (Array.isArray(value) && value.length <= length) return Array.from(value);
  throw new TypeError("It has no list where one is due");
}

/**
 * A value as bytes in which as much of it as can keeps its class.
 *
 * @param numberOf Knows the classes that both sides have.
 * @param lossy Is called if an object in it arrives without its class.
 * @throws {Error} When something in it cannot be cloned, or it is nested too deeply.
 */
export function serializeWhole(
  value: unknown,
  numberOf: NumberOf,
  lossy?: () => void,
): Uint8Array<ArrayBuffer> {
  let loses = false;
  try {
    const bytes = serialize(value, 0, () => loses = true);
    return loses ? pack(value, numberOf, lossy) ?? bytes : bytes;
  } catch (error) {
    const packed = packRefused(value, numberOf, lossy);
    if (packed) return packed;
    throw error;
  }
}

/** The same as {@linkcode pack}; `undefined` also if it throws. */
export function packOrNone(
  value: unknown,
  numberOf: NumberOf,
  lossy?: () => void,
): Uint8Array<ArrayBuffer> | undefined {
  try {
    return pack(value, numberOf, lossy);
  } catch {
    return undefined;
  }
}

/** The same for a value that structured clone refused. It tells only of what is sent. */
export function packRefused(
  value: unknown,
  numberOf: NumberOf,
  lossy?: () => void,
): Uint8Array<ArrayBuffer> | undefined {
  let loses = false;
  const packed = packOrNone(value, numberOf, () => loses = true);
  if (packed && loses) lossy?.();
  return packed;
}

/** What {@linkcode serializeWhole} gave, as a value again. */
export function deserializeWhole(bytes: Uint8Array, prototypeOf: PrototypeOf): unknown {
  return isPacked(bytes) ? unpack(bytes, prototypeOf) : deserialize(bytes);
}

/**
 * The value as bytes, or a complaint that people understand.
 *
 * @param value Any value.
 * @param path How to call the value, such as `args[3]`.
 * @param receiver Who is to get it, such as `"a worker"`.
 * @param numberOf Knows the classes that both sides have.
 * @param lossy Is called if an object in it arrives without its class.
 * @throws {SerializationError} Naming the first thing in it that cannot travel.
 */
export function serializeFor(
  value: unknown,
  path: string,
  receiver: string,
  numberOf: NumberOf = () => undefined,
  lossy?: () => void,
): Uint8Array<ArrayBuffer> {
  try {
    return serializeWhole(value, numberOf, lossy);
  } catch (cause) {
    throw complaint(value, path, receiver, cause);
  }
}
