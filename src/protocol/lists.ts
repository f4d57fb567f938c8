/**
 * Lists of arguments and of results to frames and back. A list of numbers travels as the
 * numbers, eight bytes each, exactly as they are. Any other travels by structured clone,
 * which costs some thirty times as much; but the contents of large typed arrays in it
 * are frames of their own, which nobody copies into a larger buffer and out again.
 *
 * @module
 */

import { seeWhole } from "./depth.ts";
import { deserializePlain, PLAIN, serializePlain } from "./plain.ts";
import { own, readClone, writeClone } from "./clone.ts";
import { Packed } from "./instances.ts";

/** Values, one for each item. */
export type List = unknown[] | Float64Array;

/** What a list of numbers begins with: structured clone begins with 255. */
const NUMBERS = 0;
/** What a list begins with of which some values are packed. */
const PACKED = 4;
/** What stands before each number of it: the kind and how many there are; 4 bytes each. */
const WORD = 4;
/** Where the numbers begin, so that they can be read where they lie. */
const OFFSET = 8;

/** Lists of so many values are short. */
const SHORT = 100;

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
 * @param lossy Is called if an object in it arrives without its class.
 * @throws {Error} When something in it cannot be cloned, or is nested too deeply.
 */
export function serializeList(list: List, lossy?: () => void): Uint8Array[] {
  if (areNumbers(list)) return [numbers(list)];
  // Of longer lists there are few, and to look through them is not worth it.
  const plain = list.length <= SHORT ? serializePlain(list) : undefined;
  if (plain) return [own(plain)];
  const frames = writeClone(list);
  seeWhole(list, frames[0]!.byteLength, 1, lossy);
  return frames;
}

/**
 * The list that was made frames of. Its typed arrays use their memory.
 *
 * @throws {Error} When the frames are no list, or one that lacks some of its values.
 */
export function deserializeList(frames: Uint8Array[]): List {
  const [first, ...rest] = frames;
  if (first![0] === NUMBERS && rest.length === 0) return numbersOf(first!);
  const list = first![0] === PLAIN ? deserializePlain(first!) : readClone(first!, rest);
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

/**
 * The same for a list of which some values may be packed. Before the list it says which.
 *
 * @param lossy Is called if an object in it arrives without its class.
 * @throws {Error} When something in it cannot be cloned, or is nested too deeply.
 */
export function serializePacked(list: List, lossy?: () => void): Uint8Array[] {
  if (!Array.isArray(list)) return serializeList(list, lossy);
  const packed: number[] = [];
  for (let i = 0; i < list.length; i++) if (list[i] instanceof Packed) packed.push(i);
  if (packed.length === 0) return serializeList(list, lossy);
  const values = list.map((value) => value instanceof Packed ? value.bytes : value);
  const [first, ...frames] = serializeList(values, lossy);
  const words = Uint32Array.of(PACKED, packed.length, ...packed);
  const head = new Uint8Array(words.byteLength + first!.byteLength);
  head.set(new Uint8Array(words.buffer));
  head.set(first!, words.byteLength);
  return [head, ...frames];
}

/**
 * The list of which some values may have been packed.
 *
 * @param unpack Makes the value of packed bytes, by its place in the list.
 * @throws {Error} When the frames are no list, or what `unpack` throws.
 */
export function deserializePacked(
  frames: Uint8Array[],
  unpack: (index: number, bytes: Uint8Array) => unknown,
): List {
  const [head, ...rest] = frames;
  if (head![0] !== PACKED) return deserializeList(frames);
  const view = new DataView(head!.buffer, head!.byteOffset, head!.byteLength);
  const count = view.getUint32(WORD, true);
  const start = (2 + count) * WORD;
  if (start >= head!.byteLength) throw new TypeError("It is cut short");
  const list = deserializeList([head!.slice(start), ...rest]);
  for (let i = 0; i < count; i++) {
    const index = view.getUint32((2 + i) * WORD, true);
    const bytes = list[index];
    if (!(bytes instanceof Uint8Array)) throw new TypeError("It is not packed");
    (list as unknown[])[index] = unpack(index, bytes);
  }
  return list;
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
