/** Values of every kind, which functions hold. */

import { Buffer } from "node:buffer";
import { assert, assertEquals } from "../fixtures/assert.ts";
import { runProgram } from "../fixtures/tools.ts";
import { onWorker, same } from "./_cases.ts";

same("Functions and classes travel in data", [
  ["In arrays, records, maps and sets", () => {
    const k = 2, twice = (x: number) => x * k;
    const held = {
      list: [twice, [Math.abs]] as const,
      map: new Map([["f", twice]]),
      by: new Map([[twice, "the function"]]),
      set: new Set([twice]),
    };
    return (x: number) => [
      held.list[0](x),
      held.list[1][0]!(-x),
      held.map.get("f") === held.list[0],
      held.by.get(twice),
      held.set.has(twice),
    ];
  }],
  ["In objects with methods and accessors", () => {
    const k = 1;
    const thing = {
      n: 5,
      get twice() {
        return this.n * 2;
      },
      set twice(x: number) {
        this.n = x / 2;
      },
      add(x: number) {
        return this.n + x + k;
      },
    };
    return (x: number) => {
      thing.twice = x * 4;
      return [thing.n, thing.twice, thing.add(x), Object.keys(thing)];
    };
  }],
  ["In the properties of an array", () => {
    const list = Object.assign([1, 2], { total: () => list.length, label: "l" });
    return () => [list.total(), list.label, [...list], Array.isArray(list)];
  }],
  ["One function a hundred and thirty thousand times", () => {
    const f = (x: number) => x + 1;
    const list = Array(130_000).fill(f);
    return (x: number) => [list.length, list.at(-1)(x), list[0] === list[1]];
  }, 1],
]);

same("What was one object stays one object", [
  ["In plain data", () => {
    const one = { x: 1 }, held = { a: one, list: [one], map: new Map([["one", one]]) };
    return () => [held.a === held.list[0], held.map.get("one") === one, one === held.a];
  }],
  ["In data that holds functions", () => {
    const one = { x: 1, f: () => one }, plain = [1];
    const a = { one, plain }, b = { one, plain };
    return () => [
      a.one === b.one,
      a.plain === b.plain,
      one.f() === a.one,
      plain === a.plain,
    ];
  }],
  ["In cycles", () => {
    type Node = { next?: Node; list: Node[]; f?: () => Node };
    const a: Node = { list: [] }, b: Node = { next: a, list: [a] };
    a.next = b;
    a.list.push(a, b);
    b.f = () => a;
    const map = new Map<unknown, unknown>();
    map.set(map, map);
    const set = new Set<unknown>([map]);
    map.set("set", set);
    return () => [
      a.next!.next === a,
      a.list[0] === a,
      b.f!() === a,
      map.get(map) === map,
      (map.get("set") as Set<unknown>).has(map),
    ];
  }],
  [
    "In two functions",
    () => {
      const state = { n: 0 };
      const inc = () => ++state.n, get = () => state;
      return () => [inc(), inc(), get().n, get() === state];
    },
    1,
    2,
  ],
  ["In two views of one buffer", () => {
    const bytes = new Uint8Array(8), words = new Uint32Array(bytes.buffer, 4);
    const f = () => bytes;
    return () => {
      words[0] = 0x01020304;
      return [...f(), bytes.buffer === words.buffer];
    };
  }],
]);

same("Objects of every kind travel", [
  ["Frozen, sealed and closed ones", () => {
    const frozen = Object.freeze({ a: 1, inner: { b: 2 } });
    const list = Object.freeze([1, 2]), sealed = Object.seal({ a: 1 });
    const closed = Object.preventExtensions({ a: 1 } as { a?: number });
    return () => [
      Object.isFrozen(frozen),
      Object.isFrozen(frozen.inner),
      [Object.isFrozen(list), Reflect.set(list, 0, 5), list, Array.isArray(list)],
      [Object.isSealed(sealed), Reflect.set(sealed, "a", 5), sealed],
      [Object.isExtensible(closed), delete closed.a, Object.isSealed(closed)],
    ];
  }, 1],
  ["Ones with hidden and fixed properties", () => {
    const thing = Object.defineProperties({} as Record<string, number>, {
      hidden: { value: 1 },
      fixed: { value: 2, enumerable: true },
      open: { value: 3, enumerable: true, writable: true, configurable: true },
    });
    return () => [
      Object.keys(thing),
      thing.hidden,
      Reflect.set(thing, "fixed", 5),
      Object.getOwnPropertyDescriptor(thing, "hidden"),
    ];
  }],
  ["Ones without prototype", () => {
    const bare = Object.assign(Object.create(null), { a: 1 });
    return () => [
      Object.getPrototypeOf(bare),
      bare.a,
      Object.keys(bare),
      "toString" in bare,
    ];
  }],
  ["Ones with keys that look special", () => {
    const thing = JSON.parse(
      '{"__proto__": {"a": 1}, "constructor": 2, "-1": 3, "": 4}',
    );
    const f = Object.assign(() => thing, {});
    return () => [
      Object.keys(thing),
      Object.getPrototypeOf(thing) === Object.prototype,
      f().constructor,
      thing[""],
    ];
  }],
  ["Symbols of the registry, well-known ones and others", () => {
    const registered = Symbol.for("r"), unique = Symbol("u"), bare = Symbol();
    const held = { [registered]: 1, [unique]: [unique], [Symbol.iterator]: 3 };
    return () => [
      registered === Symbol.for("r"),
      held[registered],
      held[unique]![0] === unique,
      [unique.description, bare.description, held[Symbol.iterator]],
    ];
  }],
  ["Regular expressions with flags and place", () => {
    const sticky = /b/y, all = /a(?<n>.)/gi, plain = /x/;
    sticky.lastIndex = 1;
    const held = [sticky, all, plain];
    return () => [
      held.map((expression) => [`${expression}`, expression.lastIndex]),
      sticky.test("ab"),
      "aBAc".match(all),
      plain instanceof RegExp,
    ];
  }, 1],
  ["Errors with cause, properties and class", () => {
    const cause = new RangeError("inner", { cause: { code: 1 } });
    const error = Object.assign(new TypeError("outer", { cause }), { extra: [1] });
    const many = new AggregateError([error, 1], "many");
    return () => [
      [error instanceof TypeError, error.message, error.extra, error.name],
      [error.cause === cause, (error.cause as Error).cause],
      [
        many.errors[0] === error,
        many.errors[1],
        many.message,
        many instanceof AggregateError,
      ],
      [Object.keys(error), Object.getOwnPropertyDescriptor(error, "cause")?.enumerable],
      error.stack?.split("\n")[0],
    ];
  }],
  ["URL, URLSearchParams and Headers", () => {
    const url = new URL("https://user@example.org:8080/a?b=1#c");
    const query = new URLSearchParams({ a: "1 2" }), headers = new Headers({ A: "b" });
    return (x: number) => {
      url.searchParams.set("x", `${x}`);
      query.append("a", `${x}`);
      return [url.href, url instanceof URL, `${query}`, query.getAll("a"), [
        ...headers,
      ]];
    };
  }, 1],
  ["Dates, also such that are none", () => {
    const date = new Date(1e12), none = new Date(NaN);
    return () => [
      date.toISOString(),
      date.getTime(),
      none.getTime(),
      date instanceof Date,
    ];
  }],
  ["Big integers", () => {
    const values = [0n, -1n, 2n ** 200n, -(2n ** 64n)];
    return (x: number) => values.map((value) => value * BigInt(x));
  }],
  ["Typed arrays, buffers and views", () => {
    const buffer = new ArrayBuffer(16, { maxByteLength: 32 });
    const view = new DataView(buffer, 4, 8), halves = new Float16Array([1.5]);
    view.setFloat32(0, 1.5);
    const held = {
      u8: new Uint8Array([1, 2]),
      clamped: new Uint8ClampedArray([300]),
      f64: Float64Array.of(NaN, -0),
      big: new BigInt64Array([-1n]),
    };
    return () => [
      [view.getFloat32(0), view.byteOffset, view.byteLength, view.buffer === buffer],
      [buffer.byteLength, buffer.resizable, buffer.maxByteLength, halves[0]],
      held,
      Object.values(held).map((one) => one.constructor.name),
    ];
  }],
  [
    "Typed arrays with buffers of their own",
    () => {
      const floats = Float64Array.of(1, 2), pixels = new Uint8Array([1, 2, 3, 4]);
      return (given: Uint8Array) => [
        new Uint8Array(floats.buffer),
        new Uint32Array(pixels.buffer),
        [given.buffer.byteLength, pixels.subarray(1).byteOffset],
      ];
    },
    new Uint8Array([5, 6]),
    new Uint8Array(1),
  ],
  ["A Buffer of node:buffer", () => {
    const bytes = Buffer.from("hällo");
    return () => [
      bytes.toString("hex"),
      bytes.length,
      Buffer.isBuffer(bytes),
      `${bytes}`,
    ];
  }],
  ["Boxed primitives", () => {
    const boxes = [Object(1), Object("ab"), Object(true), Object(5n)];
    return () => [
      boxes.map((box) => typeof box),
      boxes.map((box) => box.valueOf()),
      boxes[1].length,
    ];
  }],
  ["Arrays with holes, -0 and NaN", () => {
    // deno-lint-ignore no-sparse-arrays
    const holes = [, 1, , -0, NaN, undefined, ,],
      f = Object.assign([, () => 1], { a: 1 });
    return () => [
      holes,
      holes.length,
      0 in holes,
      5 in holes,
      Object.is(holes[3], -0),
      [f.length, 0 in f],
    ];
  }],
  ["Objects of the platform that every worker has", () => {
    const held = {
      console,
      crypto,
      out: Deno.stdout,
      env: Deno.env,
      Reflect,
      setTimeout,
    };
    return () => [
      held.console === console,
      held.crypto.subtle === crypto.subtle,
      held.out === Deno.stdout && held.env.has("nobody set this") === false,
      held.Reflect === Reflect && held.setTimeout === setTimeout,
    ];
  }],
  ["Encoders, decoders and formats", () => {
    const encoder = new TextEncoder(),
      decoder = new TextDecoder("utf-16le", { fatal: true });
    const money = new Intl.NumberFormat("de", { style: "currency", currency: "EUR" });
    const plural = new Intl.PluralRules("en", { type: "ordinal" });
    const order = new Intl.Collator("sv");
    const day = new Intl.DateTimeFormat("en", { dateStyle: "long", timeZone: "UTC" });
    return (x: number) => [
      encoder.encode("ä"),
      [decoder.encoding, decoder.fatal],
      money.format(x * 1000),
      plural.select(x),
      order.compare("z", "ä"),
      day.format(0),
    ];
  }],
  ["A proxy's target, once it is out of the proxy", () => {
    const target = { a: 1, f: () => 2 };
    const proxy = new Proxy(target, {});
    const copy = { ...proxy };
    return () => [copy.a, copy.f()];
  }],
  ["Long lists of linked objects that hold functions", () => {
    type Link = { i: number; next: Link | undefined; f: () => number };
    let head: Link | undefined;
    for (let i = 0; i < 1000; i++) {
      const next = head, at = i;
      head = { i, next, f: () => at };
    }
    return () => {
      let sum = 0;
      for (let link = head; link; link = link.next) sum += link.f();
      return sum;
    };
  }, 1],
]);

onWorker("Large data", (test) => {
  test("Is sent with the function, not with each item", async (d) => {
    const data = new Float64Array(2 ** 20).map((_, i) => i);
    const sums = await d.map((i: number) => data.at(-1)! + data[i]!, [0, 1, 2, 3]);
    assertEquals(sums, [0, 1, 2, 3].map((i) => 2 ** 20 - 1 + i));
  });

  test("Is one object in all items that a worker runs", async (d) => {
    const data = { calls: [] as number[], bytes: new Uint8Array(2 ** 20) };
    const f = (i: number) => data.calls.push(i) + data.bytes.length;
    const found = await d.map(f, [1, 2, 3], { chunkSize: 3 });
    assertEquals(found, [1, 2, 3].map((i) => i + 2 ** 20));
    assertEquals(data.calls, []);
  });

  test("Travels though the function names only a part of it", async (d) => {
    const data = Array.from({ length: 20_000 }, (_, i) => ({ i, half: i / 2 }));
    const [found] = await d.map((i: number) => data[i]!, [19_999]);
    assert(found!.half === 9999.5);
  });
});

Deno.test("What says that it is huge, or is, is gone through by what is in it", async () => {
  const { stdout, stderr } = await runProgram("tests/closure/_huge_values.ts");
  const lines = [
    ...Array(10).fill("same"),
    "1,1,20001,2",
    "args[1][1] is a Promise, which cannot be sent to a worker; await it first",
  ];
  assertEquals([stdout, stderr], [lines.map((line) => `${line}\n`).join(""), ""]);
});
