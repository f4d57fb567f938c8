import {
  assert,
  assertEquals,
  assertRejects,
  assertThrows,
} from "./fixtures/assert.ts";
import {
  currentJob,
  GridEngineError,
  imapSettled,
  JobCancelledError,
  JobDispatcher,
  JobTimeoutError,
  mapSettled,
  type Rejected,
  SerializationError,
  type Settled,
  WorkerLostError,
} from "../mod.ts";
import { DyingScheduler } from "./fixtures/dying_scheduler.ts";
import { range } from "./fixtures/ground.ts";
import {
  bounded,
  group,
  instanceOf,
  TempDirectory,
  test,
  twoProcesses as scheduler,
} from "./fixtures/tools.ts";

const double = (x: number) => 2 * x;

/** The failure that an item must be. */
function rejectedOf(settled: Settled<unknown> | undefined): Rejected {
  if (settled?.status === "rejected") return settled;
  throw new Error(`A rejected item is expected: ${Deno.inspect(settled)}`);
}

/** The result that an item must have. */
function valueOf(settled: Settled<unknown> | undefined): unknown {
  if (settled?.status === "fulfilled") return settled.value;
  throw new Error(`A result is expected: ${Deno.inspect(settled)}`);
}

/** A source that says when it is closed. */
class Source {
  closed = false;

  /** Gives numbers without end. */
  *naturals(): Generator<number> {
    try {
      for (let i = 0;; i++) yield i;
    } finally {
      this.closed = true;
    }
  }
}

/** What an iteration has given, and what it threw in the end. */
async function until<T>(
  results: AsyncIterable<T>,
): Promise<{ given: T[]; error: unknown }> {
  const given: T[] = [];
  try {
    for await (const result of results) given.push(result);
  } catch (error) {
    return { given, error };
  }
  return { given, error: "nothing" };
}

group("mapSettled() tells what was thrown from what was returned", (test) => {
  const throwOrReturn = (kind: string) => {
    if (kind === "throw null") throw null;
    if (kind === "throw undefined") throw undefined;
    if (kind === "throw a string") throw "no";
    if (kind === "throw an object") throw { code: 5 };
    if (kind === "throw an error") throw new RangeError("out");
    if (kind === "return an error") return new RangeError("a result");
    if (kind === "return null") return null;
    return undefined;
  };

  test("mapSettled() gives a thrown null as a failure, and a returned Error as a result", async (d) => {
    const thrown: [string, unknown][] = [
      ["throw null", null],
      ["throw undefined", undefined],
      ["throw a string", "no"],
      ["throw an object", { code: 5 }],
    ];
    const kinds = [
      ...thrown.map(([kind]) => kind),
      "return null",
      "return nothing",
      "throw an error",
      "return an error",
    ];
    const all = await d.mapSettled(throwOrReturn, kinds);
    for (const [index, [, reason]] of thrown.entries()) {
      const attempts = 1;
      const expected = { status: "rejected", reason, index, attempts, output: [] };
      assertEquals(all[index] as unknown, expected);
    }
    assertEquals(all[4], { status: "fulfilled", value: null, index: 4 });
    assertEquals(all[5], { status: "fulfilled", value: undefined, index: 5 });
    const failed = instanceOf(rejectedOf(all[6]).reason, RangeError);
    assertEquals([failed.message, Reflect.get(failed, "index")], ["out", 6]);
    assertEquals(instanceOf(valueOf(all[7]), RangeError).message, "a result");
    assertEquals(all.length, 8);
  });

  test("mapSettled() gives each item at its place, whatever the chunks are", async (d) => {
    const f = (x: number) => {
      if (x % 3 === 0) throw Object.assign(new URIError(`${x}`), { index: "its own" });
      return -x;
    };
    const items = range(100).map((i) => i + 1000);
    for (const chunkSize of ["auto", 1, 7, 100] as const) {
      for (const source of [items, new Set(items)]) {
        const all = await d.mapSettled(f, source, { chunkSize });
        assertEquals(all.map(({ index }) => index), range(100));
        for (const [i, x] of items.entries()) {
          const one = all[i]!;
          if (one.status === "fulfilled") {
            assertEquals([one.value, x % 3 > 0], [-x, true]);
          } else assertEquals((one.reason as Error).message, `${x}`);
        }
        assertEquals(all.filter(({ status }) => status === "rejected").length, 33);
      }
    }
  });

  test("mapSettled() counts the attempts at an item", async (d) => {
    const always = (x: number) => {
      if (x > 0) throw null;
      return x;
    };
    const all = await d.mapSettled(always, [0, 1], { retryErrors: 2 });
    assertEquals(all[0], { status: "fulfilled", value: 0, index: 0 });
    assertEquals(rejectedOf(all[1]).attempts, 3);
    const once = await d.mapSettled(always, [1]);
    assertEquals(rejectedOf(once[0]).attempts, 1);
    const second = () => {
      if (currentJob()!.attempt < 2) throw null;
      return "done";
    };
    const [done] = await d.mapSettled(second, [0], { retryErrors: 1 });
    assertEquals(done, { status: "fulfilled", value: "done", index: 0 });
  });

  test("mapSettled() says how a worker was lost, and how often the item was tried", async (d) => {
    using directory = new TempDirectory();
    const path = `${directory.path}/tries`;
    const f = ([x, path]: [number, string]) => {
      if (x !== 3) return x;
      Deno.writeTextFileSync(path, `${currentJob()!.attempt}`);
      return Deno.kill(Deno.pid, "SIGKILL");
    };
    const items = range(7).map((x): [number, string] => [x, path]);
    for (const [retries, chunkSize] of [[0, 7], [1, 1]] as const) {
      const all = await d.mapSettled(f, items, { retries, chunkSize });
      const lost = rejectedOf(all.splice(3, 1)[0]);
      const error = instanceOf(lost.reason, WorkerLostError);
      assertEquals([error.lossCause, error.attempts.length], ["signal", retries + 1]);
      // Losses that it was not charged for count, too.
      assertEquals([lost.index, `${lost.attempts}`], [3, Deno.readTextFileSync(path)]);
      const others = all.map((one) => one.status === "fulfilled" && one.value);
      assertEquals(others, [0, 1, 2, 4, 5, 6]);
    }
    const alone = await d.mapSettled(f, [items[3]!], { retries: 1 });
    assertEquals(rejectedOf(alone[0]).attempts, 2);
  });

  test("mapSettled() gives what the library finds wrong with an item", async (d) => {
    const f = async (x: number) => {
      if (x === 1) await new Promise(() => {});
      if (x === 2) Deno.exit(3);
      if (x === 3) return () => {};
      return x;
    };
    const all = await d.mapSettled(f, [0, 1, 2, 3], { timeout: 1000 });
    assertEquals(all[0], { status: "fulfilled", value: 0, index: 0 });
    const kinds = [JobTimeoutError, WorkerLostError, SerializationError];
    for (const [i, kind] of kinds.entries()) {
      const { reason, index, attempts } = rejectedOf(all[i + 1]);
      instanceOf<Error>(reason, kind);
      assertEquals([index, attempts], [i + 1, 1]);
    }
  });

  test("mapSettled() gives what a failed item printed in its last attempt", async (d) => {
    const f = (x: number) => {
      console.log(`attempt ${currentJob()!.attempt}`);
      console.error("two\nlines");
      if (x === 1) throw null;
      if (x === 2) throw new RangeError("out");
      for (let i = 0; i < 30; i++) console.log(i);
      if (x === 3) throw "many";
    };
    const seen: string[] = [];
    const options = {
      retryErrors: 1,
      onLog: ({ line }: { line: string }) => void seen.push(line),
    };
    const all = await d.mapSettled(f, [0, 1, 2, 3], options);
    assertEquals(all[0], { status: "fulfilled", value: undefined, index: 0 });
    const printed = ["attempt 2", "two", "lines"];
    assertEquals(rejectedOf(all[1]).output, printed);
    const { reason, output } = rejectedOf(all[2]);
    assertEquals([output, Reflect.get(reason as Error, "output")], [printed, printed]);
    assertEquals(rejectedOf(all[3]).output, range(20).map((i) => `${i + 10}`));
    assert(seen.includes("attempt 1"));
    const [silent] = await d.mapSettled(f, [1], { logs: "none" });
    assertEquals(rejectedOf(silent).output, []);
  });
});

group("mapSettled() rejects for what is no item's failure", (test) => {
  test("mapSettled() rejects with the reason of its signal", async (d) => {
    const before = d.mapSettled(double, [1], { signal: AbortSignal.abort("before") });
    assertEquals(await before.catch((reason) => reason), "before");
    const aborter = new AbortController();
    const f = (x: number) => {
      if (x === 0) throw null;
      console.log("runs");
      for (;;);
    };
    const onLog = () => aborter.abort("during");
    const { signal } = aborter;
    const during = d.mapSettled(f, [0, 1], { signal, onLog, chunkSize: 1 });
    assertEquals(await during.catch((reason) => reason), "during");
    assertEquals(await d.map(double, [1]), [2]);
  });

  test("mapSettled() rejects with what its source, onLog or a capture throws", async (d) => {
    function* broken() {
      yield 1;
      throw null;
    }
    assertEquals(await d.mapSettled(double, broken()).catch((error) => error), null);
    const onLog = () => {
      throw new RangeError("onLog broke");
    };
    const print = () => console.log("a line");
    await assertRejects(() => d.mapSettled(print, [1], { onLog }), RangeError);
    const held = new WeakMap();
    const captures = () => held;
    await assertRejects(() => d.mapSettled(captures, [1]), SerializationError);
    const stream = d.imapSettled(captures, [1]);
    await assertRejects(() => Array.fromAsync(stream), SerializationError);
  });
});

test("mapSettled() rejects when its dispatcher is closed, before or meanwhile", async () => {
  const dispatcher = new JobDispatcher({ scheduler });
  const begun = Promise.withResolvers<void>();
  const f = () => {
    console.log("begins");
    for (;;);
  };
  const onLog = () => begun.resolve();
  const run = dispatcher.mapSettled(f, [1, 2], { onLog });
  const next = dispatcher.imapSettled(f, [1], { onLog }).next();
  await begun.promise;
  await bounded(Promise.all([
    dispatcher.close(),
    assertRejects(() => run, JobCancelledError),
    assertRejects(() => next, JobCancelledError),
  ]));
  const closed = "The dispatcher is closed";
  await assertRejects(
    () => dispatcher.mapSettled(double, [1]),
    GridEngineError,
    closed,
  );
  const after = dispatcher.imapSettled(double, [1]);
  await assertRejects(() => after.next(), GridEngineError, closed);
});

test("mapSettled() of nothing is empty, and starts nothing", async () => {
  const scheduler = () => {
    throw new Error("nothing is to be started");
  };
  assertEquals(await mapSettled(double, [], { scheduler }), []);
  assertEquals(await Array.fromAsync(imapSettled(double, [], { scheduler })), []);
});

test("mapSettled() rejects when there is no scheduler", async () => {
  const scheduler = () => {
    throw new URIError("there is none");
  };
  await assertRejects(() => mapSettled(double, [1], { scheduler }), URIError);
});

test("mapSettled() and imapSettled() keep what there is when no worker can come", async () => {
  const f = (x: number) => {
    if (x === 1) Deno.kill(Deno.pid, "SIGKILL");
    return x;
  };
  const scheduler = () => new DyingScheduler(2);
  const runs = [
    mapSettled(f, [0, 1, 2], { scheduler }),
    Array.fromAsync(imapSettled(f, [0, 1, 2], { scheduler })),
    Array.fromAsync(imapSettled(f, [0, 1, 2], { scheduler, ordered: false })),
  ];
  for (const run of runs) {
    const all = (await run).toSorted((a, b) => a.index - b.index);
    assertEquals(all.map(({ index }) => index), [0, 1, 2]);
    assertEquals(all[0], { status: "fulfilled", value: 0, index: 0 });
    assertEquals(rejectedOf(all[1]).attempts, 1);
    for (const one of all.slice(1)) {
      const { message } = instanceOf(rejectedOf(one).reason, WorkerLostError);
      assert(message.includes("I cannot start here"), message);
    }
  }
});

test("imapSettled() gives the error of its source last, also when no worker can come", async () => {
  using directory = new TempDirectory();
  function* broken(mark: string) {
    yield mark;
    Deno.writeTextFileSync(mark, "");
    throw null;
  }
  for (const ordered of [true, false]) {
    const mark = `${directory.path}/${ordered}`;
    const f = async (mark: string) => {
      const failed = () => Deno.stat(mark).then(() => true, () => false);
      while (!await failed()) await new Promise((resolve) => setTimeout(resolve, 5));
      Deno.kill(Deno.pid, "SIGKILL");
    };
    const options = { scheduler: () => new DyingScheduler(2), ordered };
    const { given, error } = await until(imapSettled(f, broken(mark), options));
    assertEquals(error, null);
    assertEquals(given.map((one) => rejectedOf(one).attempts), [1]);
  }
});

test("mapSettled() and imapSettled() end when no worker ever comes", async () => {
  await using dispatcher = new JobDispatcher({ scheduler: () => new DyingScheduler() });
  const all = await dispatcher.mapSettled(double, range(50));
  assertEquals(all.map(({ index }) => index), range(50));
  for (const one of all) {
    const { reason, attempts, output } = rejectedOf(one);
    instanceOf(reason, WorkerLostError);
    assertEquals([attempts, output], [0, []]);
  }
  // Of an endless source nobody can tell what is left.
  const source = new Source();
  const run = dispatcher.mapSettled(double, source.naturals());
  await assertRejects(() => run, WorkerLostError, "I cannot start here");
  assert(source.closed);
  for (const ordered of [true, false]) {
    const source = new Source();
    const results = dispatcher.imapSettled(double, source.naturals(), { ordered });
    const { given, error } = await until(results);
    instanceOf(error, WorkerLostError);
    assert(given.length > 0);
    assertEquals(given.map((one) => rejectedOf(one).index), range(given.length));
    assert(source.closed);
  }
});

test("mapSettled() and imapSettled() refuse options that they have not", async () => {
  await using d = new JobDispatcher();
  const refused: [unknown, string][] = [
    [{ reraise: false }, 'has no option "reraise"'],
    [{ reraise: true }, 'has no option "reraise"'],
    [{ into: Float64Array }, 'has no option "into"'],
    [{ chunksize: 3 }, 'has no option "chunksize": it has chunkSize'],
    [3, "takes its options as an object, not 3"],
    [{ name: 5 }, "name is 5: a string is expected"],
  ];
  for (const [options, text] of refused) {
    const wrong = options as { name: string };
    const where = text.startsWith("name") ? "" : "mapSettled ";
    for (const run of [mapSettled, d.mapSettled.bind(d)]) {
      await assertRejects(() => run(double, [1], wrong), TypeError, where + text);
    }
    const stream = where === "" ? "" : "imapSettled ";
    for (const run of [imapSettled, d.imapSettled.bind(d)]) {
      assertThrows(() => run(double, [1], wrong), TypeError, stream + text);
    }
  }
  const unordered = { ordered: false } as { name?: string };
  const text = 'mapSettled has no option "ordered"';
  await assertRejects(() => d.mapSettled(double, [1], unordered), TypeError, text);
  const wrong = { ordered: 1 as unknown as boolean };
  const expected = "ordered is 1: true or false is expected";
  assertThrows(() => imapSettled(double, [1], wrong), TypeError, expected);
  const both = { scheduler, dispatcher: d };
  assertThrows(() => imapSettled(double, [1], both), TypeError, "are both given");
  await assertRejects(() => mapSettled(5 as never, [1]), TypeError, "a function");
  assertThrows(() => imapSettled(5 as never, [1]), TypeError, "a function");
  assertEquals(d.stats().workersRequested, 0);
});

group("imapSettled() goes on after a failure", (test) => {
  const oddFails = (x: number) => {
    if (x % 2 === 1) throw x;
    return x;
  };
  const expected = (index: number): unknown =>
    index % 2 === 0
      ? { status: "fulfilled", value: index, index }
      : { status: "rejected", reason: index, index, attempts: 1, output: [] };

  test("imapSettled() gives items in order", async (d) => {
    const all = await Array.fromAsync(d.imapSettled(oddFails, range(500)));
    assertEquals(all, range(500).map(expected) as typeof all);
    const { length } = await Array.fromAsync(
      imapSettled(oddFails, [1, 2], { dispatcher: d, ordered: true }),
    );
    assertEquals(length, 2);
  });

  test("imapSettled() gives items as they come with ordered: false", async (d) => {
    using directory = new TempDirectory();
    const gate = `${directory.path}/gate`;
    const f = async ([x, gate]: [number, string]) => {
      const open = () => Deno.stat(gate).then(() => true, () => false);
      while (x === 0 && !await open()) await new Promise((done) => setTimeout(done, 5));
      if (x % 2 === 1) throw x;
      return x;
    };
    const items = range(4).map((x): [number, string] => [x, gate]);
    // The first item waits until the others were taken.
    const seen: Settled<number>[] = [];
    const options = { chunkSize: 1, ordered: false };
    for await (const one of d.imapSettled(f, items, options)) {
      seen.push(one);
      if (seen.length === 3) Deno.writeTextFileSync(gate, "");
    }
    assertEquals(seen.at(-1)!.index, 0);
    const sorted = seen.toSorted((a, b) => a.index - b.index);
    assertEquals(sorted, range(4).map(expected) as typeof sorted);
  });

  test("imapSettled() gives what was read before its source failed, and then that error", async (d) => {
    function* broken() {
      yield* range(100);
      throw null;
    }
    for (const ordered of [true, false]) {
      const { given, error } = await until(
        d.imapSettled(oddFails, broken(), { ordered }),
      );
      assertEquals(error, null);
      const sorted = given.toSorted((a, b) => a.index - b.index);
      assertEquals(sorted, range(100).map(expected) as typeof sorted);
    }
  });

  test("imapSettled() throws the reason of its signal", async (d) => {
    for (const ordered of [true, false]) {
      const aborter = new AbortController();
      const f = (x: number) => {
        while (x > 0);
        throw null;
      };
      const { signal } = aborter;
      const results = d.imapSettled(f, [0, 1], { signal, ordered, chunkSize: 1 });
      assertEquals(rejectedOf((await results.next()).value).reason, null);
      aborter.abort("enough");
      assertEquals(await results.next().catch((reason) => reason), "enough");
    }
  });
});

test("imapSettled() that is left early closes its source, and leaves nothing", async () => {
  const f = (x: number) => {
    if (x % 10 === 9) throw null;
    return x;
  };
  for (const ordered of [true, false]) {
    const source = new Source();
    let failed = 0;
    for await (const one of imapSettled(f, source.naturals(), { scheduler, ordered })) {
      if (one.status === "rejected") failed++;
      if (failed === 3) break;
    }
    assert(source.closed);
  }
});
