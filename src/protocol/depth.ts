/**
 * What V8 writes of a value and would not give back. How deep values are nested: V8 writes
 * and reads them by recursion, and to read them takes more of the stack, so what is nested
 * so deep that it could only be written must not be sent. And what objects have lost when
 * they arrive.
 *
 * @module
 */

import { lossOf } from "./class_loss.ts";
import { childrenOf } from "./steps.ts";

/** How many objects of a user's value may lie within each other. */
export const MOST_DEPTH = 2000;

/** How many of ours may lie around it. V8 can read some more, of any kind. */
export const AROUND = 50;

/** What was found. */
interface Found {
  /** An object that arrives without its class. */
  lossy: boolean;
  /** One of the platform, of which nothing arrives. */
  platform: boolean;
}

/**
 * Sees whether what was written can be read, and all of it arrives.
 *
 * @param value What was written. Accessors in it are called once more.
 * @param size How many bytes it took.
 * @param around How many of the objects in it are ours, which lie around the user's.
 * @param lossy Is called if some object arrives without its class.
 * @throws {Error} When it is nested too deeply, or nothing arrives of some object.
 */
export function seeWhole(
  value: unknown,
  size: number,
  around: number,
  lossy?: () => void,
): void {
  const most = MOST_DEPTH + around;
  const found: Found = { lossy: false, platform: false };
  let isTooDeep = false;
  try {
    isTooDeep = walk(value, most, size, found) < 0 && exceeds(value, most, found);
  } catch {
    // An accessor throws that did not before.
  }
  if (isTooDeep) throw new RangeError("It is nested too deeply");
  if (found.platform) throw new TypeError("It cannot be cloned");
  if (found.lossy) lossy?.();
}

/** Notes what an object loses that is neither a record nor an array. */
function note(value: object, found: Found): void {
  const loss = lossOf(value);
  if (loss?.isPlatform) found.platform = true;
  else if (loss) found.lossy = true;
}

/**
 * Goes through a value, and notes nothing of what it met: that would take five times as
 * long. So what is met twice is gone through twice, and what goes round in a circle is not
 * told from what is deep.
 *
 * @param depth How deep it may be.
 * @param left How many properties may be looked at. Each takes a byte, where it is
 * written but once.
 * @param found Where it is put what is found.
 * @returns How many are left; below 0 when it may be too deep.
 */
function walk(value: unknown, depth: number, left: number, found: Found): number {
  if (typeof value !== "object" || value === null) return left;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype) {
    return walkOther(value, prototype, depth, left, found);
  }
  return depth === 0 ? -1 : walkFields(value, depth, left, found);
}

/** Goes through what is no record, in the same way. */
function walkOther(
  value: object,
  prototype: unknown,
  depth: number,
  left: number,
  found: Found,
): number {
  if (prototype !== Array.prototype) {
    note(value, found);
    if (ArrayBuffer.isView(value) || prototype === Date.prototype) return left;
  }
  if (depth === 0) return -1;
  if (Array.isArray(value) && value.length <= left) {
    left -= value.length;
    // A loop by number, for it takes a tenth of the time.
    for (let i = 0; i < value.length && left >= 0; i++) {
      const child: unknown = value[i];
      if (typeof child === "object") left = walk(child, depth - 1, left, found);
    }
    return left;
  }
  if (value instanceof Map) {
    for (const [key, child] of Map.prototype.entries.call(value)) {
      if ((left -= 2) < 0) break;
      if (typeof key === "object") left = walk(key, depth - 1, left, found);
      if (typeof child === "object") left = walk(child, depth - 1, left, found);
    }
    return left;
  }
  if (value instanceof Set) {
    for (const child of Set.prototype.values.call(value)) {
      if (--left < 0) break;
      if (typeof child === "object") left = walk(child, depth - 1, left, found);
    }
    return left;
  }
  // Of an error nothing else is written.
  if (value instanceof Error) {
    const cause: unknown = Object.getOwnPropertyDescriptor(value, "cause")?.value;
    return walk(cause, depth - 1, left - 1, found);
  }
  return walkFields(value, depth, left, found);
}

function walkFields(value: object, depth: number, left: number, found: Found): number {
  for (const key in value) {
    if (--left < 0) break;
    const child = (value as Record<string, unknown>)[key];
    if (typeof child === "object") left = walk(child, depth - 1, left, found);
  }
  return left;
}

/** Whether V8 comes to lie so deep in a value, which writes each object once. */
function exceeds(value: unknown, depth: number, found: Found): boolean {
  const seen = new Set<unknown>();
  const way: Iterator<{ child: unknown }>[] = [];
  const enter = (value: unknown) => {
    if (typeof value !== "object" || value === null || seen.has(value)) return;
    seen.add(value);
    note(value, found);
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
