import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStringIncludes,
} from "../fixtures/assert.ts";
import {
  imap,
  JobDispatcher,
  JobTimeoutError,
  map,
  ProcessScheduler,
  type Scheduler,
  type WorkerListener,
  type WorkerLoss,
  type WorkerSpec,
} from "../../mod.ts";
import { stopAt } from "../fixtures/gate_functions.ts";
import { Gate } from "../fixtures/gate.ts";
import { test } from "../fixtures/ground.ts";
import { Program } from "../fixtures/program.ts";

const scheduler = () => new ProcessScheduler({ workers: 1 });

/** Returns when there is a file, and stops its thread meanwhile. */
const waitForFile = (path: string | null) => {
  const nothing = new Int32Array(new SharedArrayBuffer(4));
  while (path !== null) {
    try {
      Deno.statSync(path);
      break;
    } catch {
      Atomics.wait(nothing, 0, 0, 5);
    }
  }
  return path;
};

test("The result of an item arrives while the long one after it runs", async ({ folder }) => {
  const path = `${folder}/end`;
  const results = imap(waitForFile, [null, path], { scheduler });
  assertEquals(await results.next(), { value: null, done: false });
  Deno.writeTextFileSync(path, "");
  assertEquals(await results.next(), { value: path, done: false });
  assertEquals((await results.next()).done, true);
});

test("Results of quick items arrive while the long one after them stops its thread", async ({ folder }) => {
  const path = `${folder}/end`;
  const quick: (string | null)[] = Array(400).fill(null);
  const results = imap(waitForFile, [...quick, path], { scheduler, chunkSize: 401 });
  for (const value of quick) {
    assertEquals(await results.next(), { value, done: false });
  }
  Deno.writeTextFileSync(path, "");
  assertEquals(await results.next(), { value: path, done: false });
  assertEquals((await results.next()).done, true);
});

test("A timer that an item has left behind runs between those after it", async () => {
  let fired = false;
  const busy = (first: boolean) => {
    if (first) setTimeout(() => fired = true, 0);
    for (const end = performance.now() + 1; performance.now() < end;);
    return fired;
  };
  const items = Array.from({ length: 400 }, (_, i) => i === 200);
  const seen = await map(busy, items, { scheduler, chunkSize: 10 });
  assertEquals([seen[200], seen.at(-1)], [false, true]);
});

test("A function may replace what is global, and its worker goes on", async () => {
  await using dispatcher = new JobDispatcher({ scheduler });
  const replace = () => {
    const broken = () => {
      throw new Error("This is not for you");
    };
    JSON.stringify = JSON.parse = broken;
    performance.now = () => NaN;
    const names = ["postMessage", "setImmediate", "TextEncoder", "TextDecoder", "JSON"];
    for (const name of names) {
      Object.defineProperty(globalThis, name, { value: broken });
    }
    Object.assign(self, { onmessage: broken });
    return "replaced";
  };
  assertEquals(await dispatcher.map(replace, [1]), ["replaced"]);
  // Small messages and large ones, both ways.
  const double = (xs: Float64Array) => xs.map((x) => 2 * x);
  const lengths = [1, 100_000, 10, 200_000];
  const arrays = lengths.map((length) => new Float64Array(length).fill(length));
  const results = await dispatcher.map(double, arrays);
  assertEquals(results.map((xs) => [xs.length, xs.at(-1)]), [
    [1, 2],
    [100_000, 200_000],
    [10, 20],
    [200_000, 400_000],
  ]);
});

test("A result is what it was when it was returned, though its object is used again", async () => {
  const shared = { n: 0 };
  const items = Array.from({ length: 1000 }, (_, i) => i);
  const again = await map(
    (x: number) => {
      shared.n = x;
      return [shared];
    },
    items,
    { scheduler },
  );
  assertEquals(again.map(([one]) => one!.n), items);
});

test("An item that is overdue takes no result of those before it along", async ({ folder }) => {
  const path = `${folder}/count`;
  const results = await map(
    (item: number | string) => {
      if (typeof item === "number") { for (;;); }
      Deno.writeTextFileSync(item, ".", { append: true });
      return item.length;
    },
    [path, path, path, 0],
    { scheduler, chunkSize: 4, timeout: 300, reraise: false },
  );
  assertEquals(results.slice(0, 3), Array(3).fill(path.length));
  assertInstanceOf(results[3], JobTimeoutError);
  assertEquals(Deno.readTextFileSync(path), "...");
});

test("Within a chunk, too, results arrive while a later item waits for something", async () => {
  await using gate = new Gate();
  const items = [{ i: 1, port: 0 }, { i: 2, port: 0 }, { i: 3, port: gate.port }];
  const results = imap(stopAt, items, { scheduler, chunkSize: 3 });
  assertEquals(await results.next(), { value: 1, done: false });
  assertEquals(await results.next(), { value: 2, done: false });
  (await gate.next()).letGo();
  assertEquals(await results.next(), { value: 3, done: false });
  assertEquals((await results.next()).done, true);
});

test("A function that blows the stack gives a RangeError, and its worker goes on", async () => {
  await using dispatcher = new JobDispatcher({ scheduler });
  const [before] = await dispatcher.map(() => Deno.pid, [0]);
  const [error] = await dispatcher.map(
    () => {
      const deeper = (x: number): number => 1 + deeper(x + 1);
      return deeper(0);
    },
    [0],
    { reraise: false },
  ) as unknown[];
  assertInstanceOf(error, RangeError);
  assertEquals((error as RangeError).message, "Maximum call stack size exceeded");
  assertEquals(await dispatcher.map(() => Deno.pid, [0]), [before]);
});

test("What a function leaves behind, and fails later, does not end its worker", async (ground) => {
  await using program = new Program(ground, "leavesBehind");
  const [before, after] = await program.json() as number[];
  assertEquals(before, after);
  assertEquals((await program.status).code, 0);
  const complaints = await program.complaints;
  assertStringIncludes(complaints, "The promise was not kept.");
  assertStringIncludes(complaints, "The timer went off.");
});

test("A function that takes all the memory ends its worker, and the next one goes on", async (ground) => {
  await using program = new Program(ground, "outOfMemory");
  const found = await program.json() as Record<string, unknown>;
  assertEquals([found.attempts, found.cause, found.after], [1, "out of memory", 2]);
  assertStringIncludes(found.log as string, "out of memory");
  assertEquals((await program.status).code, 0);
});

test("A worker that is told to leave leaves by itself, with status 0", async () => {
  const losses: WorkerLoss[] = [];
  class Watching extends ProcessScheduler {
    override start(spec: WorkerSpec, workers: string[], listener: WorkerListener) {
      super.start(spec, workers, {
        started: (worker) => listener.started(worker),
        ended: (worker, loss) => {
          losses.push(loss);
          listener.ended(worker, loss);
        },
      });
    }
  }
  for (const transport of ["local", "network"] as const) {
    const watching: Scheduler = new Watching({ workers: 2, transport });
    await using gate = new Gate();
    await using dispatcher = new JobDispatcher({ scheduler: watching });
    const stop = { i: 0, port: gate.port };
    const results = dispatcher.map(stopAt, [stop, stop]);
    for (const visitor of await gate.take(2)) visitor.letGo();
    await results;
    await dispatcher.close();
    const ends = losses.splice(0);
    assertEquals(ends.map(({ cause, exitStatus }) => [cause, exitStatus]), [
      ["exit", 0],
      ["exit", 0],
    ]);
    assert(ends.every(({ log }) => log === ""), "without a word");
  }
});

test("What a function posts itself, or does to JSON, keeps no results from coming", async () => {
  const extended = await map(
    (x: number) => {
      (Array.prototype as { toJSON?: unknown }).toJSON = () => "";
      return `${x}`;
    },
    [0, 1, 2, 3],
    { scheduler, chunkSize: 1 },
  );
  assertEquals(extended, ["0", "1", "2", "3"]);
  const posted = await map(
    (x: number) => {
      const { postMessage } = globalThis as unknown as Pick<Worker, "postMessage">;
      for (const value of [null, "text", { type: "results" }]) postMessage(value);
      return `${x}`;
    },
    [0, 1, 2, 3],
    { scheduler, chunkSize: 1 },
  );
  assertEquals(posted, ["0", "1", "2", "3"]);
});
