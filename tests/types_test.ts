import { assertEquals } from "./fixtures/assert.ts";
import {
  type Failure,
  imap,
  imapSettled,
  imapUnordered,
  Job,
  type JobController,
  JobDispatcher,
  type JobOptions,
  map,
  type MapOptions,
  mapSettled,
  partial,
  ProcessScheduler,
  type Rejected,
  type Scheduler,
  type Settled,
  starmap,
} from "../mod.ts";

/** Whether two types are the same, and neither `any`. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2)
  ? true
  : false;

/** Does not compile unless the value has just this type. */
const has =
  <Expected>() => <Actual>(_value: Actual, _same: Same<Actual, Expected>) => {};

/** Only compiled: `deno test` and `deno check` hold each line of these. */
const inferred: Record<string, (d: JobDispatcher) => void | Promise<void>> = {
  async map(d) {
    has<string[]>()(await map((x: number) => String(x), [1]), true);
    has<number[]>()(await map((x) => x + 1, [1, 2]), true);
    has<number[]>()(await map(async (x: string) => await Number(x), ["1"]), true);
    has<(1 | "a")[]>()(await map((x: 1 | "a") => x, new Set([1, "a"] as const)), true);
    has<number[]>()(await map(Math.sqrt, Float64Array.of(1)), true);
    for (const y of await map(Math.sqrt, [1], { reraise: false })) {
      has<number | Failure>()(y, true);
      if (!(y instanceof Error)) continue;
      has<number | undefined>()(y.index, true);
      has<readonly string[] | undefined>()(y.output, true);
    }
    has<Float64Array>()(await map(Math.sqrt, [1], { into: Float64Array }), true);
    async function* source() {
      yield* [new Date()];
    }
    has<number[]>()(await map((x: Date) => x.getTime(), source()), true);
    has<[string, number][]>()(
      await d.map((x: string): [string, number] => [x, 1], ["a"]),
      true,
    );
    has<boolean[]>()(await map((x: number, y = 1) => x > y, [1]), true);
    // @ts-expect-error -- the items are no numbers
    await map((x: number) => x, ["a"]);
    // @ts-expect-error -- a map gives one argument to each call
    await map((x: number, y: number) => x + y, [1]);
    // @ts-expect-error -- a number cannot be iterated over
    await map((x: number) => x, 5);
    // @ts-expect-error -- a class cannot be called
    await map(Date.prototype.constructor, 5);
  },

  async starmap(d) {
    has<string[]>()(await starmap((a: number, b: string) => a + b, [[1, "a"]]), true);
    has<number[]>()(await d.starmap(async (a: number) => await a, [[1], [2]]), true);
    has<number[]>()(await starmap(Math.pow, [[2, 3]]), true);
    has<number[]>()(
      await starmap((...all: number[]) => all.length, [[1], [2, 3]]),
      true,
    );
    // @ts-expect-error -- the second argument is no string
    await starmap((a: number, b: string) => a + b, [[1, 2]]);
    // @ts-expect-error -- an argument is missing
    await starmap((a: number, b: string) => a + b, [[1]]);
  },

  async imap(d) {
    has<AsyncIterableIterator<string>>()(imap((x: number) => `${x}`, [1]), true);
    has<AsyncIterableIterator<Date>>()(
      imapUnordered(async (x: number) => await new Date(x), [1]),
      true,
    );
    for await (const y of d.imap((x: number) => [x], [1])) has<number[]>()(y, true);
    for await (const y of d.imapUnordered((x: number) => x, [1])) {
      has<number>()(y, true);
    }
    const kept = { reraise: false } as const;
    type OrError = AsyncIterableIterator<number | Failure>;
    has<OrError>()(imap((x: number) => x, [1], kept), true);
    has<OrError>()(imapUnordered(async (x: number) => await x, [1], kept), true);
    has<OrError>()(d.imap((x: number) => x, [1], kept), true);
    has<OrError>()(d.imapUnordered((x: number) => x, [1], kept), true);
    // @ts-expect-error -- the items are no numbers
    imap((x: number) => x, ["a"]);
    // @ts-expect-error -- the items are no numbers
    d.imapUnordered((x: number) => x, ["a"]);
  },

  async settled(d) {
    has<Settled<string>[]>()(await mapSettled((x: number) => `${x}`, [1]), true);
    const all = await d.mapSettled(async (x: number) => await new Date(x), [1]);
    has<Settled<Date>[]>()(all, true);
    for (const one of all) {
      if (one.status === "fulfilled") has<Date>()(one.value, true);
      else {
        has<Rejected>()(one, true);
        has<number>()(one.attempts, true);
        has<readonly string[]>()(one.output, true);
        // @ts-expect-error -- what was thrown may be anything
        one.reason.message;
      }
      has<number>()(one.index, true);
      // @ts-expect-error -- it may have failed
      one.value;
    }
    has<PromiseSettledResult<Date>[]>()(all as PromiseSettledResult<Date>[], true);
    const stream = imapSettled((x: number) => [x], new Set([1]), { ordered: false });
    has<AsyncIterableIterator<Settled<number[]>>>()(stream, true);
    for await (const one of d.imapSettled(Math.sqrt, [1])) {
      has<Settled<number>>()(one, true);
    }
    const dispatcher = d;
    await mapSettled(Math.sqrt, [1], { dispatcher, retries: 1, name: "study" });
    // @ts-expect-error -- the items are no numbers
    mapSettled((x: number) => x, ["a"]);
    // @ts-expect-error -- there is no such choice
    mapSettled(Math.sqrt, [1], { reraise: false });
    const held = { reraise: false, retries: 1 };
    // @ts-expect-error -- nor where the options are a variable
    d.mapSettled(Math.sqrt, [1], held);
    // @ts-expect-error -- objects are no numbers
    imapSettled(Math.sqrt, [1], { into: Float64Array });
    // @ts-expect-error -- a map gives all in order
    mapSettled(Math.sqrt, [1], { ordered: false });
  },

  async job(dispatcher) {
    const job = new Job({ target: (a: number) => `${a}`, args: [1], dispatcher });
    has<Promise<string>>()(job.result, true);
    const later = new Job({ target: async (a: number) => await a, args: [1] });
    has<Promise<number>>()(later.result, true);
    has<number | null>()(job.exitCode, true);
    has<string | null>()(job.host, true);
    has<AsyncIterable<unknown>>()(job.messages, true);
    const telling: Job<string, number> = new Job({ target: String, args: [1] });
    const late: Job<string, number> = new Job({ target: async () => await "x" });
    has<Promise<string>>()(late.result, true);
    has<AsyncIterable<number>>()(telling.messages, true);
    // @ts-expect-error -- nobody said that it sends numbers
    const silent: Job<string, number> = job;
    const all: Job[] = [job, later, telling, silent];
    has<Promise<unknown>>()(all[0]!.result, true);
    has<unknown[]>()(await dispatcher.join(), true);
    class Sub extends Job<number> {
      override run(controller: JobController): number {
        return controller.index;
      }
    }
    has<Promise<number>>()(new Sub().result, true);
    class Telling extends Job<number, string> {}
    has<AsyncIterable<string>>()(new Telling().messages, true);
    // @ts-expect-error -- a field that a job does not have
    new Job({ targt: () => 1 });
    class Bad extends Job<number> {
      // @ts-expect-error -- run() must give what Job<number> says
      override run(): string {
        return "";
      }
    }
    new Bad();
  },

  jobArguments(dispatcher) {
    const add = (a: number, b: number) => a + b;
    new Job({ target: add, args: [1, 2], dispatcher });
    new Job({ target: (a: number, b = 1) => a + b, args: [1] });
    new Job({ target: (a: "x", b: [number, string]) => [a, b], args: ["x", [1, "y"]] });
    new Job({ target: Math.max, args: [1, 2, 3] as const });
    new Job<number>({ target: add, args: [1, 2] });
    const options = { target: add, args: [1, 2] };
    new Job(options);
    const named = (a: number, { b }: { b?: number }) => a + (b ?? 0);
    has<Promise<number>>()(
      new Job({ target: named, args: [1], kwargs: { b: 2 } }).result,
      true,
    );
    const start = <A extends unknown[], R>(target: (...args: A) => R, ...args: A) =>
      new Job({ target, args }).result;
    has<Promise<number>>()(start(add, 1, 2), true);
    const from = <R>(options: JobOptions<R>): Job<R> =>
      new Job({ ...options, name: "a" });
    has<Promise<number>>()(from({ target: add, args: [1, 2] }).result, true);
    // @ts-expect-error -- the second argument is no number
    new Job({ target: add, args: [1, "2"] });
    // @ts-expect-error -- an argument is missing
    new Job({ target: add, args: [1] });
    // @ts-expect-error -- all arguments are missing
    new Job({ target: add });
    // @ts-expect-error -- there is no third parameter
    new Job({ target: add, args: [1, 2, 3] });
    // @ts-expect-error -- it has another type in kwargs
    new Job({ target: named, args: [1], kwargs: { b: "2" } });
    const texts = { target: add, args: ["1", "2"] };
    // @ts-expect-error -- the arguments are no numbers
    new Job(texts);
  },

  async comesBack(d) {
    class Shape {
      constructor(readonly sides: number) {}
      area() {
        return this.sides;
      }
    }
    type HasArea = { area(): number };
    interface Tree {
      children: Tree[];
      parents: Map<string, Tree>;
    }
    type Json = null | string | Json[] | { [key: string]: Json };
    has<Shape[]>()(await map((sides: number) => new Shape(sides), [1]), true);
    has<HasArea[]>()(
      await map((sides: number): HasArea => new Shape(sides), [1]),
      true,
    );
    const tree: Tree = { children: [], parents: new Map() };
    has<Tree[]>()(await map(() => tree, [1]), true);
    has<Json[]>()(await map((x: string): Json => [x], ["a"]), true);
    has<unknown[]>()(await map((x: number): unknown => x, [1]), true);
    has<void[]>()(await map((_: number) => {}, [1]), true);
    has<never[][]>()(await map((_: number) => [], [1]), true);
    has<symbol[]>()(await map((x: string) => Symbol.for(x), ["a"]), true);
    const parsed = await map((x: string) => JSON.parse(x), ["1"]);
    parsed[0].what.ever;
    await map((x: number): never => {
      throw x;
    }, [1]);
    const either = await map((x: number) => x > 1 ? x : () => x, [1]);
    has<(number | (() => number))[]>()(either, true);

    const around = async <T, R>(f: (item: T) => R, items: T[]): Promise<Awaited<R>[]> =>
      (await map(f, items)).slice(1);
    has<string[]>()(await around((x: number) => `${x}`, [1]), true);
    const pairs = <T, R>(f: (item: T) => R, items: T[]) =>
      d.map((item: T) => ({ item, result: f(item) }), items);
    has<{ item: number; result: string }[]>()(
      await pairs((x: number) => `${x}`, [1]),
      true,
    );
  },

  async staysOnTheWorker(d) {
    // @ts-expect-error -- a function
    await map((x: number) => () => x, [1]);
    // @ts-expect-error -- a function, after a while
    await map(async (x: number) => await (() => x), [1]);
    // @ts-expect-error -- a class
    await d.map((x: number) =>
      class {
        x = x;
      }, [1]);
    // @ts-expect-error -- a generator
    d.imap(function* (x: number) {
      yield x;
    }, [1]);
    // @ts-expect-error -- an asynchronous generator
    d.imapUnordered(async function* (x: number) {
      yield await x;
    }, [1]);
    // @ts-expect-error -- functions in an array
    await mapSettled((x: number) => [() => x], [1]);
    // @ts-expect-error -- a function in a tuple
    await starmap((x: number): [number, () => number] => [x, () => x], [[1]]);
    // @ts-expect-error -- promises that nobody awaits
    imapSettled((xs: number[]) => xs.map(async (x) => await x), [[1]]);
    // @ts-expect-error -- a promise in an object
    imapUnordered((x: number) => ({ x, y: Promise.resolve(x) }), [1]);
    // @ts-expect-error -- a function
    imap((x: number) => () => x, [1]);
    // @ts-expect-error -- a function, even if the failures are kept
    await d.starmap((x: number) => () => x, [[1]], { reraise: false });
    // @ts-expect-error -- a function
    new Job({ target: () => () => 1 });
  },

  async partial() {
    const add = (a: number, b: string, c: boolean) => `${a}${b}${c}`;
    const rest = partial(add, 1);
    has<[string, boolean]>()(null as unknown as Parameters<typeof rest>, true);
    has<string>()(rest("b", true), true);
    has<string[]>()(await map(partial(add, 1, "b"), [true]), true);
    // @ts-expect-error -- the first argument is no string
    partial(add, "a");
    // @ts-expect-error -- what is left takes a boolean
    await map(partial(add, 1, "b"), ["c"]);
  },

  async options(dispatcher) {
    const made: MapOptions["scheduler"][] = [
      new ProcessScheduler(),
      ProcessScheduler,
      () => new ProcessScheduler(),
      async (): Promise<Scheduler> => await new ProcessScheduler(),
    ];
    const options: MapOptions = {
      ...(made[0] && { scheduler: made[0] }),
      dispatcher,
      reraise: false,
      chunkSize: "auto",
      retries: 0,
      retryErrors: 1,
      timeout: 5,
      signal: AbortSignal.timeout(1),
      name: "study",
    };
    await map(Math.sqrt, [1], options);
    const isTemporary = (error: unknown) => error instanceof TypeError;
    const retryErrors = { times: 3, delay: 1000, factor: 2, if: isTemporary };
    await map(Math.sqrt, [1], { retryErrors });
    // @ts-expect-error -- how often is missing
    await map(Math.sqrt, [1], { retryErrors: { delay: 1000 } });
    const answer = Promise.resolve(true);
    // @ts-expect-error -- the answer comes too late
    await map(Math.sqrt, [1], { retryErrors: { times: 1, if: () => answer } });
    // @ts-expect-error -- "auto" or a number
    await map(Math.sqrt, [1], { chunkSize: "large" });
    // @ts-expect-error -- an option that there is not
    await map(Math.sqrt, [1], { chunksize: 5 });
    // @ts-expect-error -- a scheduler is an option, not the options
    new JobDispatcher(new ProcessScheduler());
  },
};

Deno.test("map() and its kin infer the types of their results from the function", () => {
  // That it compiles is the test.
  assertEquals(Object.keys(inferred).length, 10);
});
