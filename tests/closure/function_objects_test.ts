/** Functions as objects: constructors, properties, and those that the platform has. */

import { assertEquals } from "../fixtures/assert.ts";
import { basename, join } from "node:path";
import { onWorker, same } from "./_cases.ts";

const symbol = Symbol("of this test");

same("Functions are objects, and travel as such", [
  ["An ES5 constructor with methods on its prototype", () => {
    // deno-lint-ignore no-explicit-any
    function Point(this: any, x: number) {
      this.x = x;
    }
    Point.prototype.double = function () {
      return this.x * 2;
    };
    Object.defineProperty(Point.prototype, "half", {
      get() {
        return this.x / 2;
      },
    });
    // deno-lint-ignore no-explicit-any
    const P = Point as any;
    return (x: number) => {
      const p = new P(x);
      return [p, p.double(), p.half, p instanceof P, p.constructor === P];
    };
  }],
  ["ES5 inheritance", () => {
    // deno-lint-ignore no-explicit-any
    type Any = any;
    const Base: Any = function (this: Any, x: number) {
      this.x = x;
    };
    Base.prototype.get = function () {
      return this.x;
    };
    Base.make = function (x: number) {
      return new this(x);
    };
    const Sub: Any = function (this: Any, x: number) {
      Base.call(this, x + 1);
    };
    Sub.prototype = Object.create(Base.prototype, {
      constructor: { value: Sub, writable: true, configurable: true },
    });
    Object.setPrototypeOf(Sub, Base);
    return (x: number) => {
      const made = Sub.make(x);
      return [
        made.get(),
        made instanceof Sub,
        made instanceof Base,
        made.constructor === Sub,
      ];
    };
  }],
  ["A prototype that was replaced", () => {
    // deno-lint-ignore no-explicit-any
    const F: any = function () {};
    F.prototype = { hi: () => "hi" };
    const old = new F();
    return () => [new F().hi(), old.hi(), old instanceof F];
  }],
  [
    "Properties of functions",
    () => {
      const f = Object.assign((x: number) => [x, f.calls++, f.names, f[symbol]], {
        calls: 0,
        names: ["a"],
        [symbol]: "by symbol",
      });
      return f;
    },
    1,
    2,
  ],
  ["A function that is its own property", () => {
    type Self = { (x: number): unknown; self: Self };
    const f = ((x: number) => [x, f.self.self === f]) as Self;
    f.self = f;
    return f;
  }],
  ["A function of another class of functions", () => {
    const speaking = Object.setPrototypeOf((x: number) => x, {
      twice(this: (x: number) => number, x: number) {
        return this(x) * 2;
      },
    });
    return (x: number) => [speaking(x), speaking.twice(x)];
  }],
  ["Names and numbers of parameters", () => {
    const f = (_a: number, _b: number, _c = 1) => {}, async = async () => {};
    const named = Object.defineProperty(() => {}, "name", { value: "renamed" });
    const list = [() => {}, function () {}];
    return () => [f.name, f.length, async.name, named.name, list.map((x) => x.name)];
  }],
  [
    "Functions made of text",
    () =>
      new Function("x", "y = 1", "return [x, y, typeof name]") as (
        x: number,
      ) => unknown,
  ],
  ["Currying and composition", () => {
    const curry = (f: (a: number, b: number) => number) => (a: number) => (b: number) =>
      f(a, b);
    const compose = (...fs: ((x: number) => number)[]) => (x: number) =>
      fs.reduceRight((y, f) => f(y), x);
    const add = curry((a, b) => a + b);
    return compose(add(1), Math.sqrt, (x) => x * x, add(10));
  }],
  ["A hundred closures, one over the other", () => {
    let f = (x: number) => x;
    for (let i = 0; i < 100; i++) {
      const inner = f;
      f = (x) => inner(x) + i;
    }
    return f;
  }],
]);

// deno-lint-ignore no-explicit-any -- built-ins of all sorts
const builtIns: Record<string, [(x: any) => unknown, ...unknown[]]> = {
  "Math.sqrt": [Math.sqrt, 4, -1],
  "JSON.parse": [JSON.parse, '{"a":[1]}', "null"],
  "JSON.stringify": [JSON.stringify, { a: [1] }],
  String: [String, 1, null, [1, 2]],
  Boolean: [Boolean, 0, "x"],
  "Number.parseFloat": [Number.parseFloat, "1.5x", "-"],
  parseInt: [parseInt, "12", "0x10"],
  "Array.isArray": [Array.isArray, [], {}],
  "Object.keys": [Object.keys, { a: 1 }, [1]],
  "Object.entries": [Object.entries, { a: 1 }],
  structuredClone: [structuredClone, { a: new Map([[1, 2]]) }],
  "String.raw, bound": [String.raw.bind(null, { raw: ["a", "b"] }), 1],
  "node:path join": [join, "a/../b", "/"],
  "node:path basename": [basename, "/a/b.c"],
  "a method of Array, bound": [[1, 2, 3].includes.bind([1, 2, 3]), 2, 5],
  "Date.parse": [Date.parse, "2024-01-01T00:00:00Z"],
  encodeURIComponent: [encodeURIComponent, "ä b"],
};

same(
  "Built-ins travel by name",
  Object.entries(builtIns).map(([name, [f, ...inputs]]) => [name, () => f, ...inputs]),
);

onWorker("Functions of the platform are found", (test) => {
  test("Whatever holds them", async (d) => {
    const held = {
      set: new Set([Math.abs, Array.prototype.map]),
      asyncFunction: Object.getPrototypeOf(async () => {}).constructor,
      getter: Object.getOwnPropertyDescriptor(Map.prototype, "size")!.get!,
      iterator: Array.prototype[Symbol.iterator],
      global: globalThis,
      log: console.log,
      Math,
    };
    const f = async () => [
      held.set.has(Math.abs) && held.set.has(Array.prototype.map),
      await new held.asyncFunction("return 5")(),
      held.getter.call(new Map([[1, 2]])),
      held.log === console.log,
      held.iterator === Array.prototype.values,
      held.global === globalThis && held.Math === Math,
    ];
    assertEquals(await d.map(f, [0]), [[true, 5, 1, true, true, true]]);
  });
});
