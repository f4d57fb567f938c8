/**
 * How deep values are nested. V8 writes and reads them by recursion, and to read them
 * takes more of the stack: what is nested so deep that it could only be written must not
 * be sent.
 *
 * @module
 */

import { childrenOf } from "./steps.ts";

/** How many objects of a user's value may lie within each other. */
export const MOST_DEPTH = 2000;

/** How many of ours may lie around it. V8 can read some more, of any kind. */
export const AROUND = 50;

/** How many bytes an object takes at least, when it is written. */
const LEAST_BYTES = 3;

/**
 * Whether what could be written is nested too deeply to be read.
 *
 * @param value What was written. Accessors in it are called once more.
 * @param size How many bytes it took.
 * @param around How many of the objects in it are ours, which lie around the user's.
 */
export function isTooDeep(value: unknown, size: number, around: number): boolean {
  if (size < LEAST_BYTES * MOST_DEPTH) return false;
  const most = MOST_DEPTH + around;
  try {
    return walk(value, most, size) < 0 && exceeds(value, most);
  } catch {
    // An accessor throws that did not before.
    return false;
  }
}

/**
 * Goes through a value, and notes nothing: that would take five times as long. So what
 * is met twice is gone through twice, and what goes round in a circle is not told from
 * what is deep.
 *
 * @param depth How deep it may be.
 * @param left How many properties may be looked at. Each takes a byte, where it is
 * written but once.
 * @returns How many are left; below 0 when it may be too deep.
 */
function walk(value: unknown, depth: number, left: number): number {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) {
    return left;
  }
  if (depth === 0) return -1;
  if (Array.isArray(value) && value.length <= left) {
    left -= value.length;
    // A loop by number, for it takes a tenth of the time.
    for (let i = 0; i < value.length && left >= 0; i++) {
      const child: unknown = value[i];
      if (typeof child === "object") left = walk(child, depth - 1, left);
    }
    return left;
  }
  if (value instanceof Map) {
    for (const [key, child] of Map.prototype.entries.call(value)) {
      if ((left -= 2) < 0) break;
      if (typeof key === "object") left = walk(key, depth - 1, left);
      if (typeof child === "object") left = walk(child, depth - 1, left);
    }
    return left;
  }
  if (value instanceof Set) {
    for (const child of Set.prototype.values.call(value)) {
      if (--left < 0) break;
      if (typeof child === "object") left = walk(child, depth - 1, left);
    }
    return left;
  }
  for (const key in value) {
    if (--left < 0) break;
    const child = (value as Record<string, unknown>)[key];
    if (typeof child === "object") left = walk(child, depth - 1, left);
  }
  return left;
}

/** Whether V8 comes to lie so deep in a value, which writes each object once. */
function exceeds(value: unknown, depth: number): boolean {
  const seen = new Set<unknown>();
  const way: Iterator<{ child: unknown }>[] = [];
  const enter = (value: unknown) => {
    if (typeof value !== "object" || value === null || seen.has(value)) return;
    seen.add(value);
    way.push(childrenOf(value));
  };
  enter(value);
  while (way.length > 0 && way.length <= depth) {
    const { done, value } = way.at(-1)!.next();
    if (done) way.pop();
    else enter(value.child);
  }
  return way.length > depth;
}
