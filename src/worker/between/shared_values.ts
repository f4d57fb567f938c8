/**
 * Values written one by one into shared memory. It costs as much as to copy them: to run
 * a serializer for each of a million small results would cost many times as much as the
 * items themselves. Frequent kinds of values are written field by field, all others by
 * structured clone. The reader gets the same either way.
 *
 * @module
 */

import { lossOf } from "../../protocol/class_loss.ts";
import { Packed } from "../../protocol/instances.ts";
import { deserialize, serialize } from "../../protocol/values.ts";
import { VIEWS } from "../../protocol/clone.ts";

/** How many numbers, letters and bytes there is room for. */
const NUMBERS = 1 << 14;
const LETTERS = 1 << 16;
const BYTES = 1 << 17;

/** The kind of a value, which is its first number. Kinds from 0 on are constants. */
const CONSTANTS: readonly unknown[] = [undefined, null, true, false];
const NUMBER = -1;
const STRING = -2;
const ARRAY = -3;
const RECORD = -4;
const VIEW = -5;
const BIGINT = -6;
const DATE = -7;
const MAP = -8;
const SET = -9;
const CLONE = -10;
const PACKED = -11;

/** A value with more objects than this is written by structured clone. */
const MOST_OBJECTS = 64;

/**
 * Is called if an object in a value arrives without its class, or if the value was
 * refused. It may give the value as bytes in which all of it arrives, or false if it cannot
 * travel.
 */
export type Lossy = (refused?: boolean) => Uint8Array | undefined | false;

/** Values, in the order in which they were written. */
export class SharedValues {
  readonly #numbers: Float64Array;
  readonly #letters: Uint16Array;
  readonly #bytes: Uint8Array;
  /** Where the next number, letter and byte go, or come from. */
  #number = 0;
  #letter = 0;
  #byte = 0;
  /** The objects of the value that is being written. One that comes twice must stay one. */
  #objects: object[] = [];
  /** One of them loses its class. */
  #lossy = false;

  /**
   * @param memory Where the values are.
   * @param at Where in it they begin: a multiple of 8.
   */
  constructor(memory: SharedArrayBuffer, at: number) {
    this.#numbers = new Float64Array(memory, at, NUMBERS);
    this.#letters = new Uint16Array(memory, at + NUMBERS * 8, LETTERS);
    this.#bytes = new Uint8Array(memory, at + NUMBERS * 8 + LETTERS * 2, BYTES);
  }

  /** How much memory it takes, in bytes. */
  static readonly SIZE: number = NUMBERS * 8 + LETTERS * 2 + BYTES;

  /** Forgets all values. */
  clear(): void {
    this.#number = this.#letter = this.#byte = 0;
  }

  /**
   * Writes a value after the others.
   *
   * @param lossy Is called if an object in it arrives without its class. It may give the
   * value as bytes in which it keeps it: then these are written.
   * @returns Whether it was written. If not, there is no room, or it cannot be cloned.
   */
  write(value: unknown, lossy?: Lossy): boolean {
    if (typeof value === "number") {
      if (this.#number + 2 > NUMBERS) return false;
      this.#numbers[this.#number++] = NUMBER;
      this.#numbers[this.#number++] = value;
      return true;
    }
    const [number, letter, byte] = [this.#number, this.#letter, this.#byte];
    let refused = false;
    for (const write of [this.#writePlain, this.#writeClone]) {
      this.#objects = [];
      this.#lossy = false;
      try {
        if (write.call(this, value)) {
          const packed = this.#lossy ? lossy?.() : undefined;
          if (packed === undefined) return true;
          [this.#number, this.#letter, this.#byte] = [number, letter, byte];
          if (packed === false) return false;
          if (this.#writeBytes(packed, PACKED)) return true;
        }
      } catch {
        // It cannot be cloned, or a getter threw.
        refused = true;
      }
      [this.#number, this.#letter, this.#byte] = [number, letter, byte];
    }
    const packed = refused ? lossy?.(true) : undefined;
    return packed ? this.#writeBytes(packed, PACKED) : false;
  }

  /** Writes a kind and a number that belongs to it. */
  #head(kind: number, number: number): boolean {
    if (this.#number + 2 > NUMBERS) return false;
    this.#numbers[this.#number++] = kind;
    this.#numbers[this.#number++] = number;
    return true;
  }

  #writePlain(value: unknown): boolean {
    switch (typeof value) {
      case "number":
        return this.#head(NUMBER, value);
      case "string":
        return this.#writeString(value, STRING);
      case "bigint":
        return this.#writeString(String(value), BIGINT);
      case "undefined":
      case "boolean":
        return this.#head(CONSTANTS.indexOf(value), 0);
      case "object":
        return value === null ? this.#head(1, 0) : this.#writeObject(value);
      default:
        return false;
    }
  }

  #writeString(value: string, kind: number): boolean {
    const { length } = value;
    if (this.#letter + length > LETTERS || !this.#head(kind, length)) return false;
    for (let i = 0; i < length; i++) {
      this.#letters[this.#letter++] = value.charCodeAt(i);
    }
    return true;
  }

  #writeObject(value: object): boolean {
    if (this.#objects.length === MOST_OBJECTS || this.#objects.includes(value)) {
      return false;
    }
    this.#objects.push(value);
    const prototype = Object.getPrototypeOf(value);
    switch (prototype) {
      case Array.prototype:
        return this.#writeArray(value as unknown[]);
      case Date.prototype:
        return this.#head(DATE, (value as Date).getTime());
      case Map.prototype: {
        const entries = [...value as Map<unknown, unknown>].flat();
        return this.#head(MAP, entries.length) && this.#writeAll(entries);
      }
      case Set.prototype:
        return this.#head(SET, (value as Set<unknown>).size) &&
          this.#writeAll([...value as Set<unknown>]);
      default:
        return ArrayBuffer.isView(value)
          ? this.#writeView(value, prototype)
          : this.#writeRecord(value, prototype);
    }
  }

  #writeAll(values: unknown[]): boolean {
    return values.every((value) => this.#writePlain(value));
  }

  #writeArray(value: unknown[]): boolean {
    // The serializer writes arrays with holes or with properties of their own.
    if (Object.keys(value).some((key, i) => key !== String(i))) return false;
    if (Object.keys(value).length !== value.length) return false;
    return this.#head(ARRAY, value.length) && this.#writeAll(value);
  }

  #writeRecord(value: object, prototype: unknown): boolean {
    // Objects that V8 treats specially have another tag; those of Deno have no keys.
    if (Object.prototype.toString.call(value) !== "[object Object]") return false;
    const keys = Object.keys(value);
    if (prototype !== Object.prototype) {
      const loss = lossOf(value);
      if (loss?.isPlatform || keys.length === 0) return false;
      this.#lossy ||= loss !== undefined;
    }
    return this.#head(RECORD, keys.length) &&
      keys.every((key) =>
        this.#writeString(key, STRING) &&
        this.#writePlain((value as Record<string, unknown>)[key])
      );
  }

  #writeView(value: object, prototype: unknown): boolean {
    const type = VIEWS.findIndex((type) => prototype === type.prototype);
    if (type < 0) return false;
    const { buffer, byteOffset, byteLength } = value as Uint8Array;
    // A view of a larger buffer would be sent with all of it; shared memory is not sent.
    if (!(buffer instanceof ArrayBuffer) || buffer.byteLength !== byteLength) {
      return false;
    }
    if (this.#byte + byteLength > BYTES) return false;
    if (!this.#head(VIEW, type) || !this.#head(NUMBER, byteLength)) return false;
    this.#bytes.set(new Uint8Array(buffer, byteOffset, byteLength), this.#byte);
    this.#byte += byteLength;
    return true;
  }

  #writeClone(value: unknown): boolean {
    // A large value is sent by itself rather than copied twice.
    if (ArrayBuffer.isView(value) && value.byteLength > BYTES) return false;
    return this.#writeBytes(serialize(value, 0, () => this.#lossy = true), CLONE);
  }

  #writeBytes(bytes: Uint8Array, kind: number): boolean {
    if (this.#byte + bytes.byteLength > BYTES || !this.#head(kind, bytes.byteLength)) {
      return false;
    }
    this.#bytes.set(bytes, this.#byte);
    this.#byte += bytes.length;
    return true;
  }

  /**
   * Reads values.
   *
   * @param from The first value to return.
   * @param to The value after the last.
   */
  read(from: number, to: number): unknown[] {
    this.clear();
    const values: unknown[] = [];
    for (let i = 0; i < to; i++) {
      const value = this.#readValue();
      if (i >= from) values.push(value);
    }
    return values;
  }

  #readValue(): unknown {
    const kind = this.#numbers[this.#number++]!;
    const number = this.#numbers[this.#number++]!;
    switch (kind) {
      case NUMBER:
        return number;
      case STRING:
        return this.#readString(number);
      case BIGINT:
        return BigInt(this.#readString(number));
      case DATE:
        return new Date(number);
      case ARRAY:
        return this.#readAll(number);
      case SET:
        return new Set(this.#readAll(number));
      case MAP: {
        const all = this.#readAll(number);
        return new Map(all.flatMap((key, i) => i % 2 ? [] : [[key, all[i + 1]]]));
      }
      case RECORD:
        return this.#readRecord(number);
      case VIEW: {
        const length = this.#readValue() as number;
        const View = VIEWS[number] as new (buffer: ArrayBuffer) => ArrayBufferView;
        return new View(this.#readBytes(length).buffer);
      }
      case PACKED:
        return new Packed(this.#readBytes(number));
      case CLONE:
        return deserialize(this.#readBytes(number));
      default:
        return CONSTANTS[kind];
    }
  }

  #readAll(count: number): unknown[] {
    return Array.from({ length: count }, () => this.#readValue());
  }

  #readString(length: number): string {
    const letters = this.#letters.subarray(this.#letter, this.#letter += length);
    let text = "";
    for (const letter of letters) text += String.fromCharCode(letter);
    return text;
  }

  #readRecord(count: number): Record<string, unknown> {
    const entries: [string, unknown][] = [];
    for (let i = 0; i < count; i++) {
      entries.push([this.#readValue() as string, this.#readValue()]);
    }
    // Unlike an assignment this makes a property even of "__proto__".
    return Object.fromEntries(entries);
  }

  #readBytes(length: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#bytes.slice(this.#byte, this.#byte += length));
  }
}
