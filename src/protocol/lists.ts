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

/** Values, one for each item. */
export type List = unknown[] | Float64Array;

/** What a list of numbers begins with: structured clone begins with 255. */
const NUMBERS = 0;
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
