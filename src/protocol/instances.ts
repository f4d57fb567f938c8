/**
 * Objects of classes that both sides have. Structured clone keeps what is in them and loses
 * their class; so they travel as plain copies, and beside these stands which copy is of
 * which class. Classes are named by the numbers that they have in the code that the host
 * sent: so a worker can name only what the host has.
 *
 * Nothing is run to make them: the copy is given its prototype, and properties are defined.
 * No constructor and no setter is called. Only where a class says itself what its objects
 * are made from, its own method is called with that: see `src/pack.ts`.
 *
 * @module
 */

import { packsItself, unpackerOf } from "../common/packing_symbols.ts";
import { prototypeOfError } from "./failure_classes.ts";
import {
  FUNCTION,
  type NumberOf,
  type NumberOfFunction,
  Packing,
  PRIVATE,
  type PrivatesOf,
  SAME,
  SYMBOL,
  UNPACKED,
} from "./packing.ts";
import { putTogether } from "./platform.ts";
import { Refusal } from "./refusal.ts";
import { STEP, wayTo, type WhyNot } from "./refused.ts";
import { type Made, replaceStands } from "./stands.ts";
import { complaint, deserialize, serialize } from "./values.ts";

export type { NumberOf } from "./packing.ts";

/** The prototype of the class with this number, if there is one. */
export type PrototypeOf = (number: number) => object | undefined;

/** The function with this number, if there is one. */
export type FunctionOf = (number: number) => unknown;

/**
 * Makes an object of the class with this number that has its `#private` fields only, and says
 * how to set them.
 */
export type Restore = (
  number: number,
) => { object: object; set: (name: string, value: unknown) => void } | undefined;

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

/** How to write a value. */
export interface HowToWrite {
  /** Knows the classes that both sides have; none, if there are none. */
  numberOf?: NumberOf | undefined;
  /** Knows the functions that the receiver has, if any may be sent. */
  numberOfFunction?: NumberOfFunction | undefined;
  /** Reads `#private` fields of objects that the receiver can make. */
  privatesOf?: PrivatesOf | undefined;
  /** Is called if an error in it arrives without its class, or an object without a field. */
  lossy?: (() => void) | undefined;
  /** Whether an object that cannot keep its class arrives without it, and that is lossy. */
  lenient?: boolean | undefined;
}

const hasNone: NumberOf = () => undefined;

/**
 * A value whose objects keep their classes, as bytes.
 *
 * @returns `undefined` if it has no object of such a class.
 * @throws {Refusal} When an object in it cannot travel as what it is.
 * @throws {Error} When something in it cannot be cloned, or it is nested too deeply.
 */
export function pack(
  value: unknown,
  how: HowToWrite,
): Uint8Array<ArrayBuffer> | undefined {
  const { bytes, loses } = packWith(value, how);
  if (loses) how.lossy?.();
  return bytes;
}

/** What came of packing. */
export interface PackedValue {
  /** `undefined` if it has no object of a class. */
  bytes: Uint8Array<ArrayBuffer> | undefined;
  /** Whether an error in it arrives without its class, or an object without a field. */
  loses: boolean;
  /** Whether a class makes an object in it again, which may fail. */
  mayFail: boolean;
  /** Whether it has objects with `#private` fields. */
  hasPrivates: boolean;
}

/** The same, with all that there is to say of it. */
export function packWith(
  value: unknown,
  { numberOf = hasNone, lenient = false, numberOfFunction, privatesOf }: HowToWrite,
): PackedValue {
  const packer = (careful: boolean) =>
    new Packing(numberOf, careful, lenient, numberOfFunction, privatesOf);
  let packing = packer(false);
  let copy = packing.copy(value);
  let bytes: Uint8Array | undefined;
  if (!packing.isPlain) {
    try {
      bytes = serialize(packing.packed(copy));
    } catch (error) {
      // One of the fields that structured clone leaves out may be to blame.
      if (!packing.hasMembers || error instanceof Refusal) throw error;
      packing = packer(true);
      copy = packing.copy(value);
      bytes = serialize(packing.packed(copy));
    }
  }
  const { loses, hasUnpacked: mayFail, hasPrivates } = packing;
  if (!bytes) return { bytes: undefined, loses, mayFail, hasPrivates };
  const packed = new Uint8Array(1 + bytes.byteLength);
  packed[0] = PACKED;
  packed.set(bytes, 1);
  return { bytes: packed, loses, mayFail, hasPrivates };
}

/**
 * The value that was packed.
 *
 * @throws {Refusal} When a class could not make its object.
 * @throws {Error} When the bytes are no packed value, or name a class that was not sent.
 */
export function unpack(
  bytes: Uint8Array,
  prototypeOf: PrototypeOf,
  functionOf?: FunctionOf,
  restore?: Restore,
): unknown {
  if (!isPacked(bytes)) throw new TypeError("It is not packed");
  const packed = fieldsOf(deserialize(bytes.subarray(1)));
  const stands = listOf(packed.stands, bytes).map((one) => listOf(one, bytes));
  const simple = new Map<unknown, unknown>();
  const restored: Restored[] = [];
  for (const [stand, kind, data] of stands) {
    if (kind === PRIVATE) {
      const { object, set } = restoreOne(restore, data);
      simple.set(stand, object);
      restored.push({ object, set, data: data as unknown[] });
    } else if (kind === SYMBOL) simple.set(stand, Symbol.for(String(data)));
    else if (kind === FUNCTION) simple.set(stand, functionAt(functionOf, data));
    else if (kind !== UNPACKED) simple.set(stand, putTogether(kind, data));
  }
  // The objects that classes make need what they are made from whole.
  const later = stands.filter(([, kind]) => kind === UNPACKED);
  const unmade = new Set(later.map(([stand]) => stand));
  if (simple.size > 0) replaceStands([packed], simple, new Set());
  const waiting = new Map<unknown, (made: Made) => void>();
  for (const group of listOf(packed.groups, bytes)) {
    const [type, copies] = listOf(group, bytes);
    for (const object of listOf(copies, bytes)) dress(object, type, prototypeOf);
  }
  for (const one of listOf(packed.made, bytes)) {
    const [object, type, members, extensible] = listOf(one, bytes);
    dress(object, type, prototypeOf);
    const all = listOf(members, bytes).map((member) => listOf(member, bytes));
    const waits = all.some(([, value]) => unmade.has(value));
    const finish = (made: Made) => {
      for (const [key, value, flags] of all) {
        const attributes = attributesOf(made.get(value) ?? value, listOf(flags, bytes));
        const name = typeof key === "symbol" ? key : String(key);
        Object.defineProperty(object as object, name, attributes);
      }
      if (extensible === false) Object.preventExtensions(object);
    };
    if (waits) waiting.set(object, finish);
    else finish(simple);
  }
  const isLate = ({ data: [, fields, members] }: Restored) =>
    [...fields as unknown[][], ...members as unknown[][]]
      .some(([, value]) => unmade.has(value));
  const late = restored.filter(isLate);
  for (const one of restored) if (!late.includes(one)) complete(one, bytes);
  if (later.length === 0) return packed.copy;
  const root = { value: packed.copy, late: late.map(({ data }) => data) };
  makeLater(later, root, waiting, bytes, prototypeOf);
  for (const one of late) complete(one, bytes);
  return root.value;
}

/** An object with `#private` fields, and what it lacks. */
interface Restored {
  object: object;
  set: (name: string, value: unknown) => void;
  data: unknown[];
}

function restoreOne(restore: Restore | undefined, data: unknown) {
  const [type, fields, members] = Array.isArray(data) ? data : [];
  const isWhole = [fields, members].every((list) =>
    Array.isArray(list) && list.every(Array.isArray)
  );
  const made = isWhole ? restore?.(Number(type)) : undefined;
  if (!made) throw new TypeError("It names a class that cannot make its object");
  return made;
}

function complete(
  { object, set, data: [, fields, members, extensible] }: Restored,
  bytes: Uint8Array,
): void {
  for (const [name, value] of fields as unknown[][]) set(String(name), value);
  for (const [key, value, flags] of members as unknown[][]) {
    const name = typeof key === "symbol" ? key : String(key);
    Object.defineProperty(object, name, attributesOf(value, listOf(flags, bytes)));
  }
  if (extensible === false) Object.preventExtensions(object);
}

/** The function with a number; a worker has sent none to the host. */
function functionAt(functionOf: FunctionOf | undefined, number: unknown): unknown {
  const f = functionOf?.(Number(number));
  if (typeof f !== "function") throw new TypeError("It names what is no function");
  return f;
}

function attributesOf(value: unknown, flags: unknown[]): PropertyDescriptor {
  const [enumerable, writable, configurable] = flags.map(Boolean);
  return { value, enumerable, writable, configurable } as PropertyDescriptor;
}

/** Lets classes make their objects, and puts these where they belong. */
function makeLater(
  stands: unknown[][],
  root: { value: unknown; late: unknown },
  waiting: Map<unknown, (made: Made) => void>,
  bytes: Uint8Array,
  prototypeOf: PrototypeOf,
): void {
  const made: Made = new Map();
  const seen = new Set<object>();
  for (const [stand, , description] of stands) {
    const [type, data] = listOf(description, bytes);
    const prototype = prototypeOf(type as number);
    const make = prototype && unpackerOf(prototype);
    if (!make) throw new TypeError("It names a class that was not sent");
    const held = { value: data };
    replaceStands([held], made, seen, waiting);
    try {
      made.set(stand, make(held.value));
    } catch (error) {
      const refusal = new Refusal(Object.create(prototype), { kind: "unpack", error });
      refusal.within = wayToStand(stand as object, root.value, stands);
      throw refusal;
    }
  }
  replaceStands([root], made, seen, waiting);
}

/** How to get from a copy to what stands for an object, which may be within others. */
function wayToStand(stand: object, copy: unknown, stands: unknown[][]): string {
  const way = wayTo(stand, [{ child: copy, step: () => "" }]);
  if (way !== undefined) return way;
  const others = stands.filter(([other]) => other !== stand);
  for (const [other, , description] of others) {
    const [, child] = description as unknown[];
    const last = wayTo(stand, [{ child, step: () => STEP }]);
    if (last !== undefined) return wayToStand(other as object, copy, others) + last;
  }
  return "";
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
  if (packsItself(prototype)) throw new TypeError("Only its class can make it");
  Object.setPrototypeOf(object, prototype);
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
 * A value as bytes in which all of it keeps its class.
 *
 * @throws {Refusal} When an object in it cannot travel as what it is.
 * @throws {Error} When something in it cannot be cloned, or it is nested too deeply.
 */
export function serializeWhole(
  value: unknown,
  how: HowToWrite = {},
): Uint8Array<ArrayBuffer> {
  let loses = false;
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = serialize(value, 0, () => loses = true);
  } catch (error) {
    const packed = packRefused(value, how);
    if (packed) return packed;
    throw error;
  }
  return loses ? pack(value, how) ?? bytes : bytes;
}

/** The same as {@linkcode packWith}; nothing if something in it cannot be cloned. */
export function packIfCan(value: unknown, how: HowToWrite): PackedValue | undefined {
  try {
    return packWith(value, how);
  } catch (error) {
    if (error instanceof Refusal) throw error;
    return undefined;
  }
}

/** The same for a value that structured clone refused. It tells only of what is sent. */
export function packRefused(
  value: unknown,
  how: HowToWrite,
): Uint8Array<ArrayBuffer> | undefined {
  const packed = packIfCan(value, how);
  if (packed?.bytes && packed.loses) how.lossy?.();
  return packed?.bytes;
}

/** What {@linkcode serializeWhole} gave, as a value again. */
export function deserializeWhole(
  bytes: Uint8Array,
  prototypeOf: PrototypeOf,
  functionOf?: FunctionOf,
  restore?: Restore,
): unknown {
  return isPacked(bytes)
    ? unpack(bytes, prototypeOf, functionOf, restore)
    : deserialize(bytes);
}

/**
 * The value as bytes, or a complaint that people understand.
 *
 * @param value Any value.
 * @param path How to call the value, such as `args[3]`.
 * @param receiver Who is to get it, such as `"a worker"`.
 * @param whyNot Knows why objects of some classes cannot travel.
 * @throws {SerializationError} Naming the first thing in it that cannot travel.
 */
export function serializeFor(
  value: unknown,
  path: string,
  receiver: string,
  how: HowToWrite = {},
  whyNot?: WhyNot,
): Uint8Array<ArrayBuffer> {
  try {
    return serializeWhole(value, how);
  } catch (cause) {
    throw complaint(value, path, receiver, cause, whyNot);
  }
}
