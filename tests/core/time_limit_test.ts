/** Items whose worker has reached its run time limit: whose fault that is, and whose not. */

import { assertEquals } from "../fixtures/assert.ts";
import {
  type Action,
  chunksOf,
  Harness,
  loss,
  only,
} from "../fixtures/core_harness.ts";

/** The cluster ends a worker at its limit. */
const LIMIT = loss("it reached its run time limit of 60 s (h_rt)", "run time limit");

/** A worker comes, lives for a time and gives signs of life, and is ended at its limit. */
function end(host: Harness, worker: string, after: number) {
  host.pass(after, () => host.do({ type: "heard", worker }));
  return host.do({ type: "workerEnded", worker, loss: LIMIT });
}

/** The items and attempts that were handed out, by worker. */
function given(actions: Action<"assign">[]): unknown[] {
  return actions.flatMap(({ worker, chunks }) =>
    chunks.map(({ first, count, attempt }) => [worker, first, count, attempt])
  );
}

Deno.test("An item that was cut off goes to a fresh worker and is charged nothing", () => {
  const host = new Harness({ workers: 1 });
  host.run(3, { retries: 0, chunkSize: 1 });
  const [first] = chunksOf(host.hello("1"));
  host.pass(20_000, () => host.do({ type: "heard", worker: "1" }));
  host.results("1", { chunk: first!.chunk, from: 0, count: 1 }, 20_000);
  const actions = end(host, "1", 40_000);
  assertEquals(only(actions, "fail"), []);
  assertEquals(only(actions, "request").map(({ workers }) => workers), [["2"]]);
  assertEquals(given(only(host.hello("2"), "assign")), [["2", 1, 1, 2]]);
});

Deno.test("Those that waited behind it were not tried", () => {
  const host = new Harness({ workers: 2 });
  host.run(6, { retries: 0, chunkSize: 3 });
  const [first] = chunksOf(host.hello("1"));
  host.results("1", { chunk: first!.chunk, from: 0, count: 1 }, 10);
  end(host, "1", 60_000);
  const actions = [...host.hello("2"), ...host.hello("3")];
  const tried = given(only(actions, "assign")) as [string, number, number, number][];
  assertEquals(tried.map(([, first, , attempt]) => [first, attempt]).sort(), [
    [1, 2],
    [2, 1],
    [3, 1],
  ]);
});

Deno.test("An item that had the whole time of its worker fails at once", () => {
  const host = new Harness({ workers: 1 });
  host.run(1, { retries: 5 });
  host.hello("1");
  const [failed] = only(end(host, "1", 60_000), "fail");
  assertEquals(failed?.failure, {
    kind: "overlong",
    loss: { worker: "1", ...LIMIT },
  });
  assertEquals(failed?.attempts, 1);
});

Deno.test("An item that was cut off, and then has the whole time, fails then", () => {
  const host = new Harness({ workers: 1 });
  host.run(2, { retries: 0, chunkSize: 1 });
  const [first] = chunksOf(host.hello("1"));
  host.pass(50_000, () => host.do({ type: "heard", worker: "1" }));
  host.results("1", { chunk: first!.chunk, from: 0, count: 1 }, 50_000);
  end(host, "1", 10_000);
  host.hello("2");
  const [failed] = only(end(host, "2", 60_000), "fail");
  assertEquals([failed?.index, failed?.failure.kind], [1, "overlong"]);
});

Deno.test("A worker that has run an item is not fresh, and another one is asked for", () => {
  const host = new Harness({ workers: 2 });
  host.run(1, { retries: 0 });
  const [lone] = chunksOf(host.hello("1"));
  host.results("1", { chunk: lone!.chunk, from: 0, count: 1 }, 1);
  host.run(2, { retries: 0, chunkSize: 1 });
  // Worker 1 has one of them by now, worker 2 takes the other one.
  const second = chunksOf(host.hello("2"))[0]!;
  host.pass(30_000, () => {
    host.do({ type: "heard", worker: "1" });
    host.do({ type: "heard", worker: "2" });
  });
  host.results("2", { chunk: second.chunk, from: 0, count: 1 }, 30_000);
  const actions = end(host, "1", 1000);
  // The other worker is idle, and was used.
  assertEquals(only(actions, "assign"), []);
  const [asked] = only(actions, "request");
  const [fresh] = asked!.workers;
  assertEquals(given(only(host.hello(fresh!), "assign")), [[fresh, 0, 1, 2]]);
});

Deno.test("If no fresh worker can come, it is tried where it can be", () => {
  const host = new Harness({ workers: 2 });
  host.run(2, { retries: 0, chunkSize: 1 });
  const [a] = chunksOf(host.hello("1"));
  host.pass(20_000, () => host.do({ type: "heard", worker: "1" }));
  host.results("1", { chunk: a!.chunk, from: 0, count: 1 }, 20_000);
  const [b] = chunksOf(host.hello("2"));
  assertEquals(b, undefined);
  let actions = end(host, "1", 10_000);
  for (let i = 0; i < 3; i++) {
    const [asked] = only(actions, "request");
    if (!asked) break;
    const never = loss("no", "never started");
    actions = asked.workers.flatMap((worker) =>
      host.do({ type: "workerEnded", worker, loss: never })
    );
  }
  assertEquals(host.core.count().ready, 1);
  assertEquals(given(only(actions, "assign")), [["2", 1, 1, 2]]);
});

Deno.test("What was cut off in a run that is terminated is cancelled", () => {
  const host = new Harness({ workers: 1 });
  host.run(1, { retries: 0 });
  host.hello("1");
  host.do({ type: "terminate", run: 1, grace: 90_000 });
  const [failed] = only(end(host, "1", 60_000), "fail");
  assertEquals(failed?.failure, { kind: "cancelled" });
});
