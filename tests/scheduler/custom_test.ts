import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../fixtures/assert.ts";
import {
  JobDispatcher,
  map,
  ProcessScheduler,
  type Scheduler,
  SchedulerError,
  settings,
  type WorkerListener,
  WorkerLostError,
  type WorkerSpec,
} from "../../mod.ts";
import { stopAt } from "../fixtures/gate_functions.ts";
import { Gate } from "../fixtures/gate.ts";
import { entries, lossIn, range, test } from "../fixtures/ground.ts";
import { isAlive, kill } from "../fixtures/processes.ts";
import { Program } from "../fixtures/program.ts";

/** What a user writes: it has processes started by another scheduler, and counts. */
class Counting implements Scheduler {
  readonly name: string = "counting";
  readonly workers: number = 2;
  readonly transport = "local";
  readonly specs: WorkerSpec[] = [];
  readonly asked: string[] = [];
  started = 0;
  ended = 0;
  closed = 0;
  readonly #processes = new ProcessScheduler({ workers: 2 });

  start(spec: WorkerSpec, workers: string[], listener: WorkerListener): void {
    this.specs.push(spec);
    this.asked.push(...workers);
    this.#processes.start(spec, workers, {
      started: (worker) => {
        this.started++;
        listener.started(worker);
      },
      ended: (worker, loss) => {
        this.ended++;
        listener.ended(worker, loss);
      },
    });
  }

  stop(worker: string): void {
    this.#processes.stop(worker);
  }

  join(): Promise<void> {
    return this.#processes.join();
  }

  killall(): Promise<void> {
    return this.#processes.killall();
  }

  close(): Promise<void> {
    this.closed++;
    return this.#processes.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

const square = (x: number) => x * x;

test("A scheduler of one's own that is given stays open, and serves several maps", async () => {
  await using scheduler = new Counting();
  for (let i = 1; i <= 2; i++) {
    assertEquals(await map(square, range(10), { scheduler }), range(10).map(square));
    await scheduler.join();
    assertEquals([scheduler.started, scheduler.ended], [2 * i, 2 * i]);
    assertEquals(scheduler.closed, 0);
  }
  assertEquals(new Set(scheduler.asked).size, 4, "the identities are unique");
  const [{ name, module, flags }] = scheduler.specs as [WorkerSpec];
  assertEquals(name, "square");
  assertEquals(module, new URL("../../worker.ts", import.meta.url).href);
  assert(flags.includes("--allow-all"));
});

test("One scheduler serves two dispatchers at once", async () => {
  await using scheduler = new Counting();
  const both = [range(10), range(20)];
  const results = await Promise.all(both.map((xs) => map(square, xs, { scheduler })));
  assertEquals(results, both.map((xs) => xs.map(square)));
  assertEquals(new Set(scheduler.asked).size, scheduler.asked.length);
});

test("A scheduler that the map makes, from a class or a function, is closed with it", async () => {
  const made: Counting[] = [];
  class Made extends Counting {
    constructor() {
      super();
      made.push(this);
    }
  }
  for (const scheduler of [Made, () => new Made(), async () => await new Made()]) {
    assertEquals(await map(square, [1, 2, 3], { scheduler }), [1, 4, 9]);
    const [one, another] = made.splice(0);
    assertEquals([one?.closed, another], [1, undefined]);
  }
});

test("There are never more workers than items", async (ground) => {
  const counts: number[] = [];
  for (const items of [[], [1], [1, 2], range(3), range(20)]) {
    await using dispatcher = new JobDispatcher({
      scheduler: () => new ProcessScheduler({ workers: 3 }),
    });
    assertEquals(await dispatcher.map(square, items), items.map(square));
    counts.push(dispatcher.stats().workersRequested);
    if (items.length === 0) assertEquals(entries(ground.runs), [], "nothing is opened");
  }
  assertEquals(counts, [0, 1, 2, 3, 3]);
});

test("A generator of two items starts two workers at most", async () => {
  await using dispatcher = new JobDispatcher({
    scheduler: () => new ProcessScheduler({ workers: 4 }),
  });
  const two = function* () {
    yield 1;
    yield 2;
  };
  assertEquals(await dispatcher.map(square, two()), [1, 4]);
  assert(dispatcher.stats().workersRequested <= 2);
});

test("Environment variables of the scheduler reach the function", async () => {
  await using scheduler = new ProcessScheduler({
    workers: 1,
    env: { COLOUR: "blue", GREETING: "a=b c\nd" },
  });
  const read = (name: string) => Deno.env.get(name);
  const names = ["COLOUR", "GREETING", "PATH"];
  assertEquals(await map(read, names, { scheduler }), [
    "blue",
    "a=b c\nd",
    Deno.env.get("PATH"),
  ]);
});

test("What functions write reaches the program's own output", async (ground) => {
  await using program = new Program(ground, "output");
  const lines = [await program.line(), await program.line()];
  assertEquals(lines.toSorted(), ["[anonymous 0] out 1", "[anonymous 1] out 2"]);
  assertEquals((await program.status).code, 0);
  const complaints = await program.complaints;
  assertEquals(complaints.trim().split("\n").toSorted(), [
    "[anonymous 0] err 1",
    "[anonymous 1] err 2",
  ]);
});

test("A map whose workers cannot be started fails with the reason", async () => {
  // More than the system lets a program be started with.
  const env = { HUGE: "x".repeat(1 << 20) };
  await using scheduler = new ProcessScheduler({ workers: 2, env });
  const loss = lossIn(await map(square, [1, 2], { scheduler }).catch((e) => e));
  assertEquals(loss.lossCause, "never started");
  assertStringIncludes(loss.message, `No worker is available for "square"`);
  assertStringIncludes(loss.message, "its process cannot be started");
});

test("A map whose scheduler throws fails with the reason", async () => {
  class Broken extends Counting {
    override start(): void {
      throw new Error("the cluster is on holiday");
    }
  }
  await using scheduler = new Broken();
  const loss = lossIn(await map(square, [1, 2], { scheduler }).catch((e) => e));
  assertEquals(loss.lossCause, "never started");
  assertStringIncludes(loss.message, "counting cannot start it: the cluster is on");
});

test("A map whose workers end before they come fails with what they said", async () => {
  class Misled extends Counting {
    override start(spec: WorkerSpec, workers: string[], listener: WorkerListener) {
      const module = "data:text/typescript,throw%20'lost%20my%20way'";
      super.start({ ...spec, module }, workers, listener);
    }
  }
  await using scheduler = new Misled();
  const loss = lossIn(await map(square, [1], { scheduler }).catch((e) => e));
  assertEquals([loss.lossCause, loss.attempts[0]!.exitStatus], ["exit", 1]);
  assertStringIncludes(loss.message, "lost my way");
  assertEquals(scheduler.started, 3, "it was tried again");
});

test("A map whose workers wait in the queue for too long fails with the reason", async () => {
  class Full extends Counting {
    readonly queueTimeout = 20;
    readonly #waiting = new Map<string, WorkerListener>();
    override start(_: WorkerSpec, workers: string[], listener: WorkerListener): void {
      for (const worker of workers) this.#waiting.set(worker, listener);
    }
    override stop(worker: string): void {
      const detail = "it was taken out of the queue";
      this.#waiting.get(worker)?.ended(worker, { cause: "deleted", detail });
      this.#waiting.delete(worker);
    }
  }
  await using scheduler = new Full();
  const loss = lossIn(await map(square, [1], { scheduler }).catch((e) => e));
  assertEquals(loss.lossCause, "never started");
  assertStringIncludes(loss.message, "did not start within 20 ms");
});

test("A map whose workers start and never come names the machine", async () => {
  class Silent extends Counting {
    override readonly workers = 3;
    readonly #listeners = new Map<string, WorkerListener>();
    override start(_: WorkerSpec, workers: string[], listener: WorkerListener): void {
      for (const worker of workers) {
        this.#listeners.set(worker, listener);
        queueMicrotask(() => listener.started(worker, "node9"));
      }
    }
    override stop(worker: string): void {
      const loss = { cause: "deleted", detail: "it was ended" } as const;
      this.#listeners.get(worker)?.ended(worker, loss);
      this.#listeners.delete(worker);
    }
  }
  const usual = settings.startTimeout;
  settings.startTimeout = 1;
  try {
    await using scheduler = new Silent();
    const error = await assertRejects(
      () => map(square, [1, 2, 3], { scheduler }),
      WorkerLostError,
      "(unreachable) on node9",
    );
    assertEquals(error.host, "node9");
  } finally {
    settings.startTimeout = usual;
  }
});

test("A map that is aborted while its workers wait in the queue is over at once", async () => {
  const asked = Promise.withResolvers<void>();
  class Full extends Counting {
    #ended: (() => void)[] = [];
    override start(_: WorkerSpec, workers: string[], listener: WorkerListener): void {
      const loss = { cause: "deleted", detail: "" } as const;
      for (const worker of workers) {
        this.#ended.push(() => listener.ended(worker, loss));
      }
      asked.resolve();
    }
    override stop(): void {
      for (const ended of this.#ended.splice(0)) ended();
    }
  }
  await using scheduler = new Full();
  const controller = new AbortController();
  const { signal } = controller;
  const results = map(square, [1, 2, 3], { scheduler, signal });
  await asked.promise;
  controller.abort("never mind");
  assertEquals(await results.catch((error) => error), "never mind");
});

test("A process that a function leaves behind holds up nothing", async () => {
  await using dispatcher = new JobDispatcher({
    scheduler: () => new ProcessScheduler({ workers: 1 }),
  });
  // It has the worker's own output, and keeps it open; its session is another one.
  const [pid] = await dispatcher.map(() => {
    const output = { stdout: "inherit", stderr: "inherit" } as const;
    const child = new Deno.Command("sleep", {
      args: ["1000"],
      ...output,
      detached: true,
    })
      .spawn();
    child.unref();
    return child.pid;
  }, [0]) as [number];
  try {
    await dispatcher.close();
    assert(isAlive(pid));
  } finally {
    kill(pid, "SIGKILL");
  }
});

test("killall amid a map costs attempts, and no result", async () => {
  await using gate = new Gate();
  await using scheduler = new ProcessScheduler({ workers: 2 });
  const stop = { i: 5, port: gate.port };
  const results = map(stopAt, [stop, stop], { scheduler });
  await gate.take(2);
  // The map asks for others at once; when they have left, too, none is left.
  const killed = scheduler.killall();
  for (const visitor of await gate.take(2)) visitor.letGo();
  assertEquals(await results, [5, 5]);
  await killed;
});

test("A map whose scheduler is closed under it fails with the reason", async () => {
  await using gate = new Gate();
  const scheduler = new ProcessScheduler({ workers: 2 });
  const stop = { i: 5, port: gate.port };
  const results = map(stopAt, [stop, stop], { scheduler }).catch((error) => error);
  await gate.take(2);
  await scheduler.close();
  const error = await results;
  assert(error instanceof SchedulerError, Deno.inspect(error));
  assertStringIncludes(error.message, "The scheduler is closed");
});
