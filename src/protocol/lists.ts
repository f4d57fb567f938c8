/**
 * Lists of arguments and of results to frames and back. A list of numbers travels as the
 * numbers, eight bytes each, exactly as they are. Any other travels by structured clone,
 * which costs some thirty times as much; but the contents of large typed arrays in it
 * are frames of their own, which nobody copies into a larger buffer and out again.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { Deserializer, Serializer } from "node:v8";
import { isTooDeep } from "./depth.ts";
import { OWN_FRAME } from "./messages.ts";
import { serializePlain } from "./plain.ts";
import { VIEWS } from "./views.ts";

/** Values, one for each item. */
export type List = unknown[] | Float64Array;

/** What a list of numbers begins with: structured clone begins with 255. */
const NUMBERS = 0;
/** Where the numbers begin, so that they can be read where they lie. */
const OFFSET = 8;

/** Lists of so many values are short. */
const SHORT = 100;

/** Where the contents of a typed array are. */
const INSIDE = 0;
const OUTSIDE = 1;

/** A `Buffer` of Node.js, which is a `Uint8Array`, too. */
const BUFFER = VIEWS.length;

/** What the serializer of `node:v8` has beside what its types say. */
interface Inside {
  _setTreatArrayBufferViewsAsHostObjects(flag: boolean): void;
}

class Writer extends Serializer {
  /** The contents of the typed arrays that do not stand in the first frame. */
  readonly frames: Uint8Array[] = [];

  constructor() {
    super();
    (this as unknown as Inside)._setTreatArrayBufferViewsAsHostObjects(true);
  }

  /** Called for typed arrays, and for what cannot be cloned. */
  _writeHostObject(object: ArrayBufferView): void {
    if (!ArrayBuffer.isView(object)) throw new TypeError("It cannot be cloned");
    const type = Buffer.isBuffer(object)
      ? BUFFER
      : VIEWS.findIndex((View) => object instanceof View);
    const { buffer, byteOffset, byteLength } = object;
    const bytes = new Uint8Array(buffer, byteOffset, byteLength);
    this.writeUint32(type);
    if (byteLength < OWN_FRAME) {
      this.writeUint32(INSIDE);
      this.writeUint32(byteLength);
      this.writeRawBytes(bytes);
    } else {
      this.writeUint32(OUTSIDE);
      this.writeUint32(this.frames.push(bytes) - 1);
    }
  }
}

class Reader extends Deserializer {
  readonly #frames: Uint8Array<ArrayBuffer>[];

  constructor(first: Uint8Array, frames: Uint8Array[]) {
    super(first);
    // Once for each, however often the first one names it.
    this.#frames = frames.map(own);
  }

  _readHostObject(): ArrayBufferView {
    const type = this.readUint32();
    const where = this.readUint32();
    const number = this.readUint32();
    // Each has a buffer of its own: nobody must find there what belongs to others.
    const { buffer } = where === INSIDE
      ? new Uint8Array(this.readRawBytes(number))
      : this.#frames[number]!;
    if (type === BUFFER) return Buffer.from(buffer);
    const View = VIEWS[type] as new (buffer: ArrayBuffer) => ArrayBufferView;
    return new View(buffer);
  }
}

/** Whether a list has nothing but numbers. */
export function areNumbers(list: List): list is number[] | Float64Array {
  if (!Array.isArray(list)) return true;
  // A loop: every() takes twenty times as long.
  for (let i = 0; i < list.length; i++) if (typeof list[i] !== "number") return false;
  return true;
}

/**
 * The list as frames. All but the first are the memory of the typed arrays themselves.
 *
 * @throws {Error} When something in it cannot be cloned, or is nested too deeply.
 */
export function serializeList(list: List): Uint8Array[] {
  if (areNumbers(list)) return [numbers(list)];
  // Of longer lists there are few, and to look through them is not worth it.
  const plain = list.length <= SHORT ? serializePlain(list) : undefined;
  if (plain) return [own(plain)];
  const writer = new Writer();
  writer.writeHeader();
  writer.writeValue(list);
  const first = own(writer.releaseBuffer());
  if (isTooDeep(list, first.length, 1)) throw new RangeError("It is nested too deeply");
  return [first, ...writer.frames];
}

/**
 * The list that was made frames of. Its typed arrays use their memory.
 *
 * @throws {Error} When the frames are no list, or one that lacks some of its values.
 */
export function deserializeList(frames: Uint8Array[]): List {
  const [first, ...rest] = frames;
  if (first![0] === NUMBERS && rest.length === 0) return numbersOf(first!);
  const reader = new Reader(first!, rest);
  reader.readHeader();
  const list: unknown = reader.readValue();
  if (!Array.isArray(list)) throw new TypeError("It is no list");
  // Each value takes a byte; only a list of holes may say that it is longer.
  if (list.length > first!.length) throw new TypeError("Its values are not there");
  // Whatever else hangs on it, such as a `slice` of its own, stays behind.
  const values = new Array(list.length);
  for (let i = 0; i < values.length; i++) {
    const value: unknown = list[i];
    if (value === undefined && !(i in list)) {
      throw new TypeError("One of its values is not there");
    }
    values[i] = value;
  }
  return values;
}

function numbers(list: List): Uint8Array {
  const bytes = new Uint8Array(OFFSET + 8 * list.length);
  bytes[0] = NUMBERS;
  new Float64Array(bytes.buffer, OFFSET).set(list as ArrayLike<number>);
  return bytes;
}

function numbersOf(bytes: Uint8Array): Float64Array {
  const { buffer, byteOffset, byteLength } = bytes.byteOffset % 8 === 0
    ? bytes
    : bytes.slice();
  const length = (byteLength - OFFSET) / 8;
  if (!Number.isInteger(length) || length < 0) throw new TypeError("It is cut short");
  return new Float64Array(buffer as ArrayBuffer, byteOffset + OFFSET, length);
}

/** The bytes in a buffer that holds nothing else. */
function own(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteLength } = bytes;
  return byteLength === buffer.byteLength
    ? new Uint8Array(buffer as ArrayBuffer)
    : new Uint8Array(bytes);
}
