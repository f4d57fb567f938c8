/**
 * What in a value cannot travel, for people.
 *
 * @module
 */

import { nodeModule } from "../common/node.ts";
import { MOST_DEPTH } from "./depth.ts";
import { isUsual, lossOf } from "./class_loss.ts";
import { nameOfError } from "./failure_classes.ts";
import { shortened, shortName } from "../common/shorten.ts";
import { isPlatformPrototype, platformName } from "./platform.ts";
import { type Child, childrenOf } from "./steps.ts";

/** What cannot travel. */
export interface Complaint {
  /** Where it is, such as `args[3].callback`. */
  path: string;
  /** What it is, such as `"a function"`; none if too much lies around it. */
  what: string | undefined;
}

/** An object on the way. */
interface Stage {
  from: Stage | undefined;
  step: () => string;
  object: object;
  children: Iterator<Child, void>;
  /** Whether it holds an object that was not met before. */
  holds: boolean;
}

/**
 * Finds the first thing in some values that cannot travel. It looks at each object once.
 *
 * @param values Values that could not be serialized, and how to call each of them.
 * @param canTravel Tells it of an object that holds no other.
 * @param kindOf How to call what is looked for; nothing for what is not.
 */
export function complaintAbout(
  values: Iterable<Child>,
  canTravel: (value: object) => boolean,
  kindOf: (value: unknown) => string | undefined = kindThatCannot,
): Complaint | undefined {
  const seen = new Set<unknown>();
  let at: Stage | undefined;
  let depth = 0;
  const complain = (what: string | undefined, step?: () => string): Complaint => ({
    path: shortened(wayTo(at) + (step?.() ?? "")),
    what,
  });
  /** Says what is wrong with a value by itself, or goes on with what it holds. */
  const enter = (value: unknown, step: () => string): Complaint | undefined => {
    const kind = kindOf(value);
    if (kind !== undefined) return complain(kind, step);
    if (typeof value !== "object" || value === null || seen.has(value)) {
      return undefined;
    }
    seen.add(value);
    if (at) at.holds = true;
    at = { from: at, step, object: value, children: childrenOf(value), holds: false };
    return ++depth > MOST_DEPTH ? complain(undefined) : undefined;
  };
  try {
    for (const { child, step } of values) {
      let found = enter(child, step);
      while (at && !found) {
        const { done, value } = at.children.next();
        if (!done) found = enter(value.child, value.step);
        else if (!at.holds && !isPlain(at.object) && !canTravel(at.object)) {
          found = complain(article(nameOf(at.object)));
        } else {
          at = at.from;
          depth--;
        }
      }
      if (found) return found;
    }
    return undefined;
  } catch {
    // A getter, an iterator or a proxy of its own throws.
    return complain("an object that cannot be read");
  }
}

/** How to call a value that can never travel, whatever it holds, as `"a Promise"`. */
export function kindThatStays(value: unknown): string | undefined {
  const types = nodeModule("node:util/types");
  if (typeof value === "symbol") {
    return Symbol.keyFor(value) === undefined ? "a symbol" : undefined;
  }
  if (types.isProxy(value)) return "a Proxy";
  if (typeof value === "function") {
    const name: unknown = Object.getOwnPropertyDescriptor(value, "name")?.value;
    const isNamed = typeof name === "string" && name !== "";
    return `a function${isNamed ? ` named ${shortName(name)}` : ""}`;
  }
  if (types.isPromise(value)) return "a Promise";
  if (types.isWeakMap(value)) return "a WeakMap";
  if (types.isWeakSet(value)) return "a WeakSet";
  if (types.isSharedArrayBuffer(value)) return "a SharedArrayBuffer";
  if (types.isGeneratorObject(value)) return "a generator";
  if (types.isMapIterator(value) || types.isSetIterator(value)) return "an iterator";
  if (isObject(value) && prototypesOf(value).includes(WeakRef.prototype)) {
    return "a WeakRef";
  }
  if (types.isArrayBuffer(value) && value.detached) return "a detached ArrayBuffer";
  if (ArrayBuffer.isView(value)) return viewThatStays(value);
  return undefined;
}

/** What an object inherits from, nearest first, up to a proxy, which is not asked. */
export function prototypesOf(object: object): object[] {
  const { isProxy } = nodeModule("node:util/types");
  const found: object[] = [];
  let at = Object.getPrototypeOf(object) as object | null;
  for (; at && !isProxy(at); at = Object.getPrototypeOf(at)) found.push(at);
  return found;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function viewThatStays(view: ArrayBufferView): string | undefined {
  const { buffer } = view;
  const { isSharedArrayBuffer } = nodeModule("node:util/types");
  if (isSharedArrayBuffer(buffer)) return "a view of a SharedArrayBuffer";
  if ((buffer as ArrayBuffer).detached) return "a view of a detached ArrayBuffer";
  return isOutOfBounds(view) ? "a view beyond the end of its ArrayBuffer" : undefined;
}

const { keys } = Object.getPrototypeOf(Uint8Array.prototype) as Uint8Array;

/** Whether the buffer of a view has become too short for it. */
function isOutOfBounds(view: ArrayBufferView): boolean {
  try {
    // Both throw for that reason only.
    if (view instanceof DataView) view.byteLength;
    else keys.call(view as Uint8Array);
    return false;
  } catch {
    return true;
  }
}

/** How to call an object of the platform, of which structured clone leaves nothing. */
function kindOfPlatform(value: unknown): string | undefined {
  if (!isObject(value) || platformName(value) !== undefined) return undefined;
  const loss = lossOf(value);
  return loss?.isPlatform ? article(loss.name) : undefined;
}

function kindThatCannot(value: unknown): string | undefined {
  return kindThatStays(value) ?? kindOfPlatform(value);
}

/**
 * What to tell people of the first object in some values that arrives without its class,
 * such as `"result.place is a Point, and arrives as a plain object without its methods"`.
 *
 * @param keeps Whether objects with this prototype keep it.
 */
export function lossIn(
  values: Iterable<Child>,
  keeps: (prototype: object) => boolean = () => false,
): string {
  const found = complaintAbout(values, () => true, (value) => {
    const loss = isObject(value) ? lossOf(value) : undefined;
    const prototype = loss && Object.getPrototypeOf(value) as object;
    if (!loss || isPlatformPrototype(prototype) || keeps(prototype!)) return undefined;
    if (loss.isError && isKnownError(value as object, keeps)) return undefined;
    const what = loss.name === "" ? "an object of a class" : article(loss.name);
    return `${what}, and arrives as ${
      loss.isError ? "an error without its class" : "a plain object without its methods"
    }`;
  });
  if (found) return `${found.path} is ${found.what}`;
  const [first] = values;
  const path = shortened(first?.step() ?? "a value");
  return `${path} has a field that cannot travel, and arrives without it`;
}

/** Whether an error arrives as one of its class, or of one that this extends. */
function isKnownError(error: object, keeps: (prototype: object) => boolean): boolean {
  for (const [i, prototype] of prototypesOf(error).entries()) {
    if (keeps(prototype)) return true;
    if (isUsual(prototype)) return i === 0;
    if (nameOfError(prototype) !== undefined) return true;
  }
  return false;
}

/** Whether it is a record or an array, which travels if what it holds does. */
function isPlain(object: object): boolean {
  const prototype = Object.getPrototypeOf(object);
  return prototype === Object.prototype || prototype === Array.prototype;
}

function nameOf(object: object): string {
  const name: unknown = Object.getPrototypeOf(object)?.constructor?.name;
  return typeof name === "string" && name !== "" ? shortName(name) : "object";
}

/** A name of a kind, with its article. */
export function article(name: string): string {
  return `${/^(?!URL)[aeiou]/i.test(name) ? "an" : "a"} ${name}`;
}

function wayTo(stage: Stage | undefined): string {
  const steps: string[] = [];
  for (let at = stage; at; at = at.from) steps.push(at.step());
  return steps.reverse().join("");
}
