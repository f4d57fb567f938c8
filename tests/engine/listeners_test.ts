/**
 * What a run tells may be told to code that throws: that ends the run, and costs no other
 * run anything. See `src/engine/engine.ts`.
 */

import { assertEquals } from "../fixtures/assert.ts";
import { ProcessScheduler, type WorkerListener, type WorkerSpec } from "../../mod.ts";
import type { RunListener, RunRequest } from "../../src/engine/run_request.ts";
import { captureLater } from "../../src/calls/call.ts";
import { callOf } from "../../src/closure/call.ts";
import { Engine } from "../../src/engine/engine.ts";
import { ItemSource } from "../../src/engine/item_source.ts";
import { JobOutput } from "../../src/engine/job_output.ts";
import { runSettings } from "../../src/calls/options.ts";
import { range, test } from "../fixtures/ground.ts";

const half = (x: number) => {
  if (x % 2 === 1) throw new Error(`${x} is odd`);
  return x / 2;
};

/** A run of `half` over numbers, and how it ended: with its results, or with an error. */
function start(engine: Engine, items: number[], broken: Partial<RunListener> = {}) {
  const ended = Promise.withResolvers<unknown>();
  const results = new Map<number, unknown>();
  const listener: RunListener = {
    results: (first, values) => {
      for (let i = 0; i < values.length; i++) results.set(first + i, values[i]);
    },
    failed: (index) => void results.set(index, "failed"),
    ended: (error) => ended.resolve(error ?? [...results.values()].length),
    ...broken,
  };
  const request: RunRequest = {
    name: "half",
    code: captureLater(half, false, []),
    here: callOf(half, false),
    items: new ItemSource(items),
    settings: runSettings({}, items.length),
    seed: 0,
    output: new JobOutput({ name: "half", isJob: false, failed: () => {} }),
    daemon: false,
    listener,
  };
  const run = engine.start(request);
  return { run, ended: ended.promise };
}

test("A listener that throws ends its own run with that error, and no other one", async () => {
  await using scheduler = new ProcessScheduler({ workers: 1 });
  const engine = new Engine("test", () => Promise.resolve(scheduler));
  const throwing = (what: string) => () => {
    throw new Error(`${what} is broken`);
  };
  try {
    const runs = [
      start(engine, range(40)),
      start(engine, range(40), { results: throwing("results") }),
      start(engine, range(40), { failed: throwing("failed") }),
      start(engine, range(40)),
    ];
    const [first, results, failed, last] = await Promise.all(runs.map((r) => r.ended));
    assertEquals([first, last], [40, 40]);
    assertEquals((results as Error).message, "results is broken");
    assertEquals((failed as Error).message, "failed is broken");
    // It is told again, with its own error, for somebody waits for it.
    const told: unknown[] = [];
    const again = Promise.withResolvers<void>();
    start(engine, [2], {
      ended: (error) => {
        if (told.push(error?.message) === 2) again.resolve();
        throw new Error("ended is broken");
      },
    });
    await again.promise;
    assertEquals(told, [undefined, "ended is broken"]);
    assertEquals(await start(engine, [2, 4]).ended, 2);
  } finally {
    await engine.close();
  }
});

test("A recorder that throws costs no result", async () => {
  await using scheduler = new ProcessScheduler({ workers: 1 });
  const engine = new Engine("test", () => Promise.resolve(scheduler));
  const { start: begin } = engine;
  const recorder = {
    observe() {
      throw new Error("The recorder is broken");
    },
    present() {},
    took() {},
    sent() {},
    failed() {},
    abandoned() {},
  };
  engine.start = (request) => begin.call(engine, { ...request, recorder });
  try {
    assertEquals(await start(engine, range(20)).ended, 20);
  } finally {
    await engine.close();
  }
});

test("A scheduler that throws anything where it is to stop a worker holds nothing up", async () => {
  const asked = Promise.withResolvers<void>();
  class Broken extends ProcessScheduler {
    override start(
      spec: WorkerSpec,
      workers: string[],
      listener: WorkerListener,
    ): void {
      super.start(spec, workers, listener);
      asked.resolve();
    }
    override stop(worker: string): void {
      super.stop(worker);
      throw null;
    }
  }
  await using scheduler = new Broken({ workers: 1 });
  const engine = new Engine("test", () => Promise.resolve(scheduler));
  const { ended } = start(engine, range(4));
  // Before the worker has come, which is then stopped.
  await asked.promise;
  await engine.close();
  assertEquals((await ended as Error).name, "JobCancelledError");
});
