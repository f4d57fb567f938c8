/**
 * Lists of arguments and of results to bytes and back. A list of numbers travels as the
 * numbers, eight bytes each, exactly as they are; any other by structured clone, which
 * costs some thirty times as much.
 *
 * @module
 */

import { deserialize, serialize } from "./values.ts";

/** Values, one for each item. */
export type List = unknown[] | Float64Array;

/** What a list of numbers begins with: structured clone begins with 255. */
const NUMBERS = 0;
/** Where the numbers begin, so that they can be read where they lie. */
const OFFSET = 8;

/**
 * The list as bytes of its own.
 *
 * @throws {Error} When something in it cannot be cloned.
 */
export function serializeList(list: List): Uint8Array<ArrayBuffer> {
  if (Array.isArray(list) && !list.every(isNumber)) return serialize(list);
  const bytes = new Uint8Array(OFFSET + 8 * list.length);
  bytes[0] = NUMBERS;
  new Float64Array(bytes.buffer, OFFSET).set(list as ArrayLike<number>);
  return bytes;
}

/**
 * The list that was made bytes of.
 *
 * @throws {Error} When the bytes are no list.
 */
export function deserializeList(bytes: Uint8Array): List {
  if (bytes[0] === NUMBERS) {
    const own = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
    const { buffer, byteOffset, byteLength } = own;
    const length = (byteLength - OFFSET) / 8;
    if (!Number.isInteger(length) || length < 0) throw new TypeError("It is cut short");
    return new Float64Array(buffer as ArrayBuffer, byteOffset + OFFSET, length);
  }
  const list = deserialize(bytes);
  if (Array.isArray(list)) return list;
  throw new TypeError("It is no list");
}

function isNumber(value: unknown): value is number {
  return typeof value === "number";
}
