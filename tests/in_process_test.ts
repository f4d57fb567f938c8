import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "./fixtures/assert.ts";
import {
  currentJob,
  GridEngineError,
  imap,
  imapSettled,
  imapUnordered,
  InProcessScheduler,
  Job,
  JobCancelledError,
  type JobController,
  JobDispatcher,
  JobTimeoutError,
  type LogLine,
  map,
  mapSettled,
  partial,
  type Progress,
  type Rejected,
  SchedulerError,
  type SchedulerLike,
  SerializationError,
  starmap,
} from "../mod.ts";
import { instanceOf, test, twoProcesses } from "./fixtures/tools.ts";
import { recordIn } from "./report/_page.ts";

const scheduler = new InProcessScheduler();
const uncopied = new InProcessScheduler({ copy: false });

/** A class of the program's. */
class Point {
  constructor(readonly x: number, readonly y: number) {}

  get sum(): number {
    return this.x + this.y;
  }
}

/** An error of the program's. */
class OutOfRange extends Error {
  override name = "OutOfRange";
  readonly limit = 3;
}

const never = () => new Promise<never>(() => {});

/** What it throws, whatever that is. */
async function thrownBy(action: () => Promise<unknown>): Promise<unknown> {
  try {
    await action();
  } catch (error) {
    return error;
  }
  throw new Error("It throws nothing");
}

test("A function gives in this process what it gives in a worker", async () => {
  const factor = 3;
  const functions: ((x: number) => unknown)[] = [
    (x) => factor * x,
    (x) => Promise.resolve({ x }),
    (x) => x === 0 ? undefined : [x, , null, NaN, -0, 2n],
    (x) => new Map([[x, new Set([new Date(x)])]]),
    (x) => new Float64Array([x]),
    (x) => new Point(x, 1),
    (x) => currentJob()!.random() + x,
    (x) => [currentJob()!.name, currentJob()!.index, currentJob()!.attempt, x],
    (x) => ({ then: (give: (value: number) => void) => give(x) }),
    partial((a: number, b: number) => a - b, 10),
  ];
  await using workers = new JobDispatcher({ scheduler: twoProcesses });
  for (const f of functions) {
    const options = { seed: 4, name: "same" };
    const there = await workers.map(f, [0, 1, 2], options);
    assertEquals(await map(f, [0, 1, 2], { ...options, scheduler }), there);
  }
  const pairs: [number, number][] = [[2, 3], [3, 2]];
  assertEquals(await starmap(Math.pow, pairs, { scheduler }), [8, 9]);
});

test("An error has in this process the class and the fields that it has from a worker", async () => {
  const fail = (how: string): unknown => {
    if (how === "range") throw new RangeError("out");
    if (how === "own") throw new OutOfRange("far");
    if (how === "null") throw null;
    if (how === "frozen") throw Object.freeze(new Error("cold"));
    if (how === "result") return () => 1;
    throw { code: 5 };
  };
  const items = ["range", "own", "null", "frozen", "result", "object"];
  const brief = (all: unknown[]) =>
    all.map((one) => {
      const { status, reason, index, attempts } = one as Record<string, unknown>;
      if (!(reason instanceof Error)) return { status, reason, index, attempts };
      const { name, message, constructor } = reason;
      return { status, name, message, type: constructor.name, index, attempts };
    });
  const here = await mapSettled(fail, items, { scheduler });
  const there = await mapSettled(fail, items, { scheduler: twoProcesses });
  assertEquals(brief(here), brief(there));
  assertEquals((here[1] as unknown as { reason: OutOfRange }).reason.limit, 3);
});

test("A map throws the very error of its first failed item, with its index", async () => {
  const error = new OutOfRange("far");
  const stack = error.stack;
  const called: number[] = [];
  const f = (x: number) => {
    called.push(x);
    if (x === 1) throw error;
  };
  const thrown = await thrownBy(() => map(f, [0, 1, 2], { scheduler }));
  assertStrictEquals(thrown, error);
  assertEquals([(error as { index?: number }).index, error.stack], [1, stack]);
  assertEquals(called, [0, 1]);
  const throwNull = () => {
    throw null;
  };
  assertEquals(await thrownBy(() => map(throwNull, [1], { scheduler })), null);
  const all = await map(f, [0, 1, 2], { scheduler, reraise: false });
  assertEquals(all, [undefined, error, undefined]);
});

test("Items run one after the other, in this process, with the variables of the program", async () => {
  let running = 0;
  const seen: unknown[] = [];
  const f = async (x: number) => {
    seen.push([++running, x, Deno.pid]);
    await new Promise((resolve) => setImmediate(resolve));
    running--;
    return x;
  };
  await using d = new JobDispatcher({ scheduler: () => scheduler });
  const [first, second] = await Promise.all([d.map(f, [1, 2]), d.map(f, [3, 4])]);
  assertEquals([first, second], [[1, 2], [3, 4]]);
  assertEquals(seen.length, 4);
  for (const [together, , pid] of seen as number[][]) {
    assertEquals([together, pid], [1, Deno.pid]);
  }
});

test("A scheduler can be given as itself, its class, or a function", async () => {
  let called = 0;
  const ways: SchedulerLike[] = [
    scheduler,
    InProcessScheduler,
    () => new InProcessScheduler(),
    () => Promise.resolve(scheduler),
  ];
  for (const scheduler of ways) {
    await map(() => void called++, [1, 2], { scheduler });
  }
  assertEquals(called, 8);
});

test("A function that cannot be captured runs all the same, for it is not sent", async () => {
  const known = new WeakMap([[scheduler, 5]]);
  const add = (x: number) => x + known.get(scheduler)!;
  assertEquals(await map(add, [1], { scheduler }), [6]);
  const sent = () => map(add, [1], { scheduler: twoProcesses });
  await assertRejects(sent, SerializationError, "WeakMap");
});

test("Items and results are copies, and keep their class", async () => {
  const item = { list: [1], point: new Point(1, 2) };
  let given: typeof item | undefined;
  let made: Point | undefined;
  const [result] = await map(
    (x: typeof item) => {
      given = x;
      x.list.push(2);
      return made = new Point(x.point.sum, 0);
    },
    [item],
    { scheduler },
  );
  assertEquals(item.list, [1]);
  assert(
    given !== item && given!.point instanceof Point && given!.point !== item.point,
  );
  assert(result instanceof Point);
  assert(result !== made);
  assertEquals([result!.sum, result!.x], [3, 3]);
});

test("A value that cannot travel is refused as on a worker, but not with copy: false", async () => {
  const item = { f: Promise.resolve(1) };
  const call = (x: typeof item) => x.f;
  const ways: SchedulerLike[] = [scheduler, twoProcesses];
  for (const scheduler of ways) {
    const refused = instanceOf(
      await thrownBy(() => map(call, [item], { scheduler })),
      SerializationError,
    );
    assert(refused.message.startsWith("call[0]: args[0].f is a Promise"));
  }
  const give = () => [Symbol("s")];
  const refused = instanceOf(
    await thrownBy(() => map(give, [1], { scheduler })),
    SerializationError,
  );
  assert(refused.message.startsWith("give[0]: result[0] is a symbol"), refused.message);
  assertEquals(await map(call, [item], { scheduler: uncopied }), [1]);
});

test("With copy: false a function is given the item itself, and its result is itself", async () => {
  const item = { x: new URL("http://a.b") };
  const [result] = await map((x: typeof item) => x, [item], { scheduler: uncopied });
  assertStrictEquals(result, item);
});

test("An abort ends a map between items", async () => {
  const controller = new AbortController();
  const called: number[] = [];
  const f = (x: number) => {
    called.push(x);
    if (x === 2) setTimeout(() => controller.abort("enough"), 0);
  };
  function* naturals() {
    for (let i = 0;; i++) yield i;
  }
  const { signal } = controller;
  const thrown = await thrownBy(() => map(f, naturals(), { scheduler, signal }));
  assertEquals(thrown, "enough");
  const { length } = called;
  await new Promise((resolve) => setImmediate(resolve));
  assertEquals(called.length, length);
});

test("An abort and close() do not wait for an asynchronous function, but tell it", async () => {
  for (const how of ["abort", "close"]) {
    const began = Promise.withResolvers<AbortSignal>();
    const controller = new AbortController();
    await using d = new JobDispatcher({ scheduler });
    const f = () => {
      began.resolve(currentJob()!.signal);
      return never();
    };
    const ended = thrownBy(() => d.map(f, [1, 2], { signal: controller.signal }));
    const told = await began.promise;
    assertEquals(told.aborted, false);
    if (how === "abort") controller.abort("enough");
    else await d.close();
    const error = await ended;
    if (how === "abort") assertEquals(error, "enough");
    else instanceOf(error, JobCancelledError);
    assert(told.aborted);
  }
});

test("retryErrors asks, waits and tries again, and attempts are counted", async () => {
  const asked: string[] = [];
  const retryErrors = {
    times: 2,
    delay: 1,
    factor: 2,
    if: (error: unknown) => {
      asked.push((error as Error).message);
      return !(error instanceof TypeError);
    },
  };
  const f = (x: number) => {
    const { attempt } = currentJob()!;
    if (x === 0 && attempt < 3) throw new Error(`${x} at ${attempt}`);
    if (x === 1) throw new TypeError("never");
    if (x === 2) throw new Error("always");
    return attempt;
  };
  const all = await mapSettled(f, [0, 1, 2, 3], { scheduler, retryErrors });
  assertEquals(all.map(({ status }) => status), [
    "fulfilled",
    "rejected",
    "rejected",
    "fulfilled",
  ]);
  const attempts = all.map((one) => "attempts" in one ? one.attempts : one.value);
  assertEquals(attempts, [3, 1, 3, 1]);
  assertEquals(asked, ["0 at 1", "0 at 2", "never", "always", "always"]);
});

test("What retryErrors.if throws ends the map, and an abort ends the wait for a try", async () => {
  const fail = () => {
    throw new Error("cause");
  };
  const broken = {
    times: 1,
    if: () => {
      throw new Error("broken");
    },
  };
  const thrown = await thrownBy(() =>
    map(fail, [1], { scheduler, retryErrors: broken })
  );
  const { message, cause } = thrown as Error;
  assertEquals([message, (cause as Error).message], ["broken", "cause"]);
  const controller = new AbortController();
  const slow = {
    times: 1,
    delay: 2 ** 30,
    if: () => {
      setTimeout(() => controller.abort("enough"), 0);
      return true;
    },
  };
  const options = { scheduler, retryErrors: slow, signal: controller.signal };
  assertEquals(await thrownBy(() => map(fail, [1], options)), "enough");
});

test("The stack says that retryErrors may be meant, once", async () => {
  const error = new Error("no");
  const fail = () => {
    throw error;
  };
  await mapSettled(fail, [1, 2, 3], { scheduler, retries: 3 });
  assertEquals(error.stack!.split("retryErrors runs an item again").length, 2);
});

test("A timeout ends the wait for an asynchronous function, not a synchronous one", async () => {
  const signals: AbortSignal[] = [];
  const f = (x: number) => {
    signals.push(currentJob()!.signal);
    return x === 0 ? never() : x;
  };
  const all = await map(f, [0, 1], { scheduler, timeout: 20, reraise: false });
  instanceOf(all[0], JobTimeoutError);
  assertEquals([all[1], signals[0]!.aborted, signals[1]!.aborted], [1, true, false]);
});

test("currentJob() tells each function its own, also when maps are nested", async () => {
  const name = () => `${currentJob()!.name} ${currentJob()!.index}`;
  await using d = new JobDispatcher({ scheduler });
  const outer = async () => {
    const before = name();
    const inner = await d.map(name, [1, 2], { name: "inner" });
    const own = await map(name, [1], { name: "own", scheduler });
    return [before, ...inner, ...own, name()];
  };
  assertEquals(currentJob(), undefined);
  assertEquals(await d.map(outer, [1, 2], { name: "outer" }), [
    ["outer 0", "inner 0", "inner 1", "own 0", "outer 0"],
    ["outer 1", "inner 0", "inner 1", "own 0", "outer 1"],
  ]);
  assertEquals(currentJob(), undefined);
  const { id, host, seed } = (await map(
    () => {
      const { id, host, seed } = currentJob()!;
      return { id, host, seed };
    },
    [1],
    { scheduler, seed: 1 },
  ))[0]!;
  assert(id.length > 0 && host === Deno.hostname() && Number.isSafeInteger(seed));
});

test("send() in an item of a map is refused as on a worker", async () => {
  const f = () => currentJob()!.send(1);
  const here = await thrownBy(() => map(f, [1], { scheduler, name: "m" }));
  const there = await thrownBy(() =>
    map(f, [1], { scheduler: twoProcesses, name: "m" })
  );
  assertEquals(instanceOf(here, GridEngineError).message, (there as Error).message);
});

test("imap runs an item when its result is asked for, and closes its source", async () => {
  const called: number[] = [];
  let closed = false;
  function* naturals() {
    try {
      for (let i = 0;; i++) yield i;
    } finally {
      closed = true;
    }
  }
  const f = (x: number) => {
    called.push(x);
    return x * x;
  };
  for (const run of [imap, imapUnordered]) {
    called.length = 0;
    closed = false;
    const given: number[] = [];
    for await (const y of run(f, naturals(), { scheduler })) {
      given.push(y);
      assertEquals(called.length, given.length);
      if (given.length === 4) break;
    }
    assertEquals([given, called, closed], [[0, 1, 4, 9], [0, 1, 2, 3], true]);
  }
  assertEquals(await Array.fromAsync(imap(f, [1, 2], { scheduler })), [1, 4]);
});

test("While an imap rests, another map of its dispatcher runs", async () => {
  await using d = new JobDispatcher({ scheduler });
  const sums: number[][] = [];
  for await (const x of d.imap((x: number) => x, [1, 2])) {
    sums.push(await d.map((y: number) => x + y, [10, 20]));
  }
  assertEquals(sums, [[11, 21], [12, 22]]);
});

test("imapSettled and a source that fails give first what was there before", async () => {
  async function* source() {
    yield* [1, 2];
    await Promise.resolve();
    throw new Error("dry");
  }
  const f = (x: number) => {
    if (x === 2) throw "two";
    return x;
  };
  const given: unknown[] = [];
  const all = async () => {
    for await (const item of imapSettled(f, source(), { scheduler })) {
      given.push("value" in item ? item.value : item.reason);
    }
  };
  await assertRejects(all, Error, "dry");
  assertEquals(given, [1, "two"]);
  await assertRejects(
    () => map((x: number) => x, source(), { scheduler }),
    Error,
    "dry",
  );
});

test("progress, into and stats() tell of the items", async () => {
  const told: Progress[] = [];
  await using d = new JobDispatcher({ scheduler });
  const numbers = await d.map((x: number) => 2 * x, [1, 2, 3], {
    progress: (progress) => void told.push(progress),
    into: Float64Array,
  });
  assertEquals(numbers, Float64Array.of(2, 4, 6));
  const { done, failed, total, ended } = told.at(-1)!;
  assertEquals({ done, failed, total, ended }, {
    done: 3,
    failed: 0,
    total: 3,
    ended: true,
  });
  const fail = () => {
    throw 1;
  };
  await d.mapSettled(fail, [1, 2]);
  const stats = d.stats();
  assertEquals([stats.done, stats.failed, stats.workersRequested], [3, 2, 0]);
  assertEquals(stats.workers, {
    requested: 0,
    started: 0,
    ready: 1,
    disconnected: 0,
    busy: 0,
  });
  assert(d.startTime! <= d.endTime!);
  assertEquals(d.address, undefined);
});

test("Options that need workers are refused with what to do", () => {
  const make = (options: object) => () => new InProcessScheduler(options);
  assertThrows(make({ workers: 2 }), TypeError, "new ProcessScheduler({ workers })");
  assertThrows(make({ permissions: "none" }), TypeError, "ProcessScheduler");
  assertThrows(make({ copy: 1 }), TypeError, "copy is 1");
  assertThrows(() => new InProcessScheduler().start(), SchedulerError, "no workers");
});

test("onLog takes what functions print, and nothing else", async () => {
  const lines: unknown[] = [];
  const print = async (x: number) => {
    console.log("got", x);
    await Promise.resolve();
    console.error("two\nlines");
    if (x === 2) throw new Error("no");
    return x;
  };
  const onLog = ({ name, index, attempt, level, line, pid }: LogLine) => {
    lines.push([name, index, attempt, level, line, pid === Deno.pid]);
  };
  const options = { scheduler, onLog, retryErrors: 1 };
  const [, two] = await mapSettled(print, [1, 2], options);
  const of = (index: number, attempt: number) => [
    ["print", index, attempt, "log", `got ${index + 1}`, true],
    ["print", index, attempt, "error", "two", true],
    ["print", index, attempt, "error", "lines", true],
  ];
  assertEquals(lines, [...of(0, 1), ...of(1, 1), ...of(1, 2)]);
  const { output, reason } = two as Rejected;
  assertEquals(output, ["got 2", "two", "lines"]);
  assertEquals((reason as { output?: unknown }).output, output);
  await assertRejects(
    () =>
      map(print, [1], {
        scheduler,
        onLog: () => {
          throw new RangeError("full");
        },
      }),
    RangeError,
    "full",
  );
});

test("What functions print is this program's, or dropped, as it says", async () => {
  const program = `
    import { InProcessScheduler, map } from ${
    JSON.stringify(import.meta.resolve("../mod.ts"))
  };
    const scheduler = new InProcessScheduler();
    const print = (x: string) => console.log(x);
    const own = () => console.log("mine");
    await map(print, ["plain"], { scheduler });
    const { log } = console;
    console.log = (...args) => log("spy", ...args);
    await map(print, ["seen"], { scheduler });
    await map(print, ["dropped"], { scheduler, logs: "none" });
    console.log = log;
    await map(print, ["dropped, too"], { scheduler, logs: "none" });
    await map((x: string) => { own(); console.group(); print(x); }, ["taken"], {
      scheduler,
      onLog: ({ line }) => console.log("onLog:", line),
    });
    console.log("end");
  `;
  const args = ["eval", "--quiet", "--no-lock", "--ext=ts", program];
  const { stdout } = await new Deno.Command(Deno.execPath(), { args }).output();
  const lines = new TextDecoder().decode(stdout).trim().split("\n");
  assertEquals(lines, ["plain", "spy seen", "onLog: mine", "onLog:   taken", "end"]);
});

test("report tells of the items that ran here, and of those that failed", async () => {
  const report = await Deno.makeTempFile({ suffix: ".html" });
  const f = (x: number) => {
    if (x === 2) throw new RangeError("too large");
    return x;
  };
  const options = { scheduler, report, reraise: false, retryErrors: 1 } as const;
  await map(f, [1, 2, 3], options);
  const page = await Deno.readTextFile(report);
  await Deno.remove(report);
  const record = recordIn(page);
  assertEquals(record.items, { total: 3, all: true, done: 2, failed: 1, retried: 1 });
  assertEquals(record.workers.map(({ pid, tries }) => [pid, tries]), [[Deno.pid, 4]]);
  assertStringIncludes(JSON.stringify(record.failures), "too large");
});

test("A message to a Job here keeps its class, and may hold functions", async () => {
  const target = async () => {
    const all: unknown[] = [];
    for await (const value of currentJob()!.messages) {
      if (value === "end") break;
      all.push(value);
    }
    return all.map((value) =>
      value instanceof Point ? value.sum : (value as () => 1)()
    );
  };
  const job = new Job({ target, scheduler });
  job.start();
  const point = new Point(1, 2);
  job.send(point);
  Object.assign(point, { x: 9 });
  await Promise.resolve();
  for (const value of [new Point(3, 4), () => 1, "end"]) job.send(value);
  assertEquals(await job.result, [3, 7, 1]);
});

test("A Job runs here, with messages in both directions", async () => {
  const item = { text: "a" };
  const job = new Job({
    target: async (greeting: string, { text }: typeof item) => {
      const { messages, send, name } = currentJob()!;
      for await (const message of messages) {
        if (message === "end") break;
        send([greeting, text, message]);
      }
      return name;
    },
    args: ["hello", item],
    name: "talk",
    scheduler,
  });
  job.start();
  const received: unknown[] = [];
  job.send(1);
  job.send({ x: 2 });
  for await (const message of job.messages) {
    received.push(message);
    if (received.length === 2) job.send("end");
  }
  assertEquals(received, [["hello", "a", 1], ["hello", "a", { x: 2 }]]);
  assertEquals(await job.result, "talk");
  assertEquals([job.exitCode, job.pid, job.host], [0, Deno.pid, Deno.hostname()]);
});

test("A Job fails, ends by its timeout, and is terminated and killed, as on a worker", async () => {
  const fail = new Job({
    target: () => {
      throw new OutOfRange("far");
    },
    scheduler,
  });
  fail.start();
  assertEquals((instanceOf(await thrownBy(() => fail.result), OutOfRange)).limit, 3);
  assertEquals(fail.exitCode, 1);
  const late = new Job({ target: never, timeout: 20, scheduler });
  late.start();
  instanceOf(await thrownBy(() => late.result), JobTimeoutError);
  assertEquals(late.exitCode, -9);
  for (const how of ["at once", "asked", "early", "killed", "polite"]) {
    const began = Promise.withResolvers<void>();
    const job = new Job({
      target: async () => {
        const { signal } = currentJob()!;
        began.resolve();
        if (how !== "asked" && how !== "polite") return await never();
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        if (how === "polite") return "bye";
        throw signal.reason;
      },
      scheduler,
    });
    job.start();
    if (how !== "early") await began.promise;
    if (how === "killed") job.kill();
    else job.terminate(how === "at once" ? 0 : undefined);
    if (how === "polite") assertEquals(await job.result, "bye");
    else instanceOf(await thrownBy(() => job.result), JobCancelledError);
    assertEquals(job.exitCode, how === "polite" ? 0 : how === "killed" ? -9 : -15);
  }
});

test("A subclass of Job runs as the object itself, whether or not it is mutable", async () => {
  class Sum extends Job<number> {
    numbers = [1, 2];
    total = 0;
    #calls = 0;

    get calls(): number {
      return this.#calls;
    }

    override run(controller?: JobController): number {
      this.#calls++;
      for (const x of this.numbers) this.total += x;
      controller!.send(this.total);
      return this.total;
    }
  }
  for (const mutable of [false, true]) {
    const job = new Sum({ mutable, scheduler });
    job.start();
    assertEquals(await Array.fromAsync(job.messages), [3]);
    assertEquals([await job.result, job.total, job.calls], [3, 3, 1]);
  }
  class Extended extends Job<number> {
    override async run(): Promise<number> {
      return 1 + await super.run();
    }
  }
  const job = new Extended({ target: (x: number) => 2 * x, args: [4], scheduler });
  job.start();
  assertEquals(await job.result, 9);
});

test("dispatch() and join() run jobs one after the other", async () => {
  await using d = new JobDispatcher({ scheduler });
  d.dispatch([1, 2, 3].map((x) => new Job({ target: () => x })));
  assertEquals(await d.join(), [1, 2, 3]);
});

Deno.test({
  name: "No process is started, and console is the program's own",
  // Nothing that starts a process works without this permission. A list of the processes that
  // are there would hold those that earlier tests of this program end meanwhile.
  permissions: {
    env: "inherit",
    ffi: "inherit",
    import: "inherit",
    net: "inherit",
    read: "inherit",
    run: false,
    sys: "inherit",
    write: "inherit",
  },
  async fn() {
    const printed: unknown[] = [];
    const { log } = console;
    console.log = (...args: unknown[]) => void printed.push(args);
    try {
      assertEquals(
        await map((x: number) => (console.log("item", x), 2 * x), [1, 2], {
          scheduler,
        }),
        [
          2,
          4,
        ],
      );
    } finally {
      console.log = log;
    }
    assertEquals(printed, [["item", 1], ["item", 2]]);
  },
});
