import {
  assert,
  assertEquals,
  assertRejects,
  assertThrows,
} from "./fixtures/assert.ts";
import { imap, imapUnordered, JobCancelledError, JobDispatcher, map } from "../mod.ts";
import { bounded, group, TempDirectory, test, twoProcesses } from "./fixtures/tools.ts";

const scheduler = twoProcesses;
const double = (x: number) => 2 * x;
/** How many items an `imap` may have read beyond those whose results were taken. */
const MOST_AHEAD = 4096;

/** Counts up, and remembers how far it was read and whether it was closed. */
class Naturals implements Iterable<number> {
  read = 0;
  closed = false;
  readonly #most: number;

  constructor(most = Infinity) {
    this.#most = most;
  }

  *[Symbol.iterator](): Generator<number> {
    try {
      while (this.read < this.#most) yield this.read++;
    } finally {
      this.closed = true;
    }
  }
}

/** An async source that gives what it is told to, and then waits for ever. */
function thenNothing<T>(values: T[], onWait: () => void = () => {}): AsyncIterable<T> {
  const left = [...values];
  return {
    [Symbol.asyncIterator]: () => ({
      next() {
        if (left.length > 0) {
          return Promise.resolve({ value: left.shift()!, done: false });
        }
        onWait();
        return new Promise(() => {});
      },
    }),
  };
}

async function collect<T>(results: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const result of results) all.push(result);
  return all;
}

const bothKinds = (d: JobDispatcher) => [d.imap.bind(d), d.imapUnordered.bind(d)];

test("imap() over an endless source ends with break, and leaves nothing", async () => {
  const naturals = new Naturals();
  const squares: number[] = [];
  for await (const square of imap((x: number) => x * x, naturals, { scheduler })) {
    squares.push(square);
    if (squares.length === 10) break;
  }
  assertEquals(squares, [0, 1, 4, 9, 16, 25, 36, 49, 64, 81]);
  assert(naturals.closed);
});

test("imap() and imapUnordered() start nothing before next() is called", async () => {
  const scheduler = () => {
    throw new Error("nothing is to be started");
  };
  for (const kind of [imap, imapUnordered]) {
    const naturals = new Naturals();
    const results = kind(double, naturals, { scheduler });
    assertEquals(await results.return!(), { value: undefined, done: true });
    assertEquals(await results.next(), { value: undefined, done: true });
    assertEquals(naturals.read, 0);
    assertEquals(await collect(kind(double, [], { scheduler })), []);
    assertThrows(() => kind(double, 5 as never, { scheduler }), TypeError, "map over");
    assertThrows(() => kind(5 as never, [1], { scheduler }), TypeError, "a function");
    assertThrows(
      () => kind(double, [], { chunkSize: 0 }),
      RangeError,
      "chunkSize is 0",
    );
  }
});

group("imap() gives results as they are asked for", (test) => {
  test("imap() keeps the order of its items", async (d) => {
    const f = async (x: number) => {
      await new Promise((resolve) => setTimeout(resolve, (x % 3) * 5));
      return -x;
    };
    const items = Array.from({ length: 20 }, (_, i) => i);
    assertEquals(await collect(d.imap(f, items)), items.map((x) => -x));
    assertEquals(await collect(imap(f, [1, 2], { dispatcher: d })), [-1, -2]);
    const many = await collect(d.imap(double, new Naturals(20_000)));
    assertEquals(many, Array.from({ length: 20_000 }, (_, i) => 2 * i));
  });

  test("imapUnordered() gives each result as soon as it is there", async (d) => {
    using directory = new TempDirectory();
    const gate = `${directory.path}/gate`;
    const f = async ([x, gate]: [number, string]) => {
      const open = () => Deno.stat(gate).then(() => true, () => false);
      while (x === 0 && !await open()) await new Promise((done) => setTimeout(done, 5));
      return x;
    };
    const items = [0, 1, 2, 3].map((x): [number, string] => [x, gate]);
    // The first item waits until the others' results were taken.
    const seen: number[] = [];
    for await (const x of d.imapUnordered(f, items, { chunkSize: 1 })) {
      seen.push(x);
      if (seen.length === 3) Deno.writeTextFileSync(gate, "");
    }
    assertEquals(seen.at(-1), 0);
    assertEquals(seen.toSorted(), [0, 1, 2, 3]);
    const unordered = imapUnordered(double, [1, 2], { dispatcher: d });
    assertEquals((await collect(unordered)).toSorted(), [2, 4]);
  });

  test("imap() reads its source no more than a bounded number ahead", async (d) => {
    for (const kind of bothKinds(d)) {
      const naturals = new Naturals();
      const results = kind(double, naturals);
      for (let taken = 1; taken <= 5000; taken++) {
        await results.next();
        assert(naturals.read <= taken + MOST_AHEAD, `${naturals.read} were read`);
      }
      await results.return!();
      assert(naturals.closed);
    }
  });

  test("next() may be called again before the last one was answered", async (d) => {
    const results = d.imap(double, [1, 2]);
    const nexts = [results.next(), results.next(), results.next(), results.next()];
    const values = (await Promise.all(nexts)).map(({ value, done }) => [value, done]);
    const end = [undefined, true];
    assertEquals(values, [[2, false], [4, false], end, end]);
  });

  test("return() ends the iteration while next() waits", async (d) => {
    for (const kind of bothKinds(d)) {
      for (const first of [[], [1]]) {
        const waits = Promise.withResolvers<void>();
        const results = kind(double, thenNothing(first, waits.resolve));
        for (const x of first) assertEquals((await results.next()).value, 2 * x);
        const next = results.next();
        await waits.promise;
        assertEquals(await results.return!(), { value: undefined, done: true });
        assertEquals(await next, { value: undefined, done: true });
      }
      const endless = kind(() => new Promise(() => {}), [1]);
      const next = endless.next();
      await endless.return!();
      assertEquals(await next, { value: undefined, done: true });
    }
  });

  test("imap() throws a failure in its place, and is over", async (d) => {
    const f = (x: number) => {
      if (x === 2) throw new RangeError("two");
      return x;
    };
    const naturals = new Naturals();
    const results = d.imap(f, naturals);
    assertEquals([await results.next(), await results.next()].map((r) => r.value), [
      0,
      1,
    ]);
    await assertRejects(() => results.next(), RangeError, "two");
    assertEquals(await results.next(), { value: undefined, done: true });
    assert(naturals.closed);
    await assertRejects(() => collect(d.imapUnordered(f, [2])), RangeError, "two");
  });

  test("imap() gives failures at their place with reraise: false", async (d) => {
    const f = (x: number) => {
      if (x % 2) throw new RangeError(`${x}`);
      return x;
    };
    const results = await collect(d.imap(f, [0, 1, 2, 3], { reraise: false }));
    assertEquals(results.map(String), ["0", "RangeError: 1", "2", "RangeError: 3"]);
    const unordered = await collect(d.imapUnordered(f, [0, 1], { reraise: false }));
    assertEquals(unordered.map(String).toSorted(), ["0", "RangeError: 1"]);
  });

  test("imapUnordered() gives failures that name their item", async (d) => {
    const f = (x: number) => {
      if (x === 3) throw Object.assign(new RangeError("own"), { index: "its own" });
      if (x > 0) throw new RangeError(`${x}`);
      return x;
    };
    const items = [0, 1, 2, 3];
    const given: unknown[] = await collect(
      d.imapUnordered(f, items, { reraise: false }),
    );
    const errors = given.filter((one) => one instanceof RangeError);
    const named = errors.map((error) => [error.message, Reflect.get(error, "index")]);
    assertEquals(named.toSorted(), [["1", 1], ["2", 2], ["own", "its own"]]);
    assertEquals(errors.flatMap((error) => Object.keys(error)), ["index"]);
  });

  test("imap() throws what its source throws, and is over", async (d) => {
    async function* broken() {
      yield* [1, 2];
      await Promise.reject(new URIError("the source broke"));
    }
    for (const reraise of [true, false]) {
      const results = d.imap(double, broken(), { reraise });
      await assertRejects(() => collect(results), URIError, "the source broke");
      assertEquals(await results.next(), { value: undefined, done: true });
    }
  });

  test("imap() gives what was read before its source failed, and then that error", async (d) => {
    using directory = new TempDirectory();
    let runs = 0;
    /** A file that is there once the source of a run has failed. */
    const nextMark = () => `${directory.path}/${runs++}`;
    /** Gives nothing before its source has failed. */
    const inverseAfter = (mark: string) => async (x: number) => {
      const failed = () => Deno.stat(mark).then(() => true, () => false);
      while (!await failed()) await new Promise((resolve) => setTimeout(resolve, 5));
      if (x === 1) throw new RangeError("one");
      return -x;
    };
    const leave = (mark: string) => Deno.writeTextFileSync(mark, "");
    const broken: Record<
      string,
      (mark: string) => Iterable<number> | AsyncIterable<number>
    > = {
      *atOnce(mark) {
        yield* [0, 2, 3];
        leave(mark);
        throw new URIError("broken");
      },
      async *inTime(mark) {
        yield* [0, 2, 3];
        leave(mark);
        await Promise.reject(new URIError("broken"));
      },
      *many() {
        yield* Array.from({ length: 500 }, (_, i) => 500 + i);
        throw new URIError("broken");
      },
      *withFailure(mark) {
        yield* [0, 1, 2];
        leave(mark);
        throw new URIError("broken");
      },
      *withNothing(mark) {
        yield 4;
        leave(mark);
        throw undefined;
      },
      noIteration: (mark) => ({
        [Symbol.iterator]: () => {
          const results = [0, 2, 3].map((value) => ({ value, done: false }));
          return {
            next: () => {
              if (results.length === 0) leave(mark);
              return results.shift()!;
            },
          };
        },
      }),
    };
    const expected: Record<string, unknown[]> = {
      atOnce: [0, -2, -3, "URIError: broken"],
      inTime: [0, -2, -3, "URIError: broken"],
      many: [...Array.from({ length: 500 }, (_, i) => -500 - i), "URIError: broken"],
      withFailure: [0, "RangeError: one", -2, "URIError: broken"],
      withNothing: [-4, "undefined"],
      noIteration: [0, -2, -3, "TypeError: The source's next() gave undefined"],
    };
    for (const kind of bothKinds(d)) {
      for (const chunkSize of ["auto", 2] as const) {
        for (const [how, source] of Object.entries(broken)) {
          const mark = nextMark();
          const f = how === "many" ? async (x: number) => await -x : inverseAfter(mark);
          const results = kind(f, source(mark), { chunkSize, reraise: false });
          const given: unknown[] = [];
          try {
            for await (const result of results) {
              given.push(typeof result === "number" ? result : String(result));
            }
            given.push("the end");
          } catch (error) {
            given.push(String(error).split(":", 2).join(":"));
          }
          if (kind.name.includes("Unordered")) {
            assertEquals(given.at(-1), expected[how]!.at(-1), how);
            assertEquals(new Set(given), new Set(expected[how]), how);
            assertEquals(given.length, expected[how]!.length);
          } else assertEquals(given, expected[how], how);
          assertEquals(await results.next(), { value: undefined, done: true });
        }
      }
      // A failure that is thrown comes in its place, and ends it.
      const mark = nextMark();
      const results = kind(inverseAfter(mark), broken.withFailure!(mark));
      await assertRejects(() => collect(results), RangeError, "one");
      // Who leaves does not hear of it.
      const other = nextMark();
      for await (const _ of kind(inverseAfter(other), broken.atOnce!(other))) break;
    }
  });

  test("map() throws at once what its source throws, and be it undefined", async (d) => {
    function* broken(error: unknown) {
      yield 1;
      throw error;
    }
    const f = () => new Promise(() => {});
    for (const reraise of [true, false]) {
      for (const error of [new URIError("broken"), undefined, 0]) {
        let thrown: unknown = "nothing";
        const options = { reraise, chunkSize: 1 };
        await d.map(f, broken(error), options).catch((error) => thrown = error);
        assertEquals(thrown, error);
      }
    }
  });

  test("imap() throws the reason of its signal", async (d) => {
    for (const kind of bothKinds(d)) {
      const naturals = new Naturals();
      const before = kind(double, naturals, { signal: AbortSignal.abort("before") });
      assertEquals(await before.next().catch((reason) => reason), "before");
      assertEquals([await before.next(), naturals.read], [
        { value: undefined, done: true },
        0,
      ]);
      for (const first of [[], [1]]) {
        const aborter = new AbortController();
        const { signal } = aborter;
        const source = thenNothing(
          first,
          () => aborter.abort(new RangeError("enough")),
        );
        await assertRejects(
          () => collect(kind(double, source, { signal })),
          RangeError,
        );
      }
      const aborter = new AbortController();
      const endless = kind(
        (x: number) => {
          while (x > 0);
          return x;
        },
        [0, 1],
        { signal: aborter.signal, chunkSize: 1 },
      );
      assertEquals((await endless.next()).value, 0);
      aborter.abort("during");
      assertEquals(await endless.next().catch((reason) => reason), "during");
    }
    assertEquals(await d.map(double, [1, 2]), [2, 4]);
  });

  test("imap() goes by its options as they were when it was called", async (d) => {
    for (const kind of [d.imap.bind(d), d.imapUnordered.bind(d)]) {
      const aborter = new AbortController();
      const options: { signal?: AbortSignal } = { signal: aborter.signal };
      const waiting = kind(double, thenNothing([1]), options);
      assertEquals((await waiting.next()).value, 2);
      delete options.signal;
      aborter.abort("enough");
      assertEquals(await waiting.next().catch((reason) => reason), "enough");
    }
  });

  test("imap() hears its signal however soon after the first item it is aborted", async (d) => {
    for (let turns = 0; turns < 12; turns++) {
      const aborter = new AbortController();
      const { signal } = aborter;
      const later = (left: number) => {
        if (left === 0) aborter.abort("enough");
        else queueMicrotask(() => later(left - 1));
      };
      let begun = false;
      const next = () => {
        if (begun) return new Promise<never>(() => {});
        begun = true;
        later(turns);
        return Promise.resolve({ value: 1, done: false });
      };
      const source = { [Symbol.asyncIterator]: () => ({ next }) };
      const never = d.imap(() => new Promise<never>(() => {}), source, { signal });
      assertEquals(await never.next().catch((reason) => reason), "enough", `${turns}`);
    }
  });
});

test("A dispatcher that is closed ends what waits for its source", async () => {
  for (const first of [[], [1]]) {
    for (
      const kind of [
        (d: JobDispatcher, source: AsyncIterable<number>) => d.map(double, source),
        (d: JobDispatcher, source: AsyncIterable<number>) =>
          collect(d.imap(double, source)),
      ]
    ) {
      const dispatcher = new JobDispatcher({ scheduler });
      const waits = Promise.withResolvers<void>();
      const results = kind(dispatcher, thenNothing(first, waits.resolve));
      const ended = assertRejects(() => results, JobCancelledError, '"double"');
      await waits.promise;
      await dispatcher.close();
      await ended;
    }
  }
});

test("imap() closes its own workers at its end, and when it fails", async () => {
  assertEquals(await collect(imap(double, new Naturals(3), { scheduler })), [0, 2, 4]);
  const f = () => {
    throw new RangeError("always");
  };
  const failing = collect(imapUnordered(f, new Naturals(), { scheduler }));
  await bounded(assertRejects(() => failing, RangeError, "always"));
});

test("map() hands out nothing more when an item failed, and closes its source", async () => {
  using directory = new TempDirectory();
  let closed = false;
  function* endless(path: string) {
    try {
      for (let i = 0;; i++) yield { path, i };
    } finally {
      closed = true;
    }
  }
  const f = ({ path, i }: { path: string; i: number }) => {
    Deno.writeTextFileSync(path, `${i}\n`, { append: true });
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    if (i === 20) throw new RangeError("twenty");
  };
  const path = `${directory.path}/begun`;
  const run = map(f, endless(path), { scheduler, chunkSize: 1 });
  await assertRejects(() => run, RangeError, "twenty");
  assert(closed);
  const begun = Deno.readTextFileSync(path).trim().split("\n").map(Number);
  assertEquals(new Set(begun).size, begun.length);
  assert(begun.length < 200, `${begun.length} items were begun`);
});
