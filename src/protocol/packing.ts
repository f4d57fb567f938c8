/**
 * Copies of values that structured clone takes, with notes of what these copies lack: see
 * `instances.ts`.
 *
 * @module
 */

import { PACK, packsItself, unpackerOf } from "../common/packing_symbols.ts";
import { findCircle } from "./circles.ts";
import { isUsual, lossOf } from "./class_loss.ts";
import { nameOfError } from "./failure_classes.ts";
import { isPlatformPrototype, platformName, takeApart } from "./platform.ts";
import { type Fault, Refusal } from "./refusal.ts";
import { STEP, wayTo } from "./refused.ts";
import {
  hasPrimitivesOnly,
  isData,
  isRecord,
  isUsualProperty,
  keysOf,
} from "./shapes.ts";
import { serialize } from "./values.ts";

/** The number of the class with this prototype, if the other side has it. */
export type NumberOf = (prototype: object) => number | undefined;

/** The number of a function, if the other side has it. */
export type NumberOfFunction = (f: object) => number | undefined;

/** In place of a class: an error that keeps its own, and has fields of its own. */
export const SAME = -1;

/** The kind of a symbol of the registry. */
export const SYMBOL = "Symbol";

/** The kind of an object that its class makes again. */
export const UNPACKED = "unpack";

/** The kind of a function. */
export const FUNCTION = "function";

/** The kind of an object with `#private` fields. */
export const PRIVATE = "private";

/** Of an object with `#private` fields: the number of its class, and these fields. */
export type PrivatesOf = (
  object: object,
) => { type: number; fields: [name: string, value: unknown][] } | undefined;

/** A property: its key, its value, and whether it is enumerable, writable, configurable. */
type Member = [key: unknown, value: unknown, flags: [boolean, boolean, boolean]];

/** The number of a class, or the name of a class of errors that everybody has. */
type Type = number | string;

/** A copy, its class, what it lacks, and whether it can be extended. */
type Made = [copy: object, type: Type, members: Member[], extensible: boolean];

/** What stands for a symbol or an object of the platform, its kind, and its data. */
type Stand = [stand: object, kind: string, data: unknown];

/** Of an error these are copied with it. */
const OF_ERRORS: ReadonlySet<string> = new Set(["message", "stack", "cause"]);

/** Makes a copy that structured clone takes, and notes what it would lose. */
export class Packing {
  /** Whether an error in it loses its class, or an object a field. */
  loses = false;
  readonly #numberOf: NumberOf;
  readonly #numberOfFunction: NumberOfFunction | undefined;
  readonly #privatesOf: PrivatesOf | undefined;
  readonly #careful: boolean;
  readonly #lenient: boolean;
  readonly #made: Made[] = [];
  /** The copies that lack nothing but their class, by that. */
  readonly #groups = new Map<Type, object[]>();
  readonly #stands: Stand[] = [];
  readonly #copies = new Map<object | symbol, object>();
  /** What stands for objects that their classes make again, with these and their data. */
  readonly #unpacked = new Map<object, { object: object; data: unknown }>();

  /**
   * @param numberOf Knows the classes that both sides have.
   * @param careful Whether to leave out fields that cannot travel, where structured clone
   * does so with all of them.
   * @param lenient Whether an object that cannot keep its class arrives without it.
   * @param numberOfFunction Knows the functions that both sides have, if any may be sent.
   * @param privatesOf Reads `#private` fields of objects that the other side can make.
   */
  constructor(
    numberOf: NumberOf,
    careful: boolean,
    lenient: boolean,
    numberOfFunction?: NumberOfFunction,
    privatesOf?: PrivatesOf,
  ) {
    this.#numberOfFunction = numberOfFunction;
    this.#privatesOf = privatesOf;
    this.#numberOf = numberOf;
    this.#careful = careful;
    this.#lenient = lenient;
  }

  /** Whether it has objects that their classes make again. */
  get hasUnpacked(): boolean {
    return this.#unpacked.size > 0;
  }

  /** Whether it has objects with `#private` fields. */
  get hasPrivates(): boolean {
    return this.#stands.some(([, kind]) => kind === PRIVATE);
  }

  /** Whether structured clone keeps all that this does. */
  get isPlain(): boolean {
    return this.#made.length + this.#stands.length + this.#groups.size === 0;
  }

  /** Whether it has fields that structured clone leaves out. */
  get hasMembers(): boolean {
    return this.#made.some(([, , members]) => members.length > 0);
  }

  /**
   * All that is sent.
   *
   * @throws {Refusal} When an object would have to be made from itself.
   */
  packed(copy: unknown): object {
    this.#refuseCircles();
    const groups = [...this.#groups];
    return { copy, made: this.#made, groups, stands: this.#stands };
  }

  #refuseCircles(): void {
    if (this.#unpacked.size === 0) return;
    const members = new Map(this.#made.map(([copy, , members]) => [copy, members]));
    const stands = [...this.#unpacked].map(([stand, { data }]) =>
      [stand, data] as [object, unknown]
    );
    const found = findCircle(stands, (copy) => members.get(copy) ?? []);
    if (!found) return;
    throw new Refusal(this.#unpacked.get(found)!.object, { kind: "circle" });
  }

  /**
   * The copy of a value: the value itself, if structured clone keeps all of it.
   *
   * @throws {Refusal} When an object in it cannot travel as what it is.
   */
  copy(value: unknown): unknown {
    if (typeof value === "symbol") return this.#copySymbol(value);
    if (typeof value === "function") return this.#copyFunction(value);
    if (typeof value !== "object" || value === null) return value;
    const known = this.#copies.get(value);
    if (known) return known;
    const prototype = Object.getPrototypeOf(value) as object | null;
    const kept = isUsual(prototype);
    if (!kept && packsItself(value)) {
      const stand = this.#copyUnpacked(value, prototype!);
      if (stand) return stand;
    }
    if (value instanceof Error && platformName(value) === undefined) {
      return this.#copyError(value, this.#typeOfError(value));
    }
    const type = kept ? undefined : this.#numberOf(prototype!);
    const platform = kept ? undefined : platformName(value);
    if (
      !kept && type === undefined && !isPlatformPrototype(prototype) &&
      lossOf(value) !== undefined
    ) {
      const stand = this.#copyPrivate(value);
      if (stand) return stand;
      this.#refuse(value, { kind: "class" });
    }
    if (platform !== undefined) {
      const stand = this.#standFor(value, platform, takeApart(platform, value));
      this.#note(value, stand, type, () => true);
      return stand;
    }
    if (Array.isArray(value)) return this.#copyArray(value, type);
    if (value instanceof Map) return this.#copyMap(value, type);
    if (value instanceof Set) return this.#copySet(value, type);
    // Of all others that are no records V8 makes what they are, without their class.
    const isRaw = isData(value) || type === undefined && !isRecord(value);
    return this.#copyFields(value, isRaw ? value : {}, type);
  }

  #refuse(object: object, fault: Fault): void {
    if (!this.#lenient) throw new Refusal(object, fault);
    this.loses = true;
  }

  /** What stands for an object that its class makes again. */
  #copyUnpacked(
    object: object & Record<symbol, () => unknown>,
    prototype: object,
  ): object | undefined {
    const type = this.#numberOf(prototype);
    if (!unpackerOf(prototype)) return void this.#refuse(object, { kind: "no unpack" });
    if (type === undefined) return void this.#refuse(object, { kind: "class" });
    const stand = {};
    let data: unknown;
    try {
      data = object[PACK]!();
    } catch (error) {
      return void this.#refuse(object, { kind: "pack", error });
    }
    this.#copies.set(object, stand);
    try {
      const copy = this.copy(data);
      this.#unpacked.set(stand, { object, data: copy });
      this.#stands.push([stand, UNPACKED, [type, copy]]);
    } catch (error) {
      if (error instanceof Refusal) {
        const way = wayTo(error.object, [{ child: data, step: () => STEP }]) ?? STEP;
        error.within = way + error.within;
        error.object = object;
      }
      throw error;
    }
    return stand;
  }

  /** What stands for an object with `#private` fields. */
  #copyPrivate(object: object): object | undefined {
    const found = isRecord(object) ? this.#privatesOf?.(object) : undefined;
    if (!found) return undefined;
    const stand = {};
    this.#copies.set(object, stand);
    const members: Member[] = [];
    this.#stands.push([stand, PRIVATE, [
      found.type,
      found.fields.map(([name, value]) => [name, this.copy(value)]),
      members,
      Object.isExtensible(object),
    ]]);
    for (const key of keysOf(object)) {
      if (typeof key === "symbol" && Symbol.keyFor(key) === undefined) continue;
      const own = Object.getOwnPropertyDescriptor(object, key)!;
      this.#noteMember(object, key, own, members);
    }
    return stand;
  }

  #copySymbol(symbol: symbol): unknown {
    const key = Symbol.keyFor(symbol);
    if (key === undefined) return symbol;
    return this.#copies.get(symbol) ?? this.#standFor(symbol, SYMBOL, key);
  }

  #copyFunction(f: object): unknown {
    if (!this.#numberOfFunction) return f;
    const known = this.#copies.get(f);
    if (known) return known;
    const number = this.#numberOfFunction(f);
    if (number === undefined) throw new Refusal(f, { kind: "function" });
    return this.#standFor(f, FUNCTION, number);
  }

  #standFor(value: object | symbol, kind: string, data: unknown): object {
    const stand = {};
    this.#copies.set(value, stand);
    this.#stands.push([stand, kind, data]);
    return stand;
  }

  /** Notes the class of a copy, and those properties that the copy cannot have. */
  #note(
    value: object,
    copy: object,
    type: Type | undefined,
    left: (key: string, own: PropertyDescriptor) => boolean,
  ): void {
    if (type === undefined) return;
    const members: Member[] = [];
    for (const key of keysOf(value)) {
      const own = Object.getOwnPropertyDescriptor(value, key)!;
      const isLeft = typeof key === "symbol"
        ? Symbol.keyFor(key) !== undefined
        : left(key, own);
      if (isLeft) this.#noteMember(value, key, own, members);
    }
    const extensible = Object.isExtensible(value);
    if (members.length === 0 && extensible && type !== SAME) {
      const group = this.#groups.get(type);
      if (group) group.push(copy);
      else this.#groups.set(type, [copy]);
    } else this.#made.push([copy, type, members, extensible]);
  }

  #noteMember(
    value: object,
    key: string | symbol,
    own: PropertyDescriptor,
    members: Member[],
  ): void {
    const { enumerable, writable, configurable } = own;
    const hasValue = "value" in own;
    if (!hasValue && !enumerable) return;
    try {
      const field = hasValue ? own.value : (value as Record<PropertyKey, unknown>)[key];
      if (typeof field === "function" && !this.#numberOfFunction) {
        throw new TypeError("It is a function");
      }
      if (this.#careful) {
        const [lenient, functions] = [this.#lenient, this.#numberOfFunction];
        serialize(new Packing(this.#numberOf, true, lenient, functions).copy(field));
      }
      const flags = [enumerable, writable ?? true, configurable].map(Boolean);
      members.push([this.copy(key), this.copy(field), flags as Member[2]]);
    } catch (error) {
      const isOfUser = error instanceof Refusal && !lossOf(error.culprit)?.isPlatform;
      if (isOfUser) throw error;
      this.loses = true;
    }
  }

  #copyArray(value: unknown[], type: number | undefined): object {
    if (type === undefined && hasPrimitivesOnly(value)) return value;
    return this.#copyFields(value, new Array(value.length), type);
  }

  #copyFields(value: object, copy: object, type: number | undefined): object {
    this.#copies.set(value, copy);
    if (copy !== value) {
      for (const key of Object.keys(value)) {
        const field = this.copy((value as Record<string, unknown>)[key]);
        if (key in copy) {
          Object.defineProperty(copy, key, {
            value: field,
            enumerable: true,
            writable: true,
            configurable: true,
          });
        } else (copy as Record<string, unknown>)[key] = field;
      }
    }
    this.#note(value, copy, type, (_, own) => copy === value || !isUsualProperty(own));
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

  /** The nearest class of an error that is not one of the language's own simple ones. */
  #typeOfError(error: Error): Type | undefined {
    for (let at: object | null = error; at;) {
      at = Object.getPrototypeOf(at) as object | null;
      if (isUsual(at)) break;
      const type = this.#numberOf(at!) ?? nameOfError(at!);
      if (type !== undefined) return type;
      this.loses = true;
    }
    return undefined;
  }

  #copyError(value: Error, type: Type | undefined): object {
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
