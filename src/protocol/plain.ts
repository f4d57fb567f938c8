/**
 * Plain data to bytes by V8 itself. The serializer of `node:v8` writes the same, but takes
 * ten times as long for a small value, and some kilobytes for each that are given back
 * late, for V8 does not know of them: a worker that reports a hundred thousand times grows
 * by hundreds of megabytes. And it takes long to load: a worker whose values are all plain
 * does without.
 *
 * @module
 */

import { inside } from "../common/inside.ts";
import { areClonersLoaded, readClone } from "./clone.ts";

/** Values of more parts are left to the other serializer, for they are seldom many. */
const MOST_PARTS = 1000;
/** Of more bytes the reader makes no copy. */
const MOST_BYTES = 1 << 20;

/** What plain data begins with, in place of the byte that structured clone begins with. */
export const PLAIN = 2;
const CLONE = 255;

const { core } = inside;

/**
 * The value as bytes; `undefined` where it is not plain: has anything but primitive
 * values, arrays and records, or too much of them.
 */
export function serializePlain(value: unknown): Uint8Array | undefined {
  try {
    if (!core?.serialize || countParts(value, MOST_PARTS) < 0) return undefined;
    const bytes = core.serialize(value);
    if (bytes[0] === CLONE && bytes.byteLength <= MOST_BYTES) bytes[0] = PLAIN;
    return bytes;
  } catch {
    // The other one says what is wrong.
    return undefined;
  }
}

/** The value of bytes that begin with {@linkcode PLAIN}. */
export function deserializePlain(bytes: Uint8Array): unknown {
  const copy = new Uint8Array(bytes);
  copy[0] = CLONE;
  return core?.deserialize && !areClonersLoaded()
    ? core.deserialize(copy)
    : readClone(copy, []);
}

/** How many parts of those that are allowed are left; below 0 where it is not plain. */
function countParts(value: unknown, left: number): number {
  switch (typeof value) {
    case "number":
    case "string":
    case "boolean":
    case "bigint":
    case "undefined":
      return left - 1;
    case "object":
      break;
    default:
      return -1;
  }
  if (value === null) return left - 1;
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== Array.prototype) return -1;
  for (const key of Object.keys(value)) {
    // An accessor is called once only.
    const property = Object.getOwnPropertyDescriptor(value, key)!;
    if (!("value" in property)) return -1;
    left = countParts(property.value, left);
    if (left < 0) return -1;
  }
  return left - 1;
}
