/**
 * How runs end before their time, and what the dispatcher's state machine makes of
 * reports that are stale or make no sense.
 *
 * @module
 */

import { assert, assertEquals } from "../fixtures/assert.ts";
import type { CoreAction } from "../../src/core/events.ts";
import { chunksOf, Harness, loss, only, stopped } from "../fixtures/core_harness.ts";

Deno.test("A cancelled run is forgotten at once and dropped by its workers", () => {
  const host = new Harness({ workers: 1 });
  host.run(20, { chunkSize: 5 });
  host.hello("1");
  assertEquals(host.do({ type: "cancel", run: 1 }), [
    { type: "cancel", worker: "1", chunks: [1] },
  ]);
  assertEquals(host.core.isRunning(1), false);
  assertEquals(host.core.outstandingChunks, 0);
  assertEquals(host.results("1", { chunk: 1, from: 0, count: 5 }), []);
  assertEquals(chunksOf(host.run(1)).length, 1);
});

Deno.test("A job that is terminated may end by itself", () => {
  const host = new Harness({ workers: 1 });
  host.run(1, { exclusive: true });
  host.hello("1");
  const actions = host.do({ type: "terminate", run: 1, grace: 2000 });
  assertEquals(actions, [{ type: "terminate", worker: "1", chunk: 1, grace: 2000 }]);
  const end = host.results("1", { chunk: 1, from: 0, count: 1 });
  assertEquals(end.map((action) => action.type), ["accept", "done"]);
});

Deno.test("A job that is terminated before it began is cancelled", () => {
  const host = new Harness({ workers: 1 });
  host.run(1, { exclusive: true });
  const actions = host.do({ type: "terminate", run: 1, grace: 2000 });
  assertEquals(actions, [
    { type: "fail", run: 1, index: 0, failure: { kind: "cancelled" }, attempts: 0 },
    { type: "done", run: 1 },
  ]);
});

Deno.test("Items that come after the termination of their run are cancelled", () => {
  const host = new Harness({ workers: 1 });
  const run = host.open();
  host.do({ type: "terminate", run, grace: 0 });
  const actions = host.do({ type: "items", run, count: 1 });
  assertEquals(actions, [
    { type: "fail", run, index: 0, failure: { kind: "cancelled" }, attempts: 0 },
  ]);
  assertEquals(host.do({ type: "ended", run }), [{ type: "done", run }]);
});

Deno.test("No worker is asked for on behalf of a run that is terminated", () => {
  const host = new Harness({ workers: 1 });
  const run = host.open({ expected: 1 });
  assertEquals(host.core.workers(), ["1"]);
  host.do({ type: "terminate", run, grace: 0 });
  assertEquals(host.lost("1"), []);
});

Deno.test("A terminated job is not tried again, neither for a throw nor for a lost worker", () => {
  for (const how of ["throw", "loss", "hand back"]) {
    const host = new Harness({ workers: 1 });
    host.run(1, { exclusive: true, retries: 9, retryErrors: 9 });
    host.hello("1");
    host.do({ type: "terminate", run: 1, grace: 100 });
    const actions = how === "throw"
      ? host.failed("1", 1, 0)
      : how === "loss"
      ? host.lost("1")
      : host.do({ type: "returned", worker: "1", cuts: [{ chunk: 1, from: 0 }] });
    assertEquals(only(actions, "fail").length, 1, how);
    assertEquals(only(actions, "done").length, 1, how);
  }
});

Deno.test("The host ends a terminated job when its worker does not", () => {
  const host = new Harness({ workers: 1 });
  host.run(1, { exclusive: true });
  host.hello("1");
  host.do({ type: "terminate", run: 1, grace: 1000 });
  const alive = () => host.do({ type: "heard", worker: "1" });
  assertEquals(host.pass(6000, alive), []);
  const detail = "it did not end an item in time";
  assertEquals(host.pass(250, alive), [
    { type: "fail", run: 1, index: 0, failure: { kind: "cancelled" }, attempts: 1 },
    { type: "done", run: 1 },
    { type: "stop", worker: "1", loss: { cause: "unreachable", detail } },
  ]);
});

Deno.test("A later termination gives a job no more time, but may give it less", () => {
  const host = new Harness({ workers: 1 });
  host.run(1, { exclusive: true });
  host.hello("1");
  const terminate = (grace: number) => {
    const actions = host.do({ type: "terminate", run: 1, grace });
    return only(actions, "terminate").map(({ grace }) => grace);
  };
  assertEquals(terminate(2000), [2000]);
  assertEquals([terminate(60_000), terminate(2000)], [[], []]);
  assertEquals(terminate(1000), [1000]);
  const alive = () => host.do({ type: "heard", worker: "1" });
  assertEquals(host.pass(6000, alive), []);
  assertEquals(only(host.pass(250, alive), "fail").length, 1);
});

Deno.test("What is still under way to a worker, or from it, is not overdue", () => {
  for (const terminated of [true, false]) {
    const host = new Harness({ workers: 1 });
    host.run(1, { exclusive: true, timeout: terminated ? 0 : 1000 });
    host.hello("1");
    host.do({ type: "began", worker: "1", chunk: 1 });
    if (terminated) host.do({ type: "terminate", run: 1, grace: 1000 });
    const moving = () => host.do({ type: "moved", worker: "1" });
    assertEquals(host.pass(60_000, moving), []);
    // It has all, and does nothing.
    const alive = () => host.do({ type: "heard", worker: "1" });
    const [failed] = only(host.pass(7000, alive), "fail");
    const kind = terminated ? "cancelled" : "timeout";
    assertEquals([failed?.index, failed?.failure], [0, { kind }]);
  }
});

Deno.test("A worker that something large comes from is not silent", () => {
  const host = new Harness({ workers: 1 });
  host.run(1);
  host.hello("1");
  const moving = () => host.do({ type: "moved", worker: "1" });
  host.pass(60_000, moving);
  assertEquals(host.core.count().ready, 1);
});

Deno.test("Stale results mean nothing", () => {
  const host = new Harness({ workers: 2 });
  host.run(2);
  const [first] = chunksOf(host.hello("1"));
  host.lost("1");
  // The scheduler was faster than the wire.
  assertEquals(host.results("1", { chunk: first!.chunk, from: 0, count: 1 }), []);
  const [again] = chunksOf(host.hello("2"));
  assertEquals(again?.first, 0);
  assertEquals(host.results("2", { chunk: first!.chunk, from: 0, count: 1 }), []);
  assertEquals(host.core.workers().includes("2"), true);
});

Deno.test("What a worker reports of another's chunk means nothing", () => {
  const host = new Harness({ workers: 2 });
  host.run(4, { chunkSize: 2 });
  host.hello("1");
  host.hello("2");
  assertEquals(host.results("2", { chunk: 1, from: 0, count: 2 }), []);
  assertEquals(host.failed("2", 1, 0), []);
  const returned = { worker: "2", cuts: [{ chunk: 1, from: 0 }] };
  assertEquals(host.do({ type: "returned", ...returned }), []);
  assertEquals(host.core.outstandingChunks, 2);
});

Deno.test("Nonsense from a worker drops it, and its items are run again", () => {
  const nonsense: ((host: Harness) => CoreAction[])[] = [
    (host) => host.results("1", { chunk: 99, from: 0, count: 1 }),
    (host) => host.results("1", { chunk: 1, from: 4, count: 2 }),
    (host) => host.results("1", { chunk: 1, from: 0, count: 1 }),
    (host) => host.failed("1", 1, 5),
    (host) => host.failed("1", 1, 0),
    (host) => host.failed("1", 99, 0),
    (host) => host.do({ type: "returned", worker: "1", cuts: [{ chunk: 1, from: 6 }] }),
    (host) => host.do({ type: "returned", worker: "1", cuts: [{ chunk: 1, from: 0 }] }),
    (host) => host.do({ type: "violation", worker: "1", detail: "gibberish" }),
  ];
  for (const [i, say] of nonsense.entries()) {
    const host = new Harness({ workers: 1 });
    host.run(5, { chunkSize: 5 });
    host.hello("1");
    host.results("1", { chunk: 1, from: 0, count: 2 });
    const actions = say(host);
    assertEquals(stopped(actions).length, 1, `case ${i}`);
    assertEquals(host.core.workers(), ["2"], `case ${i}`);
    const again = chunksOf(host.hello("2"));
    assertEquals(
      again.map(({ first, count }) => [first, count]),
      [[2, 1]],
      `case ${i}`,
    );
  }
});

Deno.test("Nonsense beside real results does not keep the worker", () => {
  const host = new Harness({ workers: 1 });
  host.run(5, { chunkSize: 5 });
  host.hello("1");
  const segments = [
    { chunk: 1, from: 0, count: 1 },
    { chunk: 99, from: 0, count: 1 },
    { chunk: 1, from: 1, count: 1 },
  ];
  const actions = host.do({
    type: "results",
    worker: "1",
    segments,
    elapsed: 1,
    bytes: 24,
  });
  assertEquals(only(actions, "accept").length, 1);
  assertEquals(only(actions, "stop").length, 1);
  assertEquals(chunksOf(actions), []);
});

Deno.test("A worker that did not say hello gets nothing, whatever else it says", () => {
  const host = new Harness({ workers: 1 });
  host.run(1);
  assertEquals(host.results("1", { chunk: 0, from: 0, count: 1 }), []);
  assertEquals(host.do({ type: "heard", worker: "1" }), []);
});

Deno.test("Closing cancels every run and sends the workers home", () => {
  const host = new Harness({ workers: 2 });
  host.run(4);
  host.hello("1");
  assertEquals(host.do({ type: "close" }), [
    { type: "cancel", worker: "1", chunks: [1] },
    { type: "leave", worker: "1" },
    { type: "stop", worker: "2" },
  ]);
  assertEquals(host.core.isRunning(1), false);
  host.lost("1", "it left");
  const [late] = only(host.hello("2"), "welcome");
  assert(late?.refused !== undefined);
  assertEquals(
    host.do({ type: "workerEnded", worker: "2", loss: loss("stopped") }),
    [],
  );
  assertEquals(host.core.workers(), []);
});
