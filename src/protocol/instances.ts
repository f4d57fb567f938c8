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

import { isUsual, lossOf } from "./class_loss.ts";
import {
  isPlatformPrototype,
  platformName,
  putTogether,
  takeApart,
} from "./platform.ts";
import { complaint, deserialize, serialize } from "./values.ts";

/** The number of the class with this prototype, if the other side has it. */
export type NumberOf = (prototype: object) => number | undefined;

/** The prototype of the class with this number, if there is one. */
export type PrototypeOf = (number: number) => object | undefined;

/** What a value begins with whose objects have classes; see `values.ts` for the others. */
const PACKED = 3;
/** In place of a number: an error that keeps its class, and has fields of its own. */
const SAME = -1;

/** A packed value, among others. */
export class Packed {
  /** @param bytes What {@linkcode pack} gave. */
  constructor(readonly bytes: Uint8Array) {}
}

/** A property: its key, its value, and whether it is enumerable, writable, configurable. */
type Member = [key: unknown, value: unknown, flags: [boolean, boolean, boolean]];

/** A copy, the number of its class, what it lacks, and whether it can be extended. */
type Made = [copy: object, type: number, members: Member[], extensible: boolean];

/** What stands for a symbol or an object of the platform, its kind, and its data. */
type Stand = [stand: object, kind: string, data: unknown];

/** The kind of a symbol of the registry. */
const SYMBOL = "Symbol";

/** Of an error these are copied with it. */
const OF_ERRORS: ReadonlySet<string> = new Set(["message", "stack", "cause"]);

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
  const packing = new Packing(numberOf);
  const copy = packing.copy(value);
  const { made, stands, loses } = packing;
  const isPlain = made.length === 0 && stands.length === 0;
  const bytes = isPlain ? undefined : serialize({ copy, made, stands });
  if (loses) lossy?.();
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
  const { copy, made } = packed;
  for (const one of listOf(made, bytes)) {
    const [object, type, members, extensible] = listOf(one, bytes);
    if (typeof object !== "object" || object === null) {
      throw new TypeError("It gives a class to what is no object");
    }
    if (type !== SAME) {
      const prototype = typeof type === "number" ? prototypeOf(type) : undefined;
      if (!prototype) throw new TypeError("It names a class that was not sent");
      Object.setPrototypeOf(object, prototype);
    }
    for (const member of listOf(members, bytes)) {
      const [key, value, flags] = listOf(member, bytes);
      const [enumerable, writable, configurable] = listOf(flags, bytes).map(Boolean);
      const attributes = { value, enumerable, writable, configurable };
      const name = typeof key === "symbol" ? key : String(key);
      Object.defineProperty(object, name, attributes as PropertyDescriptor);
    }
    if (extensible === false) Object.preventExtensions(object);
  }
  return copy;
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

/** Makes a copy that structured clone takes, and notes what it would lose. */
class Packing {
  readonly made: Made[] = [];
  readonly stands: Stand[] = [];
  /** Whether an object in it loses its class. */
  loses = false;
  readonly #numberOf: NumberOf;
  readonly #copies = new Map<object | symbol, object>();

  constructor(numberOf: NumberOf) {
    this.#numberOf = numberOf;
  }

  copy(value: unknown): unknown {
    if (typeof value === "symbol") return this.#copySymbol(value);
    if (typeof value !== "object" || value === null) return value;
    const known = this.#copies.get(value);
    if (known) return known;
    const prototype = Object.getPrototypeOf(value) as object | null;
    const kept = isUsual(prototype);
    const type = kept ? undefined : this.#numberOf(prototype!);
    const platform = kept ? undefined : platformName(value);
    this.loses ||= !kept && type === undefined && !isPlatformPrototype(prototype) &&
      lossOf(value) !== undefined;
    if (platform !== undefined) {
      const stand = this.#standFor(value, platform, takeApart(platform, value));
      this.#note(value, stand, type, () => true);
      return stand;
    }
    if (value instanceof Error) return this.#copyError(value, type);
    if (Array.isArray(value)) {
      return this.#copyFields(value, new Array(value.length), type);
    }
    if (value instanceof Map) return this.#copyMap(value, type);
    if (value instanceof Set) return this.#copySet(value, type);
    // Of all others that are no records V8 makes what they are, without their class.
    const isRecord = Object.prototype.toString.call(value) === "[object Object]" ||
      type !== undefined && !isData(value);
    return this.#copyFields(value, isRecord ? {} : value, type);
  }

  #copySymbol(symbol: symbol): unknown {
    const key = Symbol.keyFor(symbol);
    if (key === undefined) return symbol;
    return this.#copies.get(symbol) ?? this.#standFor(symbol, SYMBOL, key);
  }

  #standFor(value: object | symbol, kind: string, data: unknown): object {
    const stand = {};
    this.#copies.set(value, stand);
    this.stands.push([stand, kind, data]);
    return stand;
  }

  /** Notes the class of a copy, and those properties that the copy cannot have. */
  #note(
    value: object,
    copy: object,
    type: number | undefined,
    left: (key: string, own: PropertyDescriptor) => boolean,
  ): void {
    if (type === undefined) return;
    const members: Member[] = [];
    this.made.push([copy, type, members, Object.isExtensible(value)]);
    for (const key of Reflect.ownKeys(value)) {
      const own = Object.getOwnPropertyDescriptor(value, key)!;
      const isLeft = typeof key === "symbol"
        ? Symbol.keyFor(key) !== undefined
        : left(key, own);
      if (!isLeft) continue;
      const field = "value" in own
        ? own.value
        : (value as Record<PropertyKey, unknown>)[key];
      const { enumerable, writable, configurable } = own;
      const flags = [enumerable, writable ?? true, configurable].map(Boolean);
      members.push([this.copy(key), this.copy(field), flags as Member[2]]);
    }
  }

  #copyFields(value: object, copy: object, type: number | undefined): object {
    this.#copies.set(value, copy);
    if (copy !== value) {
      for (const key of Object.keys(value)) {
        Object.defineProperty(copy, key, {
          value: this.copy((value as Record<string, unknown>)[key]),
          enumerable: true,
          writable: true,
          configurable: true,
        });
      }
    }
    const isList = Array.isArray(value) || ArrayBuffer.isView(value);
    this.#note(value, copy, type, (key, own) => {
      if (isList && (key === "length" || isIndex(key))) return false;
      return copy === value || !isUsualProperty(own);
    });
    return copy;
  }

  #copyMap(value: Map<unknown, unknown>, type: number | undefined): object {
    const copy = new Map<unknown, unknown>();
    this.#copies.set(value, copy);
    for (const [key, child] of Map.prototype.entries.call(value)) {
      copy.set(this.copy(key), this.copy(child));
    }
    this.#note(value, copy, type, () => true);
    return copy;
  }

  #copySet(value: Set<unknown>, type: number | undefined): object {
    const copy = new Set<unknown>();
    this.#copies.set(value, copy);
    for (const child of Set.prototype.values.call(value)) copy.add(this.copy(child));
    this.#note(value, copy, type, () => true);
    return copy;
  }

  #copyError(value: Error, type: number | undefined): object {
    const copy = new Error(String(value.message));
    this.#copies.set(value, copy);
    const define = (key: string, value: unknown) =>
      Object.defineProperty(copy, key, { value, writable: true, configurable: true });
    define("stack", String(value.stack));
    // V8 tells its own errors by their names.
    define("name", String(value.name));
    if (Object.hasOwn(value, "cause")) define("cause", this.copy(value.cause));
    const hasFields = Object.keys(value).some((key) => !OF_ERRORS.has(key));
    this.#note(
      value,
      copy,
      type ?? (hasFields ? SAME : undefined),
      (key) => !OF_ERRORS.has(key),
    );
    return copy;
  }
}

/** Whether V8 clones what it holds by itself. */
function isData(value: object): boolean {
  return ArrayBuffer.isView(value) || value instanceof Date ||
    value instanceof RegExp ||
    value instanceof ArrayBuffer || value instanceof Number ||
    value instanceof String || value instanceof Boolean;
}

/** Whether a property is as one that is made by an assignment. */
function isUsualProperty(own: PropertyDescriptor): boolean {
  return own.enumerable! && (!("value" in own) || own.configurable! && own.writable!);
}

function isIndex(key: string): boolean {
  return /^(0|[1-9]\d*)$/.test(key);
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

/** The same for a value that structured clone refused: if it is refused here, too, nothing is lost. */
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
