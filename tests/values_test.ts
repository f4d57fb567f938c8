/**
 * A suite of values: each goes to a worker and comes back as item, result, message, field
 * and with an error, and is then what it was.
 *
 * @module
 */

import { assertEquals } from "./fixtures/assert.ts";
import { currentJob, Job, type JobDispatcher } from "../mod.ts";
import { Measurement, ParseError } from "./fixtures/measurements.ts";
import { differences } from "./fixtures/same.ts";
import { group } from "./fixtures/tools.ts";

class Point {
  constructor(readonly x: number, readonly y: number) {}
  get length() {
    return Math.hypot(this.x, this.y);
  }
}
class Named extends Point {
  other?: unknown;
  constructor(readonly name: string) {
    super(3, 4);
  }
}
class Accessors {
  set shout(text: string) {
    throw new Error(`No setter is called: ${text}`);
  }
  constructor() {
    throw new Error("No constructor is called");
  }
}
class Series extends Array<unknown> {
  unit = "m";
}
class Table extends Map<unknown, unknown> {
  note: unknown = "n";
}
class Bag extends Set<unknown> {
  size2 = 2;
}
class Moment extends Date {
  zone = "UTC";
}
class Pattern extends RegExp {
  label = "p";
}
class Floats extends Float64Array {
  scale = 2;
}
class Bytes extends Uint8Array {}
class Buffers extends ArrayBuffer {
  owner = "me";
}
class ValidationError extends RangeError {
  override name = "ValidationError";
  constructor(message: string, readonly field: string, readonly at?: unknown) {
    super(message);
  }
}
class Many extends AggregateError {
  count = 2;
}

const KEY = Symbol.for("values/key");

/** An object that has this as a property, as it is described. */
const described = (property: PropertyDescriptor, of: object = {}) =>
  Object.defineProperty(of, "p", property);
const withKey = (key: string | symbol, of: object = {}) =>
  Object.defineProperty(of, key, {
    value: 1,
    enumerable: true,
    writable: true,
    configurable: true,
  });

/** The values, each made afresh. */
const values: Record<string, () => unknown> = {
  // Primitives.
  "undefined": () => undefined,
  "null": () => null,
  "true": () => true,
  "false": () => false,
  "zero": () => 0,
  "minus zero": () => -0,
  "NaN": () => NaN,
  "infinity": () => Infinity,
  "minus infinity": () => -Infinity,
  "a small integer": () => -(2 ** 30),
  "the largest integer": () => Number.MAX_SAFE_INTEGER,
  "the smallest number": () => Number.MIN_VALUE,
  "a fraction": () => 0.1 + 0.2,
  "a bigint": () => 12345678901234567890n,
  "a negative bigint": () => -(2n ** 200n),
  "the bigint 0": () => 0n,
  "an empty string": () => "",
  "Latin-1": () => "naïve café \u00ff",
  "text beyond Latin-1": () => "Ελλάδα 漢字 🦕",
  "a lone surrogate": () => "\ud800 alone",
  "a NUL in a string": () => "a\0b",
  "a long string": () => "ab".repeat(50_000),
  "a rope": () => ["x".repeat(100), "y".repeat(100)].reduce((a, b) => a + b),
  "a registered symbol": () => KEY,
  // Plain objects.
  "an empty object": () => ({}),
  "a record": () => ({ a: 1, b: "two", c: null, d: undefined, e: [1] }),
  "a record of records": () => ({ a: { b: { c: { d: 1 } } } }),
  "numbers as keys": () => ({ 10: "a", 9: "b", x: 1, 4294967295: 2 }),
  "an empty key": () => ({ "": 1 }),
  "a property __proto__": () => withKey("__proto__"),
  "a property constructor": () => withKey("constructor"),
  "a property then": () => ({ then: 1 }),
  "a property toJSON": () => ({ toJSON: 1 }),
  "a circle": () => {
    const a: Record<string, unknown> = {};
    return Object.assign(a, { a, all: [a] });
  },
  "twice the same object": () => {
    const one = { x: 1 };
    return { a: one, b: one, c: [one], d: { x: 1 } };
  },
  "a deep object": () => {
    let deep: unknown = new Point(0, 0);
    for (let i = 0; i < 300; i++) deep = { deep };
    return deep;
  },
  // Arrays.
  "an empty array": () => [],
  "an array of numbers": () => [1, -0, NaN, 2.5],
  "an array of strings": () => ["a", "", "é"],
  "a mixed array": () => [1, "a", null, undefined, [], {}],
  "an array with holes": () => {
    const holes = new Array(5);
    holes[1] = 1;
    holes[3] = undefined;
    return holes;
  },
  "an array with a field": () => Object.assign([1, 2], { unit: "m" }),
  "a sparse array": () => Object.assign(new Array(1e6), { 999_999: 1 }),
  "an array that holds itself": () => {
    const all: unknown[] = [1];
    all.push(all);
    return all;
  },
  "an array of 10,000 records": () =>
    Array.from({ length: 10_000 }, (_, i) => ({ i, s: `${i}` })),
  "an array of many objects of a class": () =>
    Array.from({ length: 3000 }, (_, i) => new Point(i, -i)),
  // Built in, with contents.
  "a Map": () => new Map<unknown, unknown>([["a", 1], [2, [3]], [NaN, null]]),
  "an empty Map": () => new Map(),
  "a Map with objects as keys": () => new Map([[{ a: 1 }, { b: 2 }]]),
  "a Map that holds itself": () => {
    const map = new Map<unknown, unknown>();
    return map.set(map, map);
  },
  "a Map of Maps": () => new Map([["a", new Map([["b", new Set([1])]])]]),
  "a Set": () => new Set([1, "1", -1, undefined]),
  "an empty Set": () => new Set(),
  "a Set of objects": () => new Set([{ a: 1 }, [1], new Date(1)]),
  "a Date": () => new Date(1.7e12),
  "a date that is none": () => new Date(NaN),
  "a RegExp": () => /a(b)?[^/]\u{1f600}/giu,
  "a RegExp that sticks": () => /^x$/my,
  "a boxed number": () => Object(-0),
  "a boxed string": () => Object("boxed"),
  "a boxed boolean": () => Object(false),
  "a boxed bigint": () => Object(7n),
  "an ArrayBuffer": () => new Uint8Array([1, 2, 3]).buffer,
  "an empty ArrayBuffer": () => new ArrayBuffer(0),
  "a resizable ArrayBuffer": () => new ArrayBuffer(2, { maxByteLength: 8 }),
  "a DataView": () => new DataView(new Uint8Array([1, 2, 3, 4]).buffer),
  "Int8Array": () => new Int8Array([-1, 1]),
  "Uint8Array": () => new Uint8Array([0, 255]),
  "Uint8ClampedArray": () => new Uint8ClampedArray([300]),
  "Int16Array": () => new Int16Array([-300]),
  "Uint16Array": () => new Uint16Array([65535]),
  "Int32Array": () => new Int32Array([-(2 ** 31)]),
  "Uint32Array": () => new Uint32Array([2 ** 32 - 1]),
  "Float16Array": () => new Float16Array([0.5, -0]),
  "Float32Array": () => new Float32Array([0.1]),
  "Float64Array": () => new Float64Array([Math.PI, -0, NaN]),
  "BigInt64Array": () => new BigInt64Array([-1n]),
  "BigUint64Array": () => new BigUint64Array([2n ** 64n - 1n]),
  "an empty typed array": () => new Float64Array(0),
  "a large typed array": () => new Float64Array(200_000).fill(1.5),
  // Errors.
  "an Error": () => new Error("e"),
  "an error without a message": () => new Error(),
  "a TypeError": () => new TypeError("t"),
  "a RangeError": () => new RangeError("r"),
  "a SyntaxError": () => new SyntaxError("s"),
  "a ReferenceError": () => new ReferenceError("r"),
  "a URIError": () => new URIError("u"),
  "an EvalError": () => new EvalError("e"),
  "an error with a cause": () => new Error("e", { cause: new TypeError("inner") }),
  "an error whose cause is data": () => new Error("e", { cause: { code: [1] } }),
  "an error whose cause is undefined": () => new Error("e", { cause: undefined }),
  "an error with fields": () =>
    Object.assign(new Error("e"), { code: "E", at: { x: 1 } }),
  "an error with another name": () => Object.assign(new Error("e"), { name: "Other" }),
  "an AggregateError": () => new AggregateError([new Error("a"), 1], "all"),
  "a DOMException": () => new DOMException("gone", "AbortError"),
  "a NotFound of Deno": () => new Deno.errors.NotFound("no such file"),
  // Of the platform.
  "a URL": () => new URL("https://user@example.org:81/a?b=c#d"),
  "a file URL": () => new URL("file:///a%20b"),
  "URLSearchParams": () => new URLSearchParams("a=1&a=2&b=%26"),
  "Headers": () => new Headers({ "content-type": "text/plain", accept: "a, b" }),
  "a Temporal.Instant": () => Temporal.Instant.from("2026-01-02T03:04:05.123456789Z"),
  "a Temporal.Duration": () => Temporal.Duration.from("P1Y2M3DT4H5M6.789S"),
  "a Temporal.PlainDate": () => Temporal.PlainDate.from("2026-02-28"),
  "a Temporal.PlainTime": () => Temporal.PlainTime.from("12:34:56.789"),
  "a Temporal.PlainDateTime": () => Temporal.PlainDateTime.from("2026-02-28T12:00"),
  "a Temporal.PlainYearMonth": () => Temporal.PlainYearMonth.from("2026-02"),
  "a Temporal.PlainMonthDay": () => Temporal.PlainMonthDay.from("02-28"),
  "a Temporal.ZonedDateTime": () =>
    Temporal.ZonedDateTime.from("2026-02-28T12:00[Europe/Berlin]"),
  "an Intl.NumberFormat": () =>
    new Intl.NumberFormat("de", { style: "currency", currency: "EUR" }),
  "an Intl.DateTimeFormat": () =>
    new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeZone: "UTC" }),
  "an Intl.Collator": () => new Intl.Collator("sv", { sensitivity: "base" }),
  "an Intl.PluralRules": () => new Intl.PluralRules("ar", { type: "ordinal" }),
  "an Intl.ListFormat": () => new Intl.ListFormat("en", { type: "disjunction" }),
  "an Intl.RelativeTimeFormat": () =>
    new Intl.RelativeTimeFormat("en", { numeric: "auto" }),
  "an Intl.Locale": () => new Intl.Locale("zh-Hant-TW"),
  "a TextEncoder": () => new TextEncoder(),
  "a TextDecoder": () => new TextDecoder("latin1", { fatal: true }),
  "an Intl.DisplayNames": () => new Intl.DisplayNames("de", { type: "region" }),
  "an Intl.DurationFormat": () => new Intl.DurationFormat("en", { style: "short" }),
  "an Intl.Segmenter": () => new Intl.Segmenter("ja", { granularity: "word" }),
  // Objects of classes.
  "an object of a class": () => new Point(1, 2),
  "an object of a subclass": () => new Named("n"),
  "an object of a class of a module": () => new Measurement(1.5),
  "an object whose class has a setter": () =>
    withKey("shout", Object.create(Accessors.prototype)),
  "an object of a class that was not constructed": () => Object.create(Named.prototype),
  "an object that holds itself": () => {
    const named = new Named("n");
    return Object.assign(named, { other: { all: [named, new Point(1, 2)] } });
  },
  "one object in many places": () => {
    const point = new Point(1, 2);
    return [point, { point }, new Map([[point, point]]), new Set([point])];
  },
  "an object of a class with a hidden property": () =>
    described({ value: new Point(5, 6) }, new Point(1, 2)),
  "an object with a property that cannot be written": () =>
    described({ value: 1, enumerable: true }, new Point(1, 2)),
  "an object with a symbol as key": () => withKey(KEY, new Point(1, 2)),
  "an object with a property __proto__": () => withKey("__proto__", new Point(1, 2)),
  "an object with a property constructor": () =>
    withKey("constructor", new Point(1, 2)),
  "an object with a property then": () => withKey("then", new Point(1, 2)),
  "a frozen object": () => Object.freeze(new Point(1, 2)),
  "a sealed object": () => Object.seal(new Point(1, 2)),
  "an object that takes no more": () => Object.preventExtensions(new Point(1, 2)),
  "a subclass of Array": () => Series.from([1, new Point(1, 2), "a"]),
  "an empty subclass of Array": () => new Series(),
  "a subclass of Array with holes": () => Object.assign(new Series(3), { 1: 1 }),
  "a subclass of Map": () => new Table([["a", new Point(1, 2)], [1, 2]]),
  "a subclass of Map that holds itself": () => {
    const table = new Table();
    table.note = table;
    return table.set("self", table);
  },
  "a subclass of Set": () => new Bag([new Point(1, 2), "b"]),
  "a subclass of Date": () => new Moment(5),
  "a subclass of RegExp": () => new Pattern("x+", "g"),
  "a subclass of a typed array": () => new Floats([1, 2]),
  "another subclass of a typed array": () => new Bytes([1, 2]),
  "a subclass of ArrayBuffer": () => new Buffers(4),
  "an error of a class": () => new ValidationError("bad", "age", new Point(1, 2)),
  "an error of a class of a module": () => new ParseError("line"),
  "an error of a class with a cause of one": () =>
    Object.assign(new ValidationError("a", "b"), { cause: new ParseError("c") }),
  "an aggregate of a class": () =>
    new Many([new ParseError("a"), new Point(1, 2)], "m"),
  // All of it together, as users have it.
  "a Map of Dates and URLs": () =>
    new Map<string, unknown>([
      ["when", new Date(1)],
      ["where", new URL("https://example.org/")],
      ["both", [new Date(2), new URL("data:,x")]],
    ]),
  "a record of everything": () => ({
    at: new Point(1, 2),
    series: Series.from([1]),
    failed: new ValidationError("bad", "age"),
    range: [new Measurement(1), new Measurement(2)],
    since: Temporal.PlainDate.from("2026-01-01"),
    url: new URL("https://example.org/"),
    bytes: new Uint8Array([1]),
  }),
};

const names = Object.keys(values);
const make = (name: string) => values[name]!();

/** For each value that is not what it was: its name, and where it differs. */
const report = (all: unknown[]) =>
  names.flatMap((name, i) => {
    const found = differences(all[i], make(name));
    return found.length > 0 ? [`${name}: ${found.join("; ")}`] : [];
  });

/** The same of what was found on the worker. */
const lost = (found: unknown[]) =>
  names.flatMap((name, i) => `${found[i]}` ? [`${name}: ${found[i]}`] : []);

group("values keep what they are", (test) => {
  test("The comparison sees what differs", () => {
    const all = names.map(make);
    assertEquals(report(all), []);
    for (const [i, name] of names.entries()) {
      const others = all.with(i, { name });
      assertEquals(report(others).length, 1, name);
    }
    const [a, b] = [{ x: 1 }, { x: 1 }];
    assertEquals(differences([a, b], [a, a]).length, 1);
    assertEquals(differences(new Point(1, 2), { x: 1, y: 2 }).length, 1);
    assertEquals(differences(Object.freeze({ x: 1 }), { x: 1 }).length > 0, true);
  });

  test("As items", async (d) => {
    const found = await d.starmap(
      (name: string, value: unknown) => differences(value, make(name)),
      names.map((name): [string, unknown] => [name, make(name)]),
    );
    assertEquals(lost(found), []);
  });

  test("As results", async (d) => {
    assertEquals(report(await d.map(make, names)), []);
  });

  test("As items and results", async (d) => {
    assertEquals(report(await d.map((value: unknown) => value, names.map(make))), []);
  });

  test("As variables", async (d) => {
    const all = names.map(make);
    const f = (i: number) => differences(all[i], make(names[i]!));
    assertEquals(lost(await d.map(f, names.keys())), []);
  });

  test("As messages to the program", async (d) => {
    const f = () => names.forEach((name) => currentJob()!.send(make(name)));
    const job = new Job({ target: f, dispatcher: d });
    job.start();
    assertEquals(report(await Array.fromAsync(job.messages)), []);
    await job.result;
  });

  test("As messages to a job", async (d) => {
    const f = async () => {
      const found: string[] = [];
      for await (const value of currentJob()!.messages) {
        const name = names[found.length]!;
        found.push(`${differences(value, make(name))}`);
        if (found.length === names.length) break;
      }
      return found.filter((line) => line);
    };
    const job = new Job({ target: f, dispatcher: d });
    job.start();
    for (const name of names) job.send(make(name));
    assertEquals(await job.result, []);
  });

  test("As fields of a job", async (d) => {
    const all = await fieldsOf(d);
    assertEquals(report(all), []);
  });

  test("With errors that are thrown", async (d) => {
    const f = (name: string): void => {
      throw Object.assign(new Error("e"), { value: make(name), cause: make(name) });
    };
    const all = await d.map(f, names, { reraise: false, logs: "none" });
    assertEquals(
      report(all.map((error) => (error as unknown as { value: unknown }).value)),
      [],
    );
    assertEquals(report(all.map((error) => (error as Error).cause)), []);
  });

  test("As errors that are thrown", async (d) => {
    const errors = names.filter((name) => make(name) instanceof Error);
    const f = (name: string): void => {
      throw make(name);
    };
    const all = await d.map(f, errors, { reraise: false, logs: "none" });
    const kinds = all.map((error) => Object.getPrototypeOf(error).constructor.name);
    assertEquals(kinds, errors.map((name) => (make(name) as Error).constructor.name));
  });

  test("In nests that are drawn", async (d) => {
    const seeds = Array.from({ length: 200 }, (_, i) => i);
    const found = await d.starmap(
      (seed: number, nest: unknown) => ({
        there: differences(nest, drawn(seed)),
        nest,
      }),
      seeds.map((seed): [number, unknown] => [seed, drawn(seed)]),
    );
    assertEquals(found.flatMap(({ there }) => there), []);
    assertEquals(found.flatMap(({ nest }, seed) => differences(nest, drawn(seed))), []);
  });
});

class Fields extends Job<number> {
  all: unknown[] = [];
  override run(): number {
    this.all = names.map((name, i) => {
      const found = differences(this.all[i], make(name));
      return found.length > 0 ? found : make(name);
    });
    return this.all.length;
  }
}

async function fieldsOf(dispatcher: JobDispatcher): Promise<unknown[]> {
  const job = new Fields({ mutable: true, dispatcher });
  job.all = names.map(make);
  job.start();
  await job.result;
  return job.all;
}

/** A nest of the values above, with some of them in more than one place. */
function drawn(seed: number): unknown {
  let state = seed + 1;
  const below = (n: number) => {
    state = Math.imul(state ^ state >>> 15, 0x2c1b3c6d) + 0x9e3779b9 | 0;
    return (state >>> 8) % n;
  };
  // Those of which a nest of some hundred would be large are left out.
  const few = names.filter((name) => !/long|large|many|10,000|sparse|deep/.test(name));
  const made: unknown[] = [];
  return nest(4);

  function nest(depth: number): unknown {
    if (made.length > 0 && below(5) === 0) return made[below(made.length)];
    if (depth === 0) {
      const value = make(few[below(few.length)]!);
      made.push(value);
      return value;
    }
    const parts = Array.from({ length: 1 + below(4) }, () => nest(depth - 1));
    const value = [
      () => parts,
      () => Object.fromEntries(parts.map((part, i) => [`k${i}`, part])),
      () => new Map(parts.map((part, i) => [i % 2 ? `k${i}` : {}, part])),
      () => new Set(parts),
      () => Object.assign(new Named("n"), { other: parts }),
      () => Series.from(parts),
      () => new Table(parts.map((part, i) => [i, part])),
      () => new ValidationError("drawn", "f", parts),
    ][below(8)]!();
    made.push(value);
    return value;
  }
}
