import { Buffer } from "node:buffer";
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
  Job,
  JobDispatcher,
  map,
  ProcessScheduler,
  SerializationError,
  starmap,
} from "../mod.ts";
import { triple, whatIsKnown } from "./fixtures/functions.ts";
import { group, instanceOf, runProgram, test, twoProcesses } from "./fixtures/tools.ts";

const scheduler = twoProcesses;

test("map() squares a million integers in order, and leaves nothing behind", async () => {
  const items = Array.from({ length: 1e6 }, (_, i) => i);
  const squares = await map((x: number) => x * x, items, { scheduler });
  assertEquals(squares.length, items.length);
  assertEquals(squares.findIndex((square, i) => square !== i * i), -1);
});

test("map() takes and gives numbers as typed arrays", async () => {
  const items = Float64Array.from({ length: 10_000 }, (_, i) => i / 2);
  const into = Float64Array;
  const doubled = await map((x: number) => 2 * x, items, { scheduler, into });
  assertEquals(doubled, items.map((x) => 2 * x));
  function* some(): Generator<number> {
    for (let i = 0; i < 3000; i++) yield i;
  }
  const negative = await map((x: number) => -x, some(), { scheduler, into });
  assertEquals([negative.length, negative[0], negative[2999]], [3000, -0, -2999]);
  assertEquals(
    await map((x: number) => x, [], { scheduler, into }),
    new Float64Array(),
  );
  const odd = (x: number) => (x === 7 ? "seven" : x) as number;
  await assertRejects(
    () => map(odd, [1, 7, 2], { scheduler, into }),
    TypeError,
    "The result of item 1 is of type string",
  );
  const both = { scheduler, into, reraise: false };
  await assertRejects(() => map(odd, [1], both), TypeError, "leave out reraise: false");
});

test("map() over nothing gives nothing, and starts nothing", async () => {
  const scheduler = () => {
    throw new Error("nothing is to be started");
  };
  const f = (x: number) => x;
  async function* none(): AsyncGenerator<number> {}
  assertEquals(await map(f, [], { scheduler }), []);
  assertEquals(await map(f, new Set<number>(), { scheduler }), []);
  assertEquals(await map(f, none(), { scheduler }), []);
  assertEquals(await map(f, new Float64Array(), { scheduler }), []);
});

test("Objects that cannot keep their class are refused, and errors lose it with a word", async () => {
  const program = "tests/fixtures/instances_within.ts";
  const { code, stdout, stderr } = await runProgram(program);
  const refused = stdout.trim().split("\n");
  const { length: before } = "gridengine: ";
  const told = stderr.trim().split("\n").map((line) =>
    line.slice(line.indexOf("gridengine: ") + before).split(", and arrives as ")[0]
  );
  const twice = (text: string) => [`make[0]: ${text}`, `make[1]: ${text}`];
  assertEquals([code, refused], [
    0,
    [
      "f[0]: args[0].at is a Points",
      ...twice("result.at is a Point"),
      ...twice("result[1].in[1] is a Point"),
      ...twice('result.get("at").there is a Point'),
      ...twice("result.at is an object of a class"),
    ].map((line) => line.replace("make[", "anonymous[")),
  ]);
  assertEquals(told, [
    "result[0] is a Failure",
    "error.at is a Point",
    "error.at is a Point",
  ]);
});

group("Objects of the platform, of which nothing would arrive, are refused", (test) => {
  test("A generator as a result", async (d) => {
    const f = (x: number): unknown => [x].values().map((x) => x);
    const g = (x: number): unknown =>
      (function* () {
        yield x;
      })();
    const [made] = await d.map(g, [1], { reraise: false, name: "g" });
    const { message } = instanceOf(made, SerializationError);
    assertEquals(
      message,
      "g[0]: result is a generator, which cannot be sent to the host; use an array of " +
        "what it gives",
    );
    assertEquals(Object.hasOwn(made as object, "cause"), false);
    const [iterator] = await d.map(f, [1], { reraise: false });
    instanceOf(iterator, SerializationError);
  });

  test("As results", async (d) => {
    const make = (kind: string): unknown => {
      if (kind === "Request") return new Request("http://localhost/");
      if (kind === "FormData") return new FormData();
      if (kind === "Response") return new Response("text");
      return new Blob(["text"]);
    };
    const kinds = ["Request", "FormData", "Response", "Blob"];
    const results = await d.map(make, kinds, { reraise: false });
    for (const [i, kind] of kinds.entries()) {
      const { message } = instanceOf(results[i], SerializationError);
      const begin = `make[${i}]: result is a ${kind}, which cannot be sent to the host`;
      assertEquals(message.slice(0, begin.length), begin);
    }
  });

  test("Within results and items, and in messages", async (d) => {
    const wrap = (kind: number) => {
      class Place extends Response {}
      const url = () => new Response("text");
      const filled = Array.from({ length: 2000 }, (_, i) => ({ i }));
      return [
        { url: url() },
        [new Blob(["text"])],
        new Map([["of", { at: url() }]]),
        new Set([new FormData()]),
        new Place("text"),
        [filled, filled, new Date(), { at: url() }],
        { e: new Error("why", { cause: url() }) },
      ][kind];
    };
    const paths = [
      "result.url is a Response",
      "result[0] is a Blob",
      'result.get("of").at is a Response',
      "result.values()[0] is a FormData",
      "result is a Place",
      "result[3].at is a Response",
      "result.e.cause is a Response",
    ];
    const kinds = paths.map((_, i) => i);
    const results = await d.map(wrap, kinds, { reraise: false });
    const items = await d.map(() => 1, kinds.map(wrap), { reraise: false });
    for (const [i, path] of paths.entries()) {
      const { message } = instanceOf(results[i], SerializationError);
      assertStringIncludes(message, `${path}, which cannot be sent to the host`);
      const refusal = instanceOf(items[i], SerializationError).message;
      const argument = path.replace("result", `args[${i}]`);
      assertStringIncludes(refusal, `${argument}, which cannot be sent to a worker`);
    }
    const target = () => currentJob()!.send({ url: new Response("text") });
    const job = new Job({ target, dispatcher: d });
    job.start();
    assertThrows(() => job.send([new FormData()]), SerializationError, "[0] is a Form");
    await assertRejects(
      () => job.result,
      SerializationError,
      "message.url is a Response",
    );
    const failing = () => {
      throw Object.assign(new Error("why"), { url: new Response("text") });
    };
    const { url } = await d.map(failing, [0]).catch((error) => error);
    assertEquals(url, "[object Response]");
  });

  test("As items, and others arrive", async (d) => {
    const items = [1, new Response("text"), 2];
    const results = await d.map((x: unknown) => x, items, { reraise: false });
    assertEquals([results[0], results[2]], [1, 2]);
    const { message } = instanceOf(results[1], SerializationError);
    assertStringIncludes(
      message,
      "args[1] is a Response, which cannot be sent to a worker",
    );
  });
});

test("map() runs within map(), whose worker never runs the program itself", async () => {
  const { code, stdout, stderr } = await runProgram("tests/fixtures/nested_map.ts");
  assertEquals([code, stdout, stderr], [0, "the program runs\n[ 2, 4 ]\n", ""]);
});

test("map() refuses options that it has not, and values that make no sense", async () => {
  await using d = new JobDispatcher();
  const refused: [unknown, string][] = [
    [
      { chunksize: 3 },
      'map has no option "chunksize": it has reraise, into, chunkSize',
    ],
    [{ memory: 3 }, "it belongs to a scheduler, new ProcessScheduler({ memory })"],
    [{ dashboard: { Port: 9 } }, 'dashboard has no option "Port": it has port'],
    [3, "map takes its options as an object, not 3"],
    [null, "map takes its options as an object, not null"],
    [{ reraise: "no" }, 'reraise is "no": true or false is expected'],
    [{ name: 5 }, "name is 5: a string is expected"],
    [{ signal: 5 }, "signal is 5: an instance of AbortSignal is expected"],
    [{ dashboard: 8080 }, "dashboard takes its options as an object, not 8080"],
    [{ into: Int32Array }, "into is Int32Array: Float64Array is expected"],
    [{ logs: "all" }, 'logs is "all": "forward", "inherit" or "none" is expected'],
  ];
  const refusedNumbers: [unknown, string][] = [
    [{ chunkSize: "3" }, 'chunkSize is "3": a whole number from 1 is expected'],
    [{ timeout: "3" }, 'timeout is "3": milliseconds above 0, up to'],
    [{ dashboard: { port: 70_000 } }, "port is 70000: a whole number from 0 to 65535"],
  ];
  const expectRefusal = async (options: unknown, error: never, text: string) => {
    const run = () => map(Math.sqrt, [1], options as { name: string });
    await assertRejects(run, error, text);
    const runOn = () => d.map(Math.sqrt, [1], options as { name: string });
    await assertRejects(runOn, error, text);
    assertThrows(() => imap(Math.sqrt, [1], options as { name: string }), error, text);
  };
  for (const [options, text] of refused) {
    await expectRefusal(options, TypeError as never, text);
  }
  for (const [options, text] of refusedNumbers) {
    await expectRefusal(options, RangeError as never, text);
  }
  assertEquals(d.stats().workersRequested, 0);
});

test("map() with workers runs on so many processes of this machine", async () => {
  const pid = () => Deno.pid;
  const pids = await map(pid, [1, 2, 3, 4], { workers: 1 });
  assertEquals([new Set(pids).size, pids.includes(Deno.pid)], [1, false]);
  const settled = await Array.fromAsync(imapSettled(pid, [1], { workers: 1 }));
  assertEquals(settled[0]!.status, "fulfilled");
});

test("map() takes a scheduler or a dispatcher, and each where it belongs", async () => {
  await using dispatcher = new JobDispatcher();
  const both = () => map(Math.sqrt, [1], { dispatcher, scheduler });
  await assertRejects(both, TypeError, "scheduler and dispatcher are both given");
  const workers = () => map(Math.sqrt, [1], { dispatcher, workers: 2 });
  await assertRejects(workers, TypeError, "workers and dispatcher are both given");
  const twice = () => imap(Math.sqrt, [1], { scheduler, workers: 2 });
  assertThrows(twice, TypeError, "scheduler and workers are both given");
  const none = () => map(Math.sqrt, [1], { workers: 0 });
  await assertRejects(none, RangeError, "workers is 0: a whole number from 1");
  const wrong = { dispatcher: new ProcessScheduler() as never };
  const mixed = () => map(Math.sqrt, [1], wrong);
  await assertRejects(mixed, TypeError, "an instance of JobDispatcher is expected");
});

group("map() reads items from wherever they come", (test) => {
  test("map() reads a generator, a Set, a string, and what an iterator gives", async (d) => {
    function* count() {
      for (let i = 0; i < 5; i++) yield i;
    }
    assertEquals(await d.map((x: number) => x + 1, count()), [1, 2, 3, 4, 5]);
    assertEquals(await d.map((x: number) => -x, new Set([3, 1, 2])), [-3, -1, -2]);
    assertEquals(await d.map((c: string) => c + c, "añ𝒳"), ["aa", "ññ", "𝒳𝒳"]);
    const pairs = await d.map(([key, value]: [string, number]) => `${key}${value}`, {
      *[Symbol.iterator]() {
        yield* new Map([["a", 1], ["b", 2]]);
      },
    });
    assertEquals(pairs, ["a1", "b2"]);
  });

  test("map() reads an async generator", async (d) => {
    async function* count() {
      for (let i = 0; i < 5; i++) {
        await Promise.resolve();
        yield i;
      }
    }
    assertEquals(await d.map((x: number) => x * 10, count()), [0, 10, 20, 30, 40]);
  });

  test("map() reads a typed array as it was at the call", async (d) => {
    const items = Float64Array.of(1, 4, 9);
    const roots = d.map(Math.sqrt, items);
    items.fill(0);
    assertEquals(await roots, [1, 2, 3]);
  });

  test("map() reads a Buffer as it was at the call, and an array by its own iterator", async (d) => {
    const bytes = Buffer.from([1, 2, 3]);
    const same = d.map((x: number) => x, bytes);
    bytes.fill(9);
    assertEquals(await same, [1, 2, 3]);
    class Letters extends Array<unknown> {
      override *[Symbol.iterator](): ArrayIterator<unknown> {
        yield* ["a", "b"];
      }
    }
    assertEquals(await d.map((x: unknown) => x, Letters.of(1, 2, 3)), ["a", "b"]);
  });

  test("map() reads the holes of a sparse array as undefined", async (d) => {
    const items: (number | undefined)[] = new Array(4);
    items[2] = 2;
    const types = await d.map((x: number | undefined) => typeof x, items);
    assertEquals(types, ["undefined", "undefined", "number", "undefined"]);
  });

  test("map() throws what the source of its items throws, and closes it", async (d) => {
    function* broken() {
      yield 1;
      throw new RangeError("the source broke");
    }
    async function* brokenLater() {
      yield* [1, 2, 3];
      await Promise.reject(new RangeError("the source broke later"));
    }
    const f = (x: number) => x;
    for (const reraise of [true, false]) {
      await assertRejects(() => d.map(f, broken(), { reraise }), RangeError, "broke");
      await assertRejects(
        () => d.map(f, brokenLater(), { reraise }),
        RangeError,
        "later",
      );
    }
    await assertRejects(
      () => map(f, brokenLater(), { scheduler }),
      RangeError,
      "later",
    );
  });
});

test("map() fails when what should give a scheduler throws, and be it nothing", async () => {
  for (const nothing of [undefined, null, 0, ""]) {
    const scheduler = () => {
      throw nothing;
    };
    const text = `The scheduler threw ${Deno.inspect(nothing)}`;
    for (const reraise of [true, false]) {
      const results = map((x: number) => x, [1, 2], { scheduler, reraise });
      if (reraise) await assertRejects(() => results, GridEngineError, text);
      else for (const error of await results) assertStringIncludes(`${error}`, text);
    }
    const stream = imap((x: number) => x, [1, 2], { scheduler });
    await assertRejects(() => stream.next(), GridEngineError, text);
  }
});

test("map() refuses promises among its items, and says what to do", async () => {
  const promise = Promise.resolve(1);
  for (const items of [[promise], [promise].values()]) {
    const text =
      "args[0] is a Promise, which cannot be sent to a worker; await it first";
    const results = map(() => 1, items, { scheduler });
    await assertRejects(() => results, SerializationError, text);
  }
});

group("map() runs any function that keeps to its arguments and globals", (test) => {
  test("starmap() gives each tuple as arguments", async (d) => {
    assertEquals(await d.starmap(Math.pow, [[2, 3], [3, 2]]), [8, 9]);
    const join = (...parts: string[]) => parts.join("-");
    assertEquals(await d.starmap(join, [["a"], [], ["b", "c"]]), ["a", "", "b-c"]);
    assertEquals(await starmap(Math.max, [[1, 2]], { dispatcher: d }), [2]);
    await assertRejects(
      () => d.starmap(Math.max, [1, 2] as never),
      TypeError,
      "An item is of type number: starmap takes lists of arguments",
    );
  });

  test("map() awaits async functions, and any other thenable", async (d) => {
    const later = async (x: number) => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      return x + 0.5;
    };
    assertEquals(await d.map(later, [1, 2]), [1.5, 2.5]);
    const then = (x: number): PromiseLike<number> => ({
      then: (resolve) => Promise.resolve(resolve!(2 * x)) as never,
    });
    assertEquals(await d.map(then, [1, 2]), [2, 4]);
    const callable = (x: number) => Object.assign(() => {}, then(x));
    assertEquals(await d.map(callable, [1, 2]), [2, 4]);
    assertEquals((await d.map(callable, [3].values()))[0], 6);
  });

  test("map() runs built-in functions by name", async (d) => {
    assertEquals(await d.map(Math.sqrt, [1, 4, 9]), [1, 2, 3]);
    assertEquals(await d.map(JSON.parse, ["[1]", "{}"]), [[1], {}]);
    assertEquals(await d.map(structuredClone, [new Date(7)]), [new Date(7)]);
    assertEquals(await d.map(Number, ["1", "x"]), [1, NaN]);
  });

  test("map() runs an exported function with the state of its module", async (d) => {
    assertEquals(await d.map(triple, [1, 2]), [3, 6]);
    // Its module runs there: here nothing of it changes.
    const pids = (await d.map(whatIsKnown, [1])).map(({ pid }) => pid);
    assert(!pids.includes(Deno.pid));
  });

  test("map() runs methods of object literals", async (d) => {
    const methods = {
      double(x: number) {
        return 2 * x;
      },
      async doubleLater(x: number) {
        await Promise.resolve();
        return 2 * x;
      },
      ["a name"](x: number) {
        return -x;
      },
    };
    assertEquals(await d.map(methods.double, [1, 2]), [2, 4]);
    assertEquals(await d.map(methods.doubleLater, [1, 2]), [2, 4]);
    assertEquals(await d.map(methods["a name"], [1, 2]), [-1, -2]);
  });

  test("map() goes on with a regular expression from where it was", async (d) => {
    const words = /[a-z]+/g;
    const next = (text: string) => words.exec(text)?.[0];
    assertEquals(next("one two"), "one");
    assertEquals(await d.map(next, ["one two"]), ["two"]);
    assertEquals(words.lastIndex, 3);
  });

  test("map() takes subclasses of data along, with #private fields and contents", async (d) => {
    class Series extends Float64Array {
      #unit = "m";
      get text() {
        return `${this.join("/")} ${this.#unit}`;
      }
    }
    class Day extends Date {
      #zone = "UTC";
      get text() {
        return `${this.getTime()} ${this.#zone}`;
      }
    }
    const [series, day] = [Series.of(1, 2) as Series, new Day(3)];
    assertEquals(await d.map(() => [series.text, day.text], [0]), [["1/2 m", "3 UTC"]]);
  });

  test("map() runs functions with defaults, destructuring and dynamic imports", async (d) => {
    const area = (
      { w, h = 2, rest: [z] = [1] }: { w: number; h?: number; rest?: number[] },
    ) => w * h * z!;
    assertEquals(await d.map(area, [{ w: 1 }, { w: 2, h: 5, rest: [3] }]), [2, 30]);
    const base = async (path: string) => (await import("node:path")).basename(path);
    assertEquals(await d.map(base, ["/a/b.ts"]), ["b.ts"]);
    function factorial(n: number): number {
      return n < 2 ? 1 : n * factorial(n - 1);
    }
    assertEquals(await d.map(factorial, [5]), [120]);
  });
});

group("map() brings back what the function returned", (test) => {
  test("map() brings back every kind of data", async (d) => {
    const make = (x: number) =>
      [
        undefined,
        null,
        NaN,
        -0,
        10n ** 30n,
        new Map([[1, { a: [2] }]]),
        new Set(["x"]),
        new Date(5),
        new Float32Array([1, 2]),
        /a+/g,
        new Error("returned, not thrown"),
        "𝒳\0",
      ][x];
    const results = await d.map(make, Array.from({ length: 12 }, (_, i) => i));
    assertEquals(results.length, 12);
    for (const [i, result] of results.entries()) {
      if (result instanceof Error) assertEquals(result.message, "returned, not thrown");
      else assertEquals(result, make(i));
    }
    assert(Object.is(results[3], -0));
    assert(results[10] instanceof Error);
  });

  test("map() brings back each result for itself, and shared parts within one", async (d) => {
    const twice = (x: number) => {
      const shared = { x };
      return [shared, shared];
    };
    const [[a, b], [c]] = await d.map(twice, [1, 2]) as [[unknown, unknown], [unknown]];
    assertStrictEquals(a, b);
    assertEquals([a, c], [{ x: 1 }, { x: 2 }]);
  });
});

test("map() closes a source over which it cannot begin", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  let closed = false;
  function* source() {
    try {
      for (;;) yield 1;
    } finally {
      closed = true;
    }
  }
  const dashboard = { port: taken.addr.port };
  await assertRejects(
    () => map((x: number) => x, source(), { scheduler, dashboard }),
    Deno.errors.AddrInUse,
  );
  assert(closed);
});

test("map() fails one item whose result cannot be read, and runs no other twice", async () => {
  await using dispatcher = new JobDispatcher({ scheduler });
  const f = (x: number) => ({
    get x() {
      if (x === 3) throw new Error("no");
      return x;
    },
  });
  const items = Array.from({ length: 12 }, (_, i) => i);
  const results = await dispatcher.map(f, items, { reraise: false, chunkSize: 12 });
  assert(results[3] instanceof SerializationError);
  assertEquals(results.toSpliced(3, 1), items.toSpliced(3, 1).map((x) => ({ x })));
  const { violations, workersLost } = dispatcher.stats();
  assertEquals([violations, workersLost], [0, 0]);
});

group("map() takes options", (test) => {
  test("map() keeps the order with any chunkSize", async (d) => {
    const items = Array.from({ length: 100 }, (_, i) => i);
    for (const chunkSize of [1, 7, 1000, "auto"] as const) {
      const results = await d.map((x: number) => x + 1, items, { chunkSize });
      assertEquals(results, items.map((x) => x + 1));
    }
  });

  test("map() throws the reason of a signal that was aborted before", async (d) => {
    const signal = AbortSignal.abort("not now");
    let read = false;
    function* source() {
      read = true;
      yield 1;
    }
    const thrown = await d.map(Math.sqrt, source(), { signal }).catch((reason) =>
      reason
    );
    assertEquals([thrown, read], ["not now", false]);
  });

  test("map() ends what runs, and its source, when its signal is aborted", async (d) => {
    const aborter = new AbortController();
    let closed = false;
    const items = [1, 2];
    const source = {
      [Symbol.asyncIterator]: () => ({
        next() {
          const value = items.shift();
          if (value) return Promise.resolve({ value, done: false });
          aborter.abort(new RangeError("enough"));
          return new Promise<IteratorResult<number>>(() => {});
        },
        return() {
          closed = true;
          return Promise.resolve({ value: undefined, done: true });
        },
      }),
    };
    const endless = () => {
      for (;;);
    };
    const { signal } = aborter;
    await assertRejects(
      () => d.map(endless, source, { signal }),
      RangeError,
      "enough",
    );
    assert(closed);
    assertEquals(await d.map((x: number) => x, [1, 2]), [1, 2]);
  });

  test("map() throws when its signal is aborted while the first item is waited for", async (d) => {
    const aborter = new AbortController();
    const source = {
      [Symbol.asyncIterator]: () => ({
        next() {
          aborter.abort(new RangeError("no item came"));
          return new Promise<IteratorResult<number>>(() => {});
        },
      }),
    };
    const { signal } = aborter;
    await assertRejects(
      () => d.map(Math.sqrt, source, { signal }),
      RangeError,
      "no item",
    );
  });

  test("currentJob() names the item within its map, and is undefined on the host", async (d) => {
    assertEquals(currentJob(), undefined);
    const known = await d.map(whatIsKnown, [7, 8, 9], { name: "study" });
    assertEquals(known.map(({ index }) => index), [0, 1, 2]);
    for (const { name, attempt, host, aborted } of known) {
      assertEquals([name, attempt, host, aborted], [
        "study",
        1,
        Deno.hostname(),
        false,
      ]);
    }
    assertEquals(new Set(known.map(({ id }) => id)).size, 3);
    const [unnamed] = await d.map(whatIsKnown, [1]);
    assertEquals(unnamed!.name, "whatIsKnown");
    assertEquals(currentJob(), undefined);
  });

  test("map() runs beside another map on the same dispatcher", async (d) => {
    const items = Array.from({ length: 1000 }, (_, i) => i);
    const [doubled, negated] = await Promise.all([
      d.map((x: number) => 2 * x, items),
      map((x: number) => -x, items, { dispatcher: d }),
    ]);
    assertEquals(doubled, items.map((x) => 2 * x));
    assertEquals(negated, items.map((x) => -x));
  });
});
