/**
 * Objects of classes are made from data: nothing of a class is run, and only classes that
 * were sent can be named.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "../fixtures/assert.ts";
import { PACK, UNPACK } from "../../src/common/packing_symbols.ts";
import { pack, unpack } from "../../src/protocol/instances.ts";
import { Refusal } from "../../src/protocol/refusal.ts";
import { serialize } from "../../src/protocol/values.ts";

class Point {
  constructor(public x: number) {
    calls.push("constructor");
  }
  set y(_: number) {
    calls.push("setter");
  }
}
class Numbers extends Array<number> {
  label = "some";
}
class Table extends Map<string, unknown> {
  note: unknown;
}
class Bag extends Set<unknown> {}
class Failure extends RangeError {
  constructor(message: string, readonly field: unknown) {
    super(message);
    this.name = "Failure";
  }
}

const calls: string[] = [];
/** One that says itself what it is made from. */
class Sealed {
  #x: unknown;
  constructor(x: unknown) {
    this.#x = x;
  }
  get x() {
    return this.#x;
  }
  [PACK]() {
    return this.#x;
  }
  static [UNPACK](x: unknown) {
    if (x === "bad") throw new RangeError("bad");
    return new this(x);
  }
}
const SENT = [Point, Numbers, Table, Bag, Failure, Sealed];
const numberOf = (prototype: object) => {
  const number = SENT.findIndex((type) => type.prototype === prototype);
  return number < 0 ? undefined : number;
};
const prototypeOf = (number: number) => SENT[number]?.prototype;

/** The same value as the other side gets it. */
function sent<T>(value: T): T {
  return unpack(pack(value, { numberOf })!, prototypeOf) as T;
}

Deno.test("An object keeps its class, and nothing of that is run to make it", () => {
  const point = Object.defineProperty(new Point(1), "y", {
    value: 2,
    enumerable: true,
  });
  calls.length = 0;
  const made = sent(point);
  assert(made instanceof Point && made !== point);
  assertEquals(Object.getOwnPropertyDescriptors(made), {
    x: { value: 1, writable: true, enumerable: true, configurable: true },
    y: { value: 2, writable: false, enumerable: true, configurable: false },
  });
  assertEquals(calls, []);
});

Deno.test("Identity holds within a value, in circles too", () => {
  const point = Object.assign(new Point(1), { self: {} as unknown });
  point.self = { all: [point, point] };
  const made = sent({ point, again: new Map([[point, point]]) });
  assert(made.point === (made.point.self as { all: unknown[] }).all[1]);
  assertEquals([...made.again], [[made.point, made.point]]);
});

Deno.test("Subclasses of what is built in keep contents, fields and class", () => {
  const numbers = Numbers.from([1, 2]) as Numbers;
  const table = new Table([["a", new Point(1)]]);
  table.note = table;
  const made = sent({ numbers, table, bag: new Bag([numbers]) });
  assert(made.numbers instanceof Numbers && Array.isArray(made.numbers));
  assertEquals([...made.numbers, made.numbers.label], [1, 2, "some"]);
  assert(made.table instanceof Table && made.table.note === made.table);
  assert(made.table.get("a") instanceof Point);
  assert(made.bag instanceof Bag && made.bag.has(made.numbers));
});

Deno.test("Errors keep class, fields, cause and stack", () => {
  const cause = Object.assign(new TypeError("inner"), { code: 7 });
  const error = Object.assign(new Failure("outer", new Point(1)), { cause });
  const made = sent([error])[0]!;
  assert(made instanceof Failure && made.field instanceof Point);
  assertEquals([made.name, made.message, made.stack], [
    "Failure",
    "outer",
    error.stack,
  ]);
  assert(made.cause instanceof TypeError);
  assertEquals([made.cause.message, made.cause.code], ["inner", 7]);
});

Deno.test("What is frozen or not extensible stays so, what is hidden stays hidden", () => {
  const frozen = sent(Object.freeze(new Point(1)));
  const closed = sent(Object.preventExtensions(new Point(1)));
  const hidden = sent(
    Object.defineProperty(new Point(1), "h", { value: new Point(2) }),
  );
  assertEquals([Object.isFrozen(frozen), Object.isExtensible(closed)], [true, false]);
  assert((hidden as unknown as { h: unknown }).h instanceof Point);
  assertEquals(Object.keys(hidden), ["x"]);
});

Deno.test("Properties of any name are properties, and nothing else", () => {
  const names = ["__proto__", "constructor", "then", "toJSON", "prototype"];
  const point = new Point(1);
  for (const key of names) {
    Object.defineProperty(point, key, { value: key, enumerable: true });
  }
  const made = sent(point);
  assertEquals(Object.getPrototypeOf(made), Point.prototype);
  assertEquals(Object.keys(made), ["x", ...names]);
  assertEquals(
    names.map((key) => Object.getOwnPropertyDescriptor(made, key)?.value),
    names,
  );
});

Deno.test("A value without such objects is not packed; what else is lost is told", () => {
  class Unknown {
    x = 1;
  }
  let told = 0;
  const lossy = () => told++;
  const how = { numberOf, lossy };
  assertEquals(pack({ a: [1], b: new Date(0) }, how), undefined);
  assertEquals(told, 0);
  const lenient = { ...how, lenient: true };
  assertEquals(pack({ a: new Unknown() }, lenient), undefined);
  assert(pack({ a: new Unknown(), b: new Point(1) }, lenient));
  assertEquals(told, 2);
  assertThrows(() => pack({ a: new Unknown() }, how), Refusal);
});

Deno.test("What a class makes its object from is whole by then, wherever that is", () => {
  const inner = new Sealed({ at: new Point(1), key: Symbol.for("k") });
  const frozen = Object.freeze(Object.assign(new Point(2), { inner }));
  const made = sent({
    outer: new Sealed({ list: [inner], map: new Map([[inner, frozen]]) }),
    inner,
    frozen,
  });
  const { list, map } = made.outer.x as { list: unknown[]; map: Map<unknown, Point> };
  assert(made.inner instanceof Sealed && made.frozen.inner === made.inner);
  assert(list[0] === made.inner && map.get(made.inner) === made.frozen);
  assert(Object.isFrozen(made.frozen) && made.frozen instanceof Point);
  const { at, key } = made.inner.x as { at: unknown; key: symbol };
  assert(at instanceof Point && key === Symbol.for("k"));
});

Deno.test("An object that would be made from itself is refused, however far apart", () => {
  const c: Record<string, unknown> = {};
  const b = { c };
  const sealed = new Sealed({ b });
  const a = { b, sealed };
  c.a = a;
  assertThrows(() => pack(a, { numberOf }), Refusal);
  assertThrows(() => pack({ s: new Sealed("x"), a }, { numberOf }), Refusal);
});

Deno.test("A class that cannot make its object throws, and nothing else is taken for that", () => {
  const { fault, within } = assertThrows(
    () => sent([{ a: new Sealed([new Sealed("bad")]) }]),
    Refusal,
  );
  assertEquals([fault.kind, within], ["unpack", "[0].a[pack]()[0]"]);
});

Deno.test("Who names a class that was not sent, or gives nonsense, is refused", () => {
  const object = {};
  const all: unknown[] = [
    undefined,
    1,
    {},
    { copy: 1 },
    { copy: object, made: [[object, SENT.length, [], true]], stands: [] },
    { copy: object, made: [[object, "constructor", [], true]], stands: [] },
    { copy: object, made: [[object, -2, [], true]], stands: [] },
    { copy: object, made: [[1, 0, [], true]], stands: [] },
    { copy: object, groups: [[5, [object]]], made: [], stands: [] },
    { copy: object, groups: [], made: [], stands: [[object, "unpack", [0, 1]]] },
    { copy: object, groups: [], made: [], stands: [[object, "unpack", [99, 1]]] },
    { copy: object, groups: [], made: [], stands: [[object, "unpack", ["Error", 1]]] },
    { copy: object, groups: [], made: [], stands: [[object, "unpack", 1]] },
    { copy: object, made: [[null, 0, [], true]], stands: [] },
    { copy: object, made: [[object, 0, 7, true]], stands: [] },
    { copy: object, made: [[object, 0, [7], true]], stands: [] },
    { copy: object, made: [[object, 0, [["x", 1, 1]], true]], stands: [] },
    { copy: object, made: [1], stands: [] },
    { copy: object, made: [], stands: [[object, "Function", "1"]] },
    { copy: object, made: [], stands: [[object, "URL", "no address"]] },
    { copy: object, made: [], stands: [[object, "constructor", ""]] },
    { copy: object, made: [], stands: 1 },
    { copy: object, made: new Array(1e9), stands: [] },
  ];
  for (const value of all) {
    const bytes = new Uint8Array([3, ...serialize(value)]);
    assertThrows(() => unpack(bytes, prototypeOf), TypeError, undefined, `${value}`);
  }
  assertThrows(() => unpack(serialize({}), prototypeOf), TypeError, "not packed");
  assertThrows(() => unpack(new Uint8Array([3, 255]), prototypeOf));
});

Deno.test("An object with private fields is made only by who can restore it", () => {
  class Account {
    #balance = 1;
    static has(value: object) {
      return #balance in value;
    }
  }
  const privatesOf = () => ({
    type: 7,
    fields: [["#balance", 5]] as [string, unknown][],
  });
  const bytes = pack({ a: new Account() }, { numberOf: () => undefined, privatesOf })!;
  // The host has no such way: a worker cannot have it make one.
  assertThrows(() => unpack(bytes, () => Account.prototype), TypeError, "cannot make");
  const set: unknown[] = [];
  const restore = (type: number) => {
    return {
      object: new Account(),
      set: (...field: unknown[]) => set.push(type, ...field),
    };
  };
  const made = unpack(bytes, () => undefined, undefined, restore) as { a: object };
  assert(Account.has(made.a));
  assertEquals(set, [7, "#balance", 5]);
});
