/** Sources of items are gone through as `for await` and `for of` go through them. */

import {
  assert,
  assertEquals,
  assertRejects,
  assertThrows,
} from "../fixtures/assert.ts";
import { settings } from "../../mod.ts";
import { ItemSource } from "../../src/engine/item_source.ts";

/** More than any of the sources has. */
const MOST = 10;

/** What becomes of a loop: what was given, what ended it, and what was asked of the source. */
interface Story {
  items: unknown[];
  error: string | undefined;
  calls: string[];
}

/** What a source does after two items. */
type Then = () => unknown;

/** A source that tells what is asked of it. */
function source(
  calls: string[],
  kind: "iterator" | "asyncIterator",
  then: Then,
  closing: Record<string, unknown>,
): object {
  const told = (name: string, target: Record<PropertyKey, unknown>): object =>
    new Proxy(target, {
      get(target, key) {
        const text = `${name}.${String(key)}`;
        const value = target[key];
        // Whether it is a promise, or its items come in time, is asked beforehand.
        const asked = key === "then" || key === Symbol.asyncIterator && !value;
        if (!asked) calls.push(text);
        if (typeof value !== "function") return value;
        return (...args: unknown[]) => {
          calls.push(`${text}(${args})`);
          return value.call(target);
        };
      },
      has: (target, key) => key in target,
    });
  let given = 0;
  const next = () =>
    given++ < 2 ? told("result", { done: false, value: given }) : then();
  const iterator = told("iterator", { next, ...closing });
  return told("source", { [Symbol[kind]]: () => iterator });
}

/** What the language makes of it. */
async function looped(items: object, most: number): Promise<Omit<Story, "calls">> {
  const given: unknown[] = [];
  let error: string | undefined;
  try {
    if (Symbol.asyncIterator in items) {
      for await (const item of items as AsyncIterable<unknown>) {
        if (given.push(item) === most) break;
      }
    } else {
      for (const item of items as Iterable<unknown>) {
        if (given.push(item) === most) break;
      }
    }
  } catch (thrown) {
    error = nameOf(thrown);
  }
  return { items: given, error };
}

/** What we make of it. */
async function read(items: object, most: number): Promise<Omit<Story, "calls">> {
  let source: ItemSource;
  try {
    source = new ItemSource(items as Iterable<unknown>);
  } catch (error) {
    return { items: [], error: nameOf(error) };
  }
  source.allowed = most;
  while (await source.read(most) > 0);
  const given = Array.from(source.values(0, source.count));
  source.close();
  const { failure } = source;
  return { items: given, error: failure && nameOf(failure.error) };
}

async function story(
  of: typeof read,
  most: number,
  ...how: [kind: "iterator" | "asyncIterator", then: Then, Record<string, unknown>]
): Promise<Story> {
  const calls: string[] = [];
  return { ...await of(source(calls, ...how), most), calls };
}

/** What was thrown; the language's own errors are in other words. */
function nameOf(error: unknown): string {
  return error instanceof TypeError ? "TypeError" : String(error);
}

const over = () => ({ done: true, value: "not an item" });
const closings: Record<string, Record<string, unknown>> = {
  "that cannot be closed": {},
  "whose return is null": { return: null },
  "whose return is no function": { return: 5 },
  "that can be closed": { return: () => ({}) },
  "whose return throws": {
    return: () => {
      throw new RangeError("return");
    },
  },
  "whose return gives what is no object": { return: () => 5 },
};
const ends: Record<string, Then> = {
  "ends": over,
  "ends with a done that is only like true": () => ({ done: "yes" }),
  "goes on without done": () => ({ value: 3 }),
  "gives an item that is undefined": () => ({}),
  "gives a function as its result": () => Object.assign(() => {}, { done: true }),
  "throws": () => {
    throw new RangeError("next");
  },
  "throws undefined": () => {
    throw undefined;
  },
  "has a done that throws": () => ({
    get done(): boolean {
      throw new RangeError("done");
    },
  }),
  "has a value that throws": () => ({
    get value(): boolean {
      throw new RangeError("value");
    },
  }),
  "gives 5": () => 5,
  "gives nothing": () => undefined,
  "gives null": () => null,
};
const inTime: Record<string, Then> = {
  "gives a promise": () => Promise.resolve(over()),
  "gives a thenable": () => ({ then: (take: (_: unknown) => void) => take(over()) }),
  "gives a thenable with an item": () => ({
    then: (take: (_: unknown) => void) => take({ done: false, value: "late" }),
  }),
  "gives a thenable that fails": () => ({
    then: (_: unknown, fail: (_: unknown) => void) => fail("late"),
  }),
  "gives a thenable that gives 5": () => ({
    then: (take: (_: unknown) => void) => take(5),
  }),
  "gives a promise that fails": () => Promise.reject("late"),
};

for (const kind of ["iterator", "asyncIterator"] as const) {
  const all = kind === "iterator" ? ends : { ...ends, ...inTime };
  for (const [closing, methods] of Object.entries(closings)) {
    Deno.test(`ItemSource reads a source with [Symbol.${kind}] ${closing} as the language does`, async () => {
      const { logLevel } = settings;
      settings.logLevel = "silent";
      try {
        for (const [end, then] of Object.entries(all)) {
          for (const most of [1, 2, 3, MOST]) {
            const expected = await story(looped, most, kind, then, methods);
            const found = await story(read, most, kind, then, methods);
            const which = `a source that ${end}, of which ${most} are read`;
            assertEquals(found.items, expected.items, which);
            assertEquals(found.calls, expected.calls, which);
            // Who breaks a loop off hears what closing throws; here it is logged.
            const left = expected.items.length === most;
            assertEquals(found.error, left ? undefined : expected.error, which);
          }
        }
      } finally {
        settings.logLevel = logLevel;
      }
    });
  }
}

Deno.test("ItemSource refuses what is no iteration, and says what it found", async () => {
  const failureOf = async (items: unknown) => {
    const source = new ItemSource(items as Iterable<unknown>);
    await source.read(MOST);
    return String(source.failure?.error);
  };
  const next = (result: unknown) => ({ next: () => result });
  assertEquals(
    await failureOf({ [Symbol.asyncIterator]: () => next(5) }),
    "TypeError: The source's next() gave 5: an object with done and value is expected",
  );
  // A loop would take it for an item, and go on for ever.
  assertEquals(
    await failureOf({ [Symbol.iterator]: () => next(Promise.resolve()) }),
    "TypeError: The source's next() gave a promise: to do so it must be an " +
      "AsyncIterable, with [Symbol.asyncIterator]()",
  );
  const refused: [unknown, string][] = [
    [null, "Cannot map over null: an Iterable or AsyncIterable is expected"],
    [5, "Cannot map over a value of type number"],
    [
      Promise.resolve([1]),
      "Cannot map over a promise: an Iterable or AsyncIterable is",
    ],
    [{ then() {} }, "is expected; await it first"],
    [function* () {}, "Cannot map over a function: an Iterable or AsyncIterable is"],
    [{ length: 1, 0: "a" }, "make an array of it with Array.from()"],
    [{ [Symbol.iterator]: 5 }, "The source's [Symbol.iterator] is 5: a method is"],
    [{ [Symbol.iterator]: () => 5 }, "The source's [Symbol.iterator]() gave 5: an"],
    [{ [Symbol.asyncIterator]: () => null }, "[Symbol.asyncIterator]() gave null"],
    [{ [Symbol.iterator]: () => ({}) }, "The source's next is undefined: a method is"],
  ];
  for (const [items, text] of refused) {
    assertThrows(() => new ItemSource(items as never), TypeError, text);
  }
  const throwing = {
    [Symbol.iterator]() {
      throw new RangeError("its own");
    },
  };
  assertThrows(() => new ItemSource(throwing), RangeError, "its own");
});

Deno.test("ItemSource takes each kind of Iterable for what `for of` makes of it", async () => {
  class Doubled extends Array<number> {
    override *[Symbol.iterator](): ArrayIterator<number> {
      for (let i = 0; i < this.length; i++) yield 2 * this[i]!;
    }
  }
  class Bytes extends Uint8Array {
    override *[Symbol.iterator](): ArrayIterator<number> {
      yield 7;
    }
  }
  const both = {
    *[Symbol.iterator]() {
      yield "at once";
    },
    async *[Symbol.asyncIterator]() {
      yield await Promise.resolve("in time");
    },
  };
  const empty = { [Symbol.asyncIterator]: null, [Symbol.iterator]: () => [1].values() };
  const promise = Promise.resolve(1);
  const expected: [unknown, unknown[]][] = [
    ["añ🦕", ["a", "ñ", "🦕"]],
    [new String("ab"), ["a", "b"]],
    [new Map([[1, 2]]), [[1, 2]]],
    [new Set([1, 2]), [1, 2]],
    [
      (function (..._: number[]) {
        return arguments;
      })(1, 2),
      [1, 2],
    ],
    [new Headers([["a", "b"]]), [["a", "b"]]],
    [Iterator.from([1, 2, 3]).map((x: number) => x * x), [1, 4, 9]],
    [Doubled.from([1, 2]), [2, 4]],
    [new Bytes(3), [7]],
    [new BigInt64Array([1n]), [1n]],
    [both, ["in time"]],
    [empty, [1]],
    // As `for of`: what is no data is for the serializer to refuse.
    [[promise].values(), [promise]],
    [ReadableStream.from(["a", "b"]), ["a", "b"]],
  ];
  for (const [items, values] of expected) {
    const { items: given, error } = await read(Object(items), MOST);
    assertEquals(given, values, Deno.inspect(items));
    assertEquals(error, undefined);
  }
});

Deno.test("ItemSource closes a source that is left while it answers when it has", () => {
  let closed = false;
  function* numbers(leave: () => void) {
    try {
      yield 1;
      leave();
      yield 2;
    } finally {
      closed = true;
    }
  }
  const items: ItemSource = new ItemSource(numbers(() => items.close()));
  items.read(MOST);
  assert(closed);
  assertEquals([items.count, items.failure], [1, undefined]);
});

Deno.test("ItemSource.begin() throws what the source throws, and be it undefined", async () => {
  const items = {
    [Symbol.iterator]: () => ({
      next() {
        throw undefined;
      },
    }),
  };
  const { signal: open } = new AbortController();
  let thrown: unknown = "nothing";
  await new ItemSource(items).begin("f", open, undefined).catch((error) =>
    thrown = error
  );
  assertEquals(thrown, undefined);
  const pending = {
    [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }),
  };
  const source = new ItemSource(pending as AsyncIterable<unknown>);
  await assertRejects(
    () => source.begin("f", open, AbortSignal.abort(new RangeError("no"))),
    RangeError,
  );
});
