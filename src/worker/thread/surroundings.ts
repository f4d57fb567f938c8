/**
 * What the thread's own code finds around it: the methods of JavaScript's own objects.
 * They belong to the functions that run there, too, and one may replace them, by mistake
 * or as a library does that adds to old engines what they lack. What little is needed for
 * each item our code holds itself; of the rest it takes down what was there, and looks
 * whether it still is, before it relies on it.
 *
 * @module
 */

/** A property that is relied on. */
interface Place {
  /** Where it is read. */
  at: object;
  key: PropertyKey;
  /** What it leads to. */
  value: unknown;
  /** Whose it is. */
  owner: object;
  /** What it is there; `undefined` where it is inherited, or there is none. */
  own: PropertyDescriptor | undefined;
  name: string;
}

// Own copies, and in what follows no other methods: they may be what was replaced.
const {
  defineProperty,
  deleteProperty,
  getOwnPropertyDescriptor,
  getPrototypeOf,
  setPrototypeOf,
} = Reflect;
/** In place of a key: what the object inherits from. */
const PROTOTYPE = Symbol("prototype");

const prototypeOf = (object: object) => Object.getPrototypeOf(object) as object;
const TypedArray = prototypeOf(Uint8Array) as typeof Uint8Array;
const bytes = new Uint8Array(1);
const { iterator, species } = Symbol;

/** Objects of which all methods are relied on, by what they are called. */
const WHOLE: Record<string, object> = {
  Array,
  "Array.prototype": Array.prototype,
  Atomics,
  "Map.prototype": Map.prototype,
  Object,
  Promise,
  "Promise.prototype": Promise.prototype,
  Reflect,
};

/** Others, of which just these are. */
const PARTS: [name: string, owner: object, keys: PropertyKey[]][] = [
  ["%ArrayIterator%", prototypeOf([].values()), ["next"]],
  ["%MapIterator%", prototypeOf(new Map().values()), ["next"]],
  ["%SetIterator%", prototypeOf(new Set().values()), ["next"]],
  ["%StringIterator%", prototypeOf(""[Symbol.iterator]()), ["next"]],
  ["%TypedArray%", TypedArray, ["from", "of", species]],
  [
    "%TypedArray%.prototype",
    TypedArray.prototype,
    ["at", "entries", "fill", "set", "slice", "subarray", "values", iterator],
  ],
  // One that they have themselves comes before the one that they share.
  ...[Float64Array, Int32Array, Uint16Array, Uint32Array, Uint8Array].map((
    View,
  ): [string, object, PropertyKey[]] => [
    `${View.name}.prototype`,
    View.prototype,
    ["set", "slice", "subarray", iterator],
  ]),
  ["Array", Array, [species]],
  ["ArrayBuffer", ArrayBuffer, ["isView", species]],
  ["ArrayBuffer.prototype", ArrayBuffer.prototype, ["slice"]],
  ["Date.prototype", Date.prototype, ["getTime"]],
  ["Error", Error, [Symbol.hasInstance]],
  ["Event.prototype", Event.prototype, ["preventDefault"]],
  ["Function.prototype", Function.prototype, [
    "apply",
    "bind",
    "call",
    Symbol.hasInstance,
  ]],
  ["Math", Math, ["abs", "ceil", "floor", "imul", "max", "min", "trunc"]],
  ["Promise", Promise, [species]],
  ["Number", Number, ["isInteger", "isSafeInteger"]],
  ["Object.prototype", Object.prototype, [
    "hasOwnProperty",
    "valueOf",
    "toString",
    // Where there is one of these, each object seems to have it.
    "0",
    "get",
    "set",
    "then",
    "value",
  ]],
  ["Array.prototype", Array.prototype, ["0", "1"]],
  ["RegExp.prototype", RegExp.prototype, [
    "exec",
    "test",
    Symbol.replace,
    Symbol.split,
  ]],
  ["Set.prototype", Set.prototype, ["add", "has", "values", iterator]],
  ["String", String, ["fromCharCode"]],
  ["String.prototype", String.prototype, [
    "at",
    "charCodeAt",
    "endsWith",
    "includes",
    "replace",
    "slice",
    "split",
    "startsWith",
    iterator,
  ]],
  ["TextDecoder.prototype", TextDecoder.prototype, ["decode"]],
  ["TextEncoder.prototype", TextEncoder.prototype, ["encode"]],
  ["globalThis", globalThis, [
    "Array",
    "ArrayBuffer",
    "Atomics",
    "BigInt",
    "Error",
    "Float64Array",
    "Int32Array",
    "Map",
    "Math",
    "Number",
    "Object",
    "Promise",
    "Reflect",
    "Set",
    "SharedArrayBuffer",
    "String",
    "Symbol",
    "TypeError",
    "Uint32Array",
    "Uint8Array",
  ]],
];

/** Accessors, and what they are known by. */
const READ: [name: string, at: object, owner: object, keys: PropertyKey[]][] = [
  ["%TypedArray%.prototype", bytes, TypedArray.prototype, [
    "buffer",
    "byteLength",
    "byteOffset",
    "length",
  ]],
  ["ArrayBuffer.prototype", bytes.buffer, ArrayBuffer.prototype, ["byteLength"]],
  ["Event.prototype", new Event("look"), Event.prototype, ["cancelBubble", "type"]],
  ["MessageEvent.prototype", new MessageEvent("look"), MessageEvent.prototype, [
    "data",
  ]],
  ["Map.prototype", new Map(), Map.prototype, ["size"]],
  ["Set.prototype", new Set(), Set.prototype, ["size"]],
];

/**
 * After so many looks it pays to write them out, which takes some milliseconds: a program
 * with few items does not wait for that. Until then a look takes 10 µs, or some 50 the
 * first times.
 */
const LOOKS = 100;

/** The surroundings of the thread that this module was loaded in. */
export class Surroundings {
  readonly #places: Place[] = [];
  /** The look as it is written out, once it is. */
  #written: (() => boolean) | undefined;
  #looks = 0;

  /** Takes down what is there. */
  constructor() {
    for (const [name, owner] of Object.entries(WHOLE)) {
      const keys = Reflect.ownKeys(owner).filter((key) =>
        typeof getOwnPropertyDescriptor(owner, key)!.value === "function"
      );
      this.#add(name, owner, owner, keys);
    }
    for (const [name, owner, keys] of PARTS) this.#add(name, owner, owner, keys);
    for (const [name, at, owner, keys] of READ) this.#add(name, at, owner, keys);
    const owners = [...Object.entries(WHOLE), ...PARTS, ...READ.map(ownerOf)];
    for (const [name, owner] of owners) {
      if (owner === globalThis) continue;
      this.#add(`what ${name} inherits from`, owner, owner, [PROTOTYPE]);
    }
  }

  /** Whether all is there. */
  areThere(): boolean {
    try {
      return this.#written ? this.#written() : this.#look();
    } catch {
      // An accessor was replaced.
      return false;
    }
  }

  #look(): boolean {
    for (let i = 0; i < this.#places.length; i++) {
      const { at, key, value } = this.#places[i]!;
      if (read(at, key) !== value) return false;
    }
    if (++this.#looks >= LOOKS) this.#written = look(this.#places);
    return true;
  }

  #add(name: string, at: object, owner: object, keys: PropertyKey[]): void {
    for (const key of keys) {
      const step = key === PROTOTYPE
        ? ""
        : typeof key === "symbol"
        ? `[${key.description}]`
        : `.${String(key)}`;
      this.#places.push({
        at,
        key,
        value: read(at, key),
        owner,
        own: getOwnPropertyDescriptor(owner, key),
        name: owner === globalThis ? String(key) : name + step,
      });
    }
  }

  /**
   * Puts back what was replaced.
   *
   * @returns What it was, such as `"Array.prototype.shift"`, if it was something.
   */
  restore(): string | undefined {
    if (this.areThere()) return undefined;
    let found: string | undefined;
    for (let i = 0; i < this.#places.length; i++) {
      const place = this.#places[i]!;
      if (isThere(place)) continue;
      found ??= place.name;
      if (place.key === PROTOTYPE) setPrototypeOf(place.owner, place.value as object);
      else if (place.own) defineProperty(place.owner, place.key, place.own);
      else deleteProperty(place.owner, place.key);
    }
    return found;
  }

  /** Takes what is there now for what should be: a module may have had good reasons. */
  accept(): void {
    try {
      for (const place of this.#places) {
        if (isThere(place)) continue;
        place.value = read(place.at, place.key);
        place.own = getOwnPropertyDescriptor(place.owner, place.key);
      }
      this.#written = undefined;
      this.#looks = 0;
    } catch {
      // It is broken: what was there before will be put back.
    }
  }
}

/**
 * A function that looks whether everything is there. It is written out, property by
 * property: so V8 knows each of them, and the look takes 0.1 µs at most instead of 3.
 */
function look(places: readonly Place[]): () => boolean {
  const objects = [...new Set(places.map(({ at }) => at))];
  const keys = [...new Set(places.map(({ key }) => key))];
  const list = (name: string, { length }: readonly unknown[]) =>
    Array.from({ length }, (_, i) => `${name}${i}`).join();
  const tests = places.map(({ at, key }, i) => {
    if (key === PROTOTYPE) return `prototype(o${objects.indexOf(at)}) === v${i}`;
    const name = typeof key === "symbol"
      ? `k${keys.indexOf(key)}`
      : JSON.stringify(key);
    return `o${objects.indexOf(at)}[${name}] === v${i}`;
  });
  const values = places.map(({ value }) => value);
  return new Function(
    "objects",
    "keys",
    "values",
    "prototype",
    `const [${list("o", objects)}] = objects, [${list("k", keys)}] = keys, ` +
      `[${list("v", values)}] = values; return () => ${tests.join(" && ")};`,
  )(objects, keys, values, getPrototypeOf) as () => boolean;
}

function ownerOf([name, , owner]: typeof READ[0]): [string, object] {
  return [name, owner];
}

function read(at: object, key: PropertyKey): unknown {
  return key === PROTOTYPE
    ? getPrototypeOf(at)
    : (at as Record<PropertyKey, unknown>)[key];
}

function isThere({ at, key, value }: Place): boolean {
  try {
    return read(at, key) === value;
  } catch {
    return false;
  }
}
