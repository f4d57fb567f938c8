/**
 * How the dispatcher's state machine follows its workers: asked for, coming, silent,
 * back again, starting anew, gone.
 *
 * @module
 */

import type { CoreEvent } from "../../src/core/events.ts";
import { assert, assertEquals } from "../fixtures/assert.ts";
import {
  chunksOf,
  Harness,
  LIMITS,
  loss,
  only,
  START,
  stopped,
} from "../fixtures/core_harness.ts";

Deno.test("A silent worker counts as disconnected, and after the grace as lost", () => {
  const host = new Harness({ workers: 1 });
  host.run(1, { retries: 0 });
  host.hello("1");
  host.pass(LIMITS.silenceTimeout);
  assertEquals(host.core.count().ready, 1);
  host.pass(250);
  assertEquals(host.core.count().disconnected, 1);
  assertEquals(host.pass(LIMITS.reconnectGrace), []);
  const actions = host.pass(250);
  assertEquals(only(actions, "stop").length, 1);
  assertEquals(only(actions, "fail").map((action) => action.failure), [{
    kind: "lost",
    losses: [{
      worker: "1",
      cause: "unreachable",
      detail: "the connection to it was lost",
    }],
  }]);
});

Deno.test("A worker that is lost is gone for the reason that its scheduler makes likely", () => {
  const host = new Harness({ workers: 1, lostCause: "node lost" });
  host.run(1, { retries: 0 });
  host.hello("1");
  host.do({ type: "disconnected", worker: "1" });
  const [failed] = only(host.pass(LIMITS.reconnectGrace + 250), "fail");
  const detail = "the connection to it was lost";
  const losses = [{ worker: "1", cause: "node lost", detail }];
  assertEquals(failed?.failure, { kind: "lost", losses });
});

Deno.test("A worker that comes back in time keeps its items", () => {
  const host = new Harness({ workers: 1 });
  host.run(2, { chunkSize: 2 });
  const [chunk] = chunksOf(host.hello("1"));
  host.do({ type: "disconnected", worker: "1" });
  host.pass(LIMITS.reconnectGrace);
  assertEquals(host.hello("1"), [{ type: "welcome", worker: "1" }]);
  assertEquals(host.core.outstandingChunks, 1);
  const actions = host.results("1", { chunk: chunk!.chunk, from: 0, count: 2 });
  assertEquals(only(actions, "done").length, 1);
});

Deno.test("A disconnected worker gets nothing until it is heard of", () => {
  const host = new Harness({ workers: 1 });
  host.run(2);
  host.hello("1");
  host.do({ type: "disconnected", worker: "1" });
  assertEquals(host.pass(5000), []);
  const given = chunksOf(host.results("1", { chunk: 1, from: 0, count: 1 }));
  assertEquals(given.length, 1);
});

Deno.test("A worker that the run does not expect is refused", () => {
  const host = new Harness({ workers: 1 });
  host.run(1);
  const [action] = only(host.hello("17"), "welcome");
  assert(action?.refused !== undefined);
  host.lost("1");
  const [late] = only(host.hello("1"), "welcome");
  assert(late?.refused !== undefined);
});

Deno.test("A worker that restarts hands back all that it has, and is not blamed for it", () => {
  const host = new Harness({ workers: 1 });
  host.run(4, { chunkSize: 2, timeout: 1000, retries: 0 });
  const [first] = chunksOf(host.hello("1", "one"));
  // The worker has ended the first item, and is given more before it can say so.
  assertEquals(chunksOf(host.failed("1", first!.chunk, 0, "timeout")), []);
  assertEquals(host.do({ type: "restarting", worker: "1", why: "" }), []);
  assertEquals(host.core.outstandingChunks, 0);
  const again = chunksOf(host.hello("1", "two"));
  assertEquals(again.map(({ first, count, attempt }) => [first, count, attempt]), [
    [1, 1, 1],
  ]);
});

Deno.test("A worker may restart because it was told to drop what it runs", () => {
  const host = new Harness({ workers: 1 });
  host.run(1);
  host.run(1, { retries: 0 });
  host.hello("1", "one");
  // The next one is on its way to the worker when that restarts.
  assertEquals(chunksOf(host.do({ type: "cancel", run: 1 })).length, 1);
  assertEquals(host.do({ type: "restarting", worker: "1", why: "" }), []);
  const [again] = chunksOf(host.hello("1", "two"));
  assertEquals(again?.attempt, 1);
});

Deno.test("A worker that restarts is given nothing until its next process says hello", () => {
  const host = new Harness({ workers: 1 });
  host.run(2);
  const [first] = chunksOf(host.hello("1", "one"));
  host.failed("1", first!.chunk, 0, "timeout");
  host.do({ type: "restarting", worker: "1", why: "" });
  assertEquals(host.do({ type: "heard", worker: "1" }), []);
  // The one that ends asks whether its reports have come.
  assertEquals(host.hello("1", "one"), [{ type: "welcome", worker: "1" }]);
  assertEquals(chunksOf(host.hello("1", "two")).length, 1);
});

Deno.test("A worker that does not come back from its restart is given up", () => {
  const host = new Harness({ workers: 1 });
  host.run(2);
  const [first] = chunksOf(host.hello("1"));
  host.failed("1", first!.chunk, 0, "timeout");
  host.do({ type: "restarting", worker: "1", why: "" });
  assertEquals(host.pass(LIMITS.startTimeout), []);
  const detail = "it started and did not reach the host within 30000 ms";
  assertEquals(host.pass(250), [
    { type: "stop", worker: "1", loss: { cause: "unreachable", detail } },
    { type: "request", workers: ["2"] },
  ]);
});

Deno.test("An item whose worker restarts again and again, for no reason, fails at last", () => {
  const host = new Harness({ workers: 1 });
  host.run(1, { retries: 1 });
  host.hello("1", "process 0");
  for (let i = 1; host.core.isRunning(1); i++) {
    assert(i < 5, "it never ends");
    host.do({ type: "restarting", worker: "1", why: "" });
    host.hello("1", `process ${i}`);
  }
});

Deno.test("A process that another one has replaced without a word was lost", () => {
  const host = new Harness({ workers: 1 });
  host.run(1, { retries: 0 });
  host.hello("1", "one");
  const actions = host.hello("1", "two");
  assertEquals(only(actions, "fail").map((action) => action.failure), [{
    kind: "lost",
    losses: [{
      worker: "1",
      cause: "exit",
      detail: "its process was restarted without notice",
    }],
  }]);
  assertEquals(only(actions, "welcome"), [{ type: "welcome", worker: "1" }]);
});

Deno.test("A process that was replaced does not come back", () => {
  const host = new Harness({ workers: 1 });
  host.run(3, { chunkSize: 3 });
  host.hello("1", "one");
  host.hello("1", "two");
  const actions = host.hello("1", "one");
  assertEquals(actions.map((action) => action.type), ["welcome"]);
  assert(only(actions, "welcome")[0]?.refused !== undefined);
  assertEquals(host.core.outstandingChunks, 1);
});

Deno.test("A worker that is not started in time is given up, and another asked for", () => {
  const host = new Harness({ workers: 1 });
  host.run(1);
  assertEquals(host.pass(LIMITS.queueTimeout), []);
  const actions = host.pass(250);
  const detail = "it was asked for and did not start within 60000 ms";
  assertEquals(actions, [
    { type: "stop", worker: "1", loss: { cause: "never started", detail } },
    { type: "request", workers: ["2"] },
  ]);
});

Deno.test("A worker that the cluster does not take is given up with the cluster's words", () => {
  const host = new Harness({ workers: 1 });
  host.run(1);
  host.do({ type: "delayed", worker: "1", why: "no more" });
  assertEquals(host.core.delay, "no more");
  host.pass(LIMITS.queueTimeout);
  assertEquals(stopped(host.pass(250)), [
    "1: it was asked for and did not start within 60000 ms: no more",
  ]);
  host.do({ type: "delayed", worker: "2", why: "no more" });
  host.do({ type: "delayed", worker: "2", why: undefined });
  assertEquals(host.core.delay, undefined);
});

Deno.test("A worker that started and does not say hello in time is given up", () => {
  const host = new Harness({ workers: 1 });
  host.run(1);
  host.pass(LIMITS.queueTimeout);
  host.do({ type: "workerStarted", worker: "1" });
  assertEquals(host.pass(LIMITS.startTimeout), []);
  assertEquals(stopped(host.pass(250)), [
    "1: it started and did not reach the host within 30000 ms",
  ]);
});

Deno.test("After three workers that never came a run is given up, a later one asks anew", () => {
  const host = new Harness({ workers: 1 });
  host.run(2);
  for (const worker of ["1", "2"]) {
    const actions = host.lost(worker);
    assertEquals(only(actions, "request").length, 1);
    assertEquals(only(actions, "abandon"), []);
  }
  const actions = host.lost("3", "the last one");
  assertEquals(actions, [{
    type: "abandon",
    run: 1,
    loss: { worker: "3", cause: "signal", detail: "the last one" },
    left: [{ first: 0, count: 2, attempts: 0 }],
  }]);
  assertEquals(host.core.isRunning(1), false);
  assertEquals(only(host.run(1), "request")[0]?.workers, ["4"]);
});

for (const retryDelay of [0, 100_000]) {
  Deno.test(`A run that is given up says which items are left, and how often each was tried (rests of ${retryDelay} ms)`, () => {
    const host = new Harness({ workers: 1 });
    host.run(1000, { chunkSize: 2, retryErrors: 1, retryDelay });
    const [chunk] = chunksOf(host.hello("1"));
    const handed = [
      chunk!,
      ...chunksOf(host.results("1", { chunk: chunk!.chunk, from: 0, count: 1 })),
      ...chunksOf(host.failed("1", chunk!.chunk, 1)),
    ];
    const lost = ["1", "2", "3", "4"].flatMap((worker) => host.lost(worker));
    const { left } = only(lost, "abandon")[0]!;
    const told = left.flatMap(({ first, count, attempts }) =>
      Array.from({ length: count }, (_, i) => [first + i, attempts])
    );
    const tries = (index: number) =>
      handed.filter(({ first, count }) => first <= index && index < first + count)
        .length;
    const expected = Array.from({ length: 999 }, (_, i) => [i + 1, tries(i + 1)]);
    assertEquals(told.toSorted(([a], [b]) => a! - b!), expected);
    assertEquals([tries(1) >= 1, tries(2), tries(999)], [true, 1, 0]);
  });
}

Deno.test("A run is not given up while a worker may come", () => {
  const host = new Harness({ workers: 4 });
  host.run(9);
  const actions = ["1", "2", "3"].flatMap((worker) => host.lost(worker));
  assertEquals(only(actions, "abandon"), []);
  // Two were asked for again, the third was one too many.
  assertEquals(host.core.workers(), ["4", "5", "6"]);
  host.hello("4");
  assertEquals(only(host.lost("5"), "request").length, 1);
});

Deno.test("A worker that came and was lost is replaced, though others never came", () => {
  const host = new Harness({ workers: 2 });
  host.run(9, { retries: 1 });
  host.hello("1");
  // Its machine is broken, and so is that of those after it.
  for (const worker of ["2", "3", "4"]) host.lost(worker);
  assertEquals(host.core.workers(), ["1"]);
  const actions = host.lost("1");
  assertEquals(only(actions, "abandon"), []);
  assertEquals(only(actions, "request").length, 1);
});

Deno.test("A run whose items have not come yet outlives the others that are given up", () => {
  const host = new Harness({ workers: 1 });
  const lazy = host.open();
  host.run(1);
  const actions = ["1", "2", "3"].flatMap((worker) => host.lost(worker));
  assertEquals(only(actions, "abandon").map((action) => action.run), [2]);
  assertEquals(host.core.isRunning(lazy), true);
  assertEquals(
    only(host.do({ type: "items", run: lazy, count: 1 }), "request").length,
    1,
  );
});

Deno.test("Workers are asked for before a run's first items are there", () => {
  const host = new Harness({ workers: 5 });
  const settings = host.settings(1, { expected: 3 });
  const actions = host.do({ type: "run", run: settings });
  assertEquals(only(actions, "request")[0]?.workers, ["1", "2", "3"]);
  for (const worker of ["1", "2", "3"]) host.hello(worker);
  host.do({ type: "items", run: 1, count: 1 });
  // One is enough for what came.
  assertEquals(only(host.lost("3"), "request"), []);
});

Deno.test("Workers that never come are not asked for endlessly before items are there", () => {
  const host = new Harness({ workers: 1 });
  const run = host.open({ expected: 1 });
  for (const worker of ["1", "2", "3"]) {
    assertEquals(only(host.lost(worker), "abandon"), []);
  }
  assertEquals(host.pass(10_000), []);
  assertEquals(host.core.isRunning(run), true);
  const actions = host.do({ type: "items", run, count: 1 });
  assertEquals(only(actions, "request")[0]?.workers, ["4"]);
});

Deno.test("The queue is as old as the first worker that waits in it", () => {
  const host = new Harness({ workers: 3 });
  host.run(1);
  host.now += 1000;
  host.run(2);
  assertEquals(host.core.queuedSince, START);
  host.do({ type: "workerStarted", worker: "1" });
  assertEquals(host.core.queuedSince, START + 1000);
  for (const worker of ["2", "3"]) host.do({ type: "workerStarted", worker });
  assertEquals(host.core.queuedSince, undefined);
});

Deno.test("A worker's chunk and an offset in it are an item, while it has the chunk", () => {
  const host = new Harness({ workers: 1 });
  host.run(2, { chunkSize: 2 });
  const { chunk } = chunksOf(host.hello("1"))[0]!;
  const item = { run: 1, index: 1, attempt: 1 };
  assertEquals(host.core.itemAt("1", chunk, 1), item);
  assertEquals(host.core.itemAt("1", chunk, 2), undefined);
  assertEquals(host.core.itemAt("1", chunk + 1, 0), undefined);
  assertEquals(host.core.itemAt("2", chunk, 1), undefined);
  host.results("1", { chunk, from: 0, count: 2 });
  assertEquals(host.core.itemAt("1", chunk, 1), undefined);
});

Deno.test("What prints is an item, also the last one of a worker after its end", () => {
  const host = new Harness({ workers: 1 });
  host.run(4, { chunkSize: 2 });
  const { chunk } = chunksOf(host.hello("1"))[0]!;
  const item = { run: 1, index: 1, attempt: 1 };
  assertEquals(host.core.printerAt("1", chunk, 1), item);
  const next = chunksOf(host.results("1", { chunk, from: 0, count: 2 }))[0]!.chunk;
  assertEquals(host.core.printerAt("1", chunk, 1), item);
  assertEquals(host.core.printerAt("1", chunk, 2), undefined);
  assertEquals(host.core.printerAt("2", chunk, 1), undefined);
  host.results("1", { chunk: next, from: 0, count: 2 });
  assertEquals(host.core.printerAt("1", chunk, 1), undefined);
  assertEquals(host.core.printerAt("1", next, 1), { run: 1, index: 3, attempt: 1 });
});

Deno.test("What is heard of a worker that is gone, or never was, means nothing", () => {
  const host = new Harness({ workers: 1 });
  host.run(4, { chunkSize: 2 });
  const { chunk } = chunksOf(host.hello("1"))[0]!;
  host.lost("1");
  const segments = [{ chunk, from: 0, count: 2 }];
  for (const worker of ["1", "9"]) {
    const events: CoreEvent[] = [
      { type: "workerStarted", worker },
      { type: "delayed", worker, why: "it waits" },
      { type: "workerEnded", worker, loss: loss("again") },
      { type: "heard", worker },
      { type: "moved", worker },
      { type: "disconnected", worker },
      { type: "violation", worker, detail: "nonsense" },
      { type: "began", worker, chunk },
      { type: "restarting", worker, why: "" },
      { type: "results", worker, segments, elapsed: 1, bytes: 8 },
      { type: "failed", worker, chunk, offset: 0, reason: "threw", exitStatus: 0 },
      { type: "returned", worker, cuts: [{ chunk, from: 0 }] },
      { type: "withdrawn", worker, chunks: [chunk] },
    ];
    for (const event of events) assertEquals(host.do(event), [], event.type);
  }
  assertEquals(host.core.delay, undefined);
});

Deno.test("How much an item weighs neither ends a run nor begins one", () => {
  const host = new Harness({ workers: 1 });
  const run = host.open({ expected: 1 });
  host.do({ type: "items", run, count: 1 });
  const [given] = chunksOf(host.hello("1"));
  host.do({ type: "weighed", run, weight: 1 << 20 });
  host.do({ type: "hint", run, estimate: 1 });
  const settled = host.results("1", { chunk: given!.chunk, from: 0, count: 1 });
  assertEquals(only(settled, "done"), []);
  assertEquals(only(host.do({ type: "ended", run }), "done").length, 1);
});

Deno.test("Workers are counted by their states, and those that have something as busy", () => {
  const host = new Harness({ workers: 3 });
  host.run(2, { chunkSize: 1, expected: 3 });
  const count = { requested: 3, started: 0, ready: 0, disconnected: 0, busy: 0 };
  assertEquals(host.core.count(), count);
  host.do({ type: "workerStarted", worker: "1" });
  assertEquals(host.core.count(), { ...count, requested: 2, started: 1 });
  const [given] = chunksOf(host.hello("1"));
  assertEquals(host.core.count(), { ...count, requested: 2, ready: 1, busy: 1 });
  host.do({ type: "disconnected", worker: "1" });
  assertEquals(host.core.count(), {
    ...count,
    requested: 2,
    disconnected: 1,
    busy: 1,
  });
  host.do({ type: "heard", worker: "1" });
  const [next] = chunksOf(
    host.results("1", { chunk: given!.chunk, from: 0, count: 1 }),
  );
  host.results("1", { chunk: next!.chunk, from: 0, count: 1 });
  assertEquals(host.core.count(), { ...count, requested: 2, ready: 1 });
});

Deno.test("A worker that restarts without an excuse is charged, with the reason that it gives", () => {
  for (const [why, told] of [["", "and did not say why"], ["of x", "because of x"]]) {
    const host = new Harness({ workers: 1 });
    host.run(1, { retries: 0 });
    host.hello("1");
    const [failed] = only(
      host.do({ type: "restarting", worker: "1", why: why! }),
      "fail",
    );
    const detail = `its process restarted ${told}`;
    assertEquals(failed!.failure, {
      kind: "lost",
      losses: [{ worker: "1", cause: "exit", detail }],
    });
  }
});

Deno.test("A worker that hands back nothing of a chunk keeps it", () => {
  const host = new Harness({ workers: 1 });
  host.run(2, { chunkSize: 2 });
  const { chunk } = chunksOf(host.hello("1"))[0]!;
  assertEquals(
    host.do({ type: "returned", worker: "1", cuts: [{ chunk, from: 2 }] }),
    [],
  );
  assertEquals(
    only(host.results("1", { chunk, from: 0, count: 2 }), "done").length,
    1,
  );
});

Deno.test("Only what a worker runs first can begin, and only once: it gives no more time", () => {
  const limit = 1000;
  const host = new Harness({ workers: 1 });
  host.run(2, { chunkSize: 1, timeout: limit });
  host.do({ type: "hint", run: 1, estimate: 1 });
  const given = chunksOf(host.hello("1"));
  const [first] = given;
  host.do({ type: "began", worker: "1", chunk: first!.chunk });
  assertEquals(host.core.itemAt("1", first!.chunk, 0)?.index, 0);
  const late = host.pass(limit + 5500, () => {
    host.do({ type: "began", worker: "1", chunk: first!.chunk + 1 });
  });
  assertEquals(stopped(late).length, 1);
});

Deno.test("A chunk that is handed back whole does not take the place of the last printer", () => {
  const host = new Harness({ workers: 1 });
  host.run(2, { chunkSize: 1 });
  host.do({ type: "hint", run: 1, estimate: 1 });
  const [first, second] = chunksOf(host.hello("1"));
  host.results("1", { chunk: first!.chunk, from: 0, count: 1 });
  host.do({ type: "withdrawn", worker: "1", chunks: [second!.chunk] });
  assertEquals(host.core.printerAt("1", first!.chunk, 0)?.index, 0);
});

Deno.test("An item's time begins when a worker that had nothing is given it", () => {
  const host = new Harness({ workers: 1 });
  host.run(1);
  const [first] = chunksOf(host.hello("1"));
  host.results("1", { chunk: first!.chunk, from: 0, count: 1 });
  const alive = () => host.do({ type: "heard", worker: "1" });
  host.pass(200_000, alive);
  const timeout = 1000;
  assertEquals(chunksOf(host.run(1, { timeout })).length, 1);
  // It may have to load what the item needs.
  const patience = LIMITS.loadTimeout + timeout + 5000;
  assertEquals(host.pass(patience, alive), []);
  assertEquals(stopped(host.pass(250, alive)), [
    "1: it did not end an item in time",
  ]);
});

Deno.test("An item's time without loading counts from the one before it", () => {
  const host = new Harness({ workers: 1 });
  const timeout = 1000;
  host.run(2, { timeout, chunkSize: 2 });
  const [given] = chunksOf(host.hello("1"));
  host.pass(500);
  host.results("1", { chunk: given!.chunk, from: 0, count: 1 });
  const alive = () => host.do({ type: "heard", worker: "1" });
  assertEquals(host.pass(timeout + 5000, alive), []);
  assertEquals(stopped(host.pass(250, alive)).length, 1);
});
