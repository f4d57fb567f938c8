/**
 * What the dispatcher's state machine does, one behaviour at a time. The simulation in
 * `tests/simulation/` looks for what nobody thought of.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { AssignedChunk } from "../../src/protocol/messages.ts";
import type { CoreAction } from "../../src/dispatcher/events.ts";
import { Harness, LIMITS, loss, only } from "./harness.ts";

function chunksOf(actions: CoreAction[]): AssignedChunk[] {
  return only(actions, "assign").flatMap((action) => action.chunks);
}

/** Settles whole chunks, in order, at so many milliseconds for each item. */
function settle(
  host: Harness,
  worker: string,
  chunks: AssignedChunk[],
  each: number,
): CoreAction[] {
  return chunks.flatMap(({ chunk, count }) =>
    host.results(worker, { chunk, from: 0, count }, each * count)
  );
}

/** A worker that is ready and has worked for a run whose items take `each` ms. */
function measured(host: Harness, run: number, each: number): void {
  host.do({ type: "items", run, count: 1 });
  const [first] = chunksOf(host.hello("1"));
  settle(host, "1", [first!], each);
}

Deno.test("workers are asked for when items wait, no more than may be, no more than items", () => {
  const host = new Harness({ workers: 3 });
  const run = host.open();
  const [first] = only(host.do({ type: "items", run, count: 2 }), "request");
  assertEquals(first?.workers, ["1", "2"]);
  const [second] = only(host.do({ type: "items", run, count: 5 }), "request");
  assertEquals(second?.workers, ["3"]);
});

Deno.test("a run without items is over when its source has ended", () => {
  const host = new Harness();
  assertEquals(only(host.run(0), "done"), [{ type: "done", run: 1 }]);
  assertEquals(host.core.isRunning(1), false);
});

Deno.test("the first item goes alone until the time per item is known", () => {
  const host = new Harness({ workers: 1 });
  host.run(1000);
  const first = chunksOf(host.hello("1"));
  assertEquals(first, [{ chunk: 1, first: 0, count: 1, attempt: 1 }]);
  assertEquals(host.do({ type: "heard", worker: "1" }), []);
  const next = chunksOf(settle(host, "1", first, 1));
  assertEquals(next[0], { chunk: 2, first: 1, count: 10, attempt: 1 });
});

Deno.test("chunks grow to about ten milliseconds of work and shrink to the end", () => {
  const host = new Harness({ workers: 1 });
  host.run(60);
  const sizes: number[] = [];
  let done = false;
  for (let chunks = chunksOf(host.hello("1")); chunks.length > 0;) {
    sizes.push(...chunks.map((chunk) => chunk.count));
    const actions = settle(host, "1", chunks, 1);
    done = only(actions, "done").length === 1;
    chunks = chunksOf(actions);
  }
  assertEquals(sizes, [1, 10, 10, 10, 10, 10, 5, 2, 1, 1]);
  assert(done);
});

Deno.test("not more than some twenty milliseconds of work wait with a worker", () => {
  const host = new Harness({ workers: 1 });
  const run = host.open();
  measured(host, run, 1);
  const given = chunksOf(host.do({ type: "items", run, count: 1000 }));
  assertEquals(given.map((chunk) => chunk.count), [10, 10]);
});

Deno.test("a few short items are shared out among all workers", () => {
  const host = new Harness({ workers: 4 });
  const run = host.open();
  measured(host, run, 5);
  const given = [chunksOf(host.do({ type: "items", run, count: 8 }))];
  for (const worker of ["2", "3", "4"]) given.push(chunksOf(host.hello(worker)));
  const items = given.map((chunks) =>
    chunks.reduce((sum, { count }) => sum + count, 0)
  );
  assertEquals(items, [2, 2, 2, 2]);
});

Deno.test("an item that takes long is handed out one ahead, very long ones are not", () => {
  for (const [each, ahead] of [[50, 2], [5000, 1]] as const) {
    const host = new Harness({ workers: 1 });
    const run = host.open();
    measured(host, run, each);
    const given = chunksOf(host.do({ type: "items", run, count: 10 }));
    assertEquals(given.map((chunk) => chunk.count), Array(ahead).fill(1));
  }
});

Deno.test("chunks with large results are kept small", () => {
  const host = new Harness({ workers: 1 });
  host.run(1000);
  const [first] = chunksOf(host.hello("1"));
  const segments = [{ chunk: first!.chunk, from: 0, count: 1 }];
  const bytes = 300_000;
  const next = chunksOf(
    host.do({ type: "results", worker: "1", segments, elapsed: 0.01, bytes }),
  );
  assertEquals(next.map((chunk) => chunk.count), [3, 3, 3]);
});

Deno.test("a chunk size that was asked for is kept", () => {
  const host = new Harness({ workers: 1 });
  host.run(25, { chunkSize: 7 });
  const sizes: number[] = [];
  for (let chunks = chunksOf(host.hello("1")); chunks.length > 0;) {
    sizes.push(...chunks.map((chunk) => chunk.count));
    chunks = chunksOf(settle(host, "1", chunks, 1));
  }
  assertEquals(sizes, [7, 7, 7, 4]);
});

Deno.test("a Job waits for an idle worker", () => {
  const host = new Harness({ workers: 1 });
  const map = host.open();
  measured(host, map, 1);
  const [item] = chunksOf(host.do({ type: "items", run: map, count: 1 }));
  assertEquals(chunksOf(host.run(1, { exclusive: true })), []);
  const given = only(settle(host, "1", [item!], 1), "assign");
  assertEquals(given.map((action) => action.run), [2]);
});

Deno.test("nothing waits behind a Job on its worker", () => {
  const host = new Harness({ workers: 1 });
  const map = host.open();
  measured(host, map, 1);
  const [job] = chunksOf(host.run(1, { exclusive: true }));
  assertEquals(chunksOf(host.do({ type: "items", run: map, count: 1 })), []);
  const given = only(settle(host, "1", [job!], 1), "assign");
  assertEquals(given.map((action) => action.run), [map]);
});

Deno.test("an item does not wait behind another run's item, which may take for ever", () => {
  const host = new Harness({ workers: 2 });
  const quick = host.open();
  measured(host, quick, 1);
  host.run(1);
  const actions = host.do({ type: "items", run: quick, count: 1 });
  assertEquals(actions, [{ type: "request", workers: ["2"] }]);
  assertEquals(chunksOf(host.hello("2")).length, 1);
});

Deno.test("results are accepted once, with the items that they are the results of", () => {
  const host = new Harness({ workers: 1 });
  host.run(10, { chunkSize: 5 });
  host.hello("1");
  const actions = host.do({
    type: "results",
    worker: "1",
    segments: [{ chunk: 1, from: 0, count: 2 }, { chunk: 1, from: 2, count: 3 }],
    elapsed: 1,
    bytes: 40,
  });
  assertEquals(only(actions, "accept"), [
    { type: "accept", run: 1, segment: 0, first: 0, count: 2 },
    { type: "accept", run: 1, segment: 1, first: 2, count: 3 },
  ]);
  assertEquals(only(host.results("1", { chunk: 1, from: 0, count: 2 }), "accept"), []);
});

Deno.test("items that a report passes over are run again", () => {
  const host = new Harness({ workers: 1 });
  host.run(5, { chunkSize: 5 });
  const [chunk] = chunksOf(host.hello("1"));
  assertEquals(chunksOf(host.failed("1", chunk!.chunk, 2, "timeout")), []);
  const again = chunksOf(host.results("1", { chunk: chunk!.chunk, from: 3, count: 2 }));
  assertEquals(again.map(({ first, count }) => [first, count]), [[0, 2]]);
});

Deno.test("items that results pass over are run again, too", () => {
  const host = new Harness({ workers: 1 });
  host.run(5, { chunkSize: 5 });
  const [chunk] = chunksOf(host.hello("1"));
  const again = chunksOf(host.results("1", { chunk: chunk!.chunk, from: 2, count: 3 }));
  assertEquals(again.map(({ first, count }) => [first, count]), [[0, 2]]);
});

Deno.test("an item alone with a lost worker is charged, tried again, and at last fails", () => {
  const host = new Harness({ workers: 1 });
  host.run(1, { retries: 1 });
  host.hello("1");
  const first = host.lost("1", "first");
  assertEquals(only(first, "request")[0]?.workers, ["2"]);
  assertEquals(chunksOf(host.hello("2"))[0]?.attempt, 2);
  const second = host.lost("2", "second");
  assertEquals(only(second, "fail"), [{
    type: "fail",
    run: 1,
    index: 0,
    failure: {
      kind: "lost",
      losses: [
        { worker: "1", cause: "signal", detail: "first" },
        { worker: "2", cause: "signal", detail: "second" },
      ],
    },
  }]);
  assertEquals(only(second, "done").length, 1);
});

Deno.test("of several items with a lost worker none is charged, and each is run alone", () => {
  const host = new Harness({ workers: 1 });
  host.run(6, { chunkSize: 3, retries: 0 });
  host.hello("1");
  assertEquals(only(host.lost("1"), "fail"), []);
  let chunks = chunksOf(host.hello("2"));
  for (const index of [0, 1, 2]) {
    assertEquals(chunks.map(({ first, count, attempt }) => [first, count, attempt]), [
      [index, 1, 2],
    ]);
    chunks = chunksOf(settle(host, "2", chunks, 1));
  }
  assertEquals(chunks.map(({ first, count }) => [first, count]), [[3, 3]]);
});

Deno.test("an item that ends every worker fails alone; those beside it do not", () => {
  const host = new Harness({ workers: 1 });
  host.run(3, { chunkSize: 3, retries: 1 });
  const failed: number[] = [];
  const accepted: number[] = [];
  for (let worker = 1; host.core.isRunning(1); worker++) {
    assert(worker < 9, "it never ends");
    let actions = host.hello(`${worker}`);
    for (
      let chunks = chunksOf(actions);
      chunks.length > 0;
      chunks = chunksOf(actions)
    ) {
      const poisoned = chunks.some(({ first, count }) =>
        first <= 1 && 1 < first + count
      );
      actions = poisoned
        ? host.lost(`${worker}`)
        : settle(host, `${worker}`, chunks, 1);
      failed.push(...only(actions, "fail").map((action) => action.index));
      accepted.push(...only(actions, "accept").map((action) => action.first));
    }
  }
  assertEquals(failed, [1]);
  assertEquals(accepted.toSorted(), [0, 2]);
});

Deno.test("an item that must be alone waits until its worker has nothing else", () => {
  const host = new Harness({ workers: 2 });
  host.run(9, { chunkSize: 3 });
  host.hello("1");
  const [others] = chunksOf(host.hello("2"));
  assertEquals(chunksOf(host.lost("1")), []);
  const { chunk } = others!;
  assertEquals(chunksOf(host.results("2", { chunk, from: 0, count: 2 })), []);
  const next = chunksOf(host.results("2", { chunk, from: 2, count: 1 }));
  assertEquals(next.map(({ first, count }) => [first, count]), [[0, 1]]);
});

Deno.test("an item whose function threw is tried again as often as was asked for", () => {
  const host = new Harness({ workers: 1 });
  host.run(1, { retryErrors: 1 });
  const [first] = chunksOf(host.hello("1"));
  const [again] = chunksOf(host.failed("1", first!.chunk, 0));
  assertEquals([again?.first, again?.attempt], [0, 2]);
  const actions = host.failed("1", again!.chunk, 0);
  assertEquals(only(actions, "fail").map((action) => action.failure), [
    { kind: "reported", reason: "threw" },
  ]);
  assertEquals(only(actions, "done").length, 1);
});

Deno.test("only a throw is tried again, not what fails for another reason", () => {
  for (const reason of ["timeout", "cancelled", "exited", "unserializable"] as const) {
    const host = new Harness({ workers: 1 });
    host.run(1, { retryErrors: 5 });
    const [first] = chunksOf(host.hello("1"));
    const actions = host.failed("1", first!.chunk, 0, reason);
    assertEquals(only(actions, "fail").map((action) => action.failure), [
      { kind: "reported", reason },
    ]);
  }
});

Deno.test("the host ends an overdue item when its worker does not", () => {
  const host = new Harness({ workers: 1 });
  host.run(1, { timeout: 1000 });
  host.hello("1");
  const alive = () => host.do({ type: "heard", worker: "1" });
  assertEquals(only(host.pass(6000, alive), "stop"), []);
  const actions = host.pass(500, alive);
  assertEquals(actions, [
    { type: "fail", run: 1, index: 0, failure: { kind: "timeout" } },
    { type: "done", run: 1 },
    { type: "stop", worker: "1" },
  ]);
});

Deno.test("of several items the host cannot know which is overdue, and runs each alone", () => {
  const host = new Harness({ workers: 1 });
  host.run(3, { chunkSize: 3, timeout: 1000, retries: 0 });
  host.hello("1");
  const alive = () => host.do({ type: "heard", worker: "1" });
  const actions = host.pass(6500, alive);
  assertEquals(only(actions, "fail"), []);
  assertEquals(only(actions, "stop"), [{ type: "stop", worker: "1" }]);
  // The result of the first was held back in a thread that hangs in the second.
  const [first] = chunksOf(host.hello("2"));
  assertEquals([first?.first, first?.count, first?.attempt], [0, 1, 2]);
});

Deno.test("an item's time begins when the one before it has ended", () => {
  const host = new Harness({ workers: 1 });
  host.run(3, { chunkSize: 3, timeout: 1000 });
  host.hello("1");
  const alive = () => host.do({ type: "heard", worker: "1" });
  for (const from of [0, 1, 2]) {
    assertEquals(only(host.pass(5500, alive), "fail"), []);
    host.results("1", { chunk: 1, from, count: 1 });
  }
  assertEquals(host.core.isRunning(1), false);
});

Deno.test("an item is not overdue because its worker fell silent", () => {
  const host = new Harness({ workers: 1, silenceTimeout: 60_000 });
  host.run(1, { timeout: 1000 });
  host.hello("1");
  host.pass(2000, () => host.do({ type: "heard", worker: "1" }));
  assertEquals(only(host.pass(10_000), "fail"), []);
  // Its result was on the way for so long, or the host was busy with something else.
  const actions = host.results("1", { chunk: 1, from: 0, count: 1 });
  assertEquals(only(actions, "accept").length, 1);
});

Deno.test("an item is not overdue as soon as its worker is back", () => {
  const host = new Harness({ workers: 1 });
  host.run(1, { timeout: 1000 });
  host.hello("1");
  host.do({ type: "disconnected", worker: "1" });
  host.pass(10_000);
  host.hello("1");
  assertEquals(only(host.pass(5000), "fail"), []);
  const actions = host.results("1", { chunk: 1, from: 0, count: 1 });
  assertEquals(only(actions, "accept").length, 1);
});

Deno.test("a silent worker counts as disconnected, and after the grace as lost", () => {
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

Deno.test("a worker that comes back in time keeps its items", () => {
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

Deno.test("a disconnected worker gets nothing until it is heard of", () => {
  const host = new Harness({ workers: 1 });
  host.run(2);
  host.hello("1");
  host.do({ type: "disconnected", worker: "1" });
  assertEquals(host.pass(5000), []);
  const given = chunksOf(host.results("1", { chunk: 1, from: 0, count: 1 }));
  assertEquals(given.length, 1);
});

Deno.test("a worker that the run does not expect is refused", () => {
  const host = new Harness({ workers: 1 });
  host.run(1);
  const [action] = only(host.hello("17"), "welcome");
  assert(action?.refused !== undefined);
  host.lost("1");
  const [late] = only(host.hello("1"), "welcome");
  assert(late?.refused !== undefined);
});

Deno.test("a worker that restarts hands back all that it has, and is not blamed for it", () => {
  const host = new Harness({ workers: 1 });
  host.run(4, { chunkSize: 2, timeout: 1000, retries: 0 });
  const [first] = chunksOf(host.hello("1", "one"));
  // The worker has ended the first item, and is given more before it can say so.
  assertEquals(chunksOf(host.failed("1", first!.chunk, 0, "timeout")), []);
  assertEquals(host.do({ type: "restarting", worker: "1" }), []);
  assertEquals(host.core.outstandingChunks, 0);
  const again = chunksOf(host.hello("1", "two"));
  assertEquals(again.map(({ first, count, attempt }) => [first, count, attempt]), [
    [1, 1, 1],
  ]);
});

Deno.test("a worker may restart because it was told to drop what it runs", () => {
  const host = new Harness({ workers: 1 });
  host.run(1);
  host.run(1, { retries: 0 });
  host.hello("1", "one");
  // The next one is on its way to the worker when that restarts.
  assertEquals(chunksOf(host.do({ type: "cancel", run: 1 })).length, 1);
  assertEquals(host.do({ type: "restarting", worker: "1" }), []);
  const [again] = chunksOf(host.hello("1", "two"));
  assertEquals(again?.attempt, 1);
});

Deno.test("a worker that restarts is given nothing until its next process says hello", () => {
  const host = new Harness({ workers: 1 });
  host.run(2);
  const [first] = chunksOf(host.hello("1", "one"));
  host.failed("1", first!.chunk, 0, "timeout");
  host.do({ type: "restarting", worker: "1" });
  assertEquals(host.do({ type: "heard", worker: "1" }), []);
  // The one that ends asks whether its reports have come.
  assertEquals(host.hello("1", "one"), [{ type: "welcome", worker: "1" }]);
  assertEquals(chunksOf(host.hello("1", "two")).length, 1);
});

Deno.test("a worker that does not come back from its restart is given up", () => {
  const host = new Harness({ workers: 1 });
  host.run(2);
  const [first] = chunksOf(host.hello("1"));
  host.failed("1", first!.chunk, 0, "timeout");
  host.do({ type: "restarting", worker: "1" });
  assertEquals(host.pass(LIMITS.startTimeout), []);
  assertEquals(host.pass(250), [
    { type: "stop", worker: "1" },
    { type: "request", workers: ["2"] },
  ]);
});

Deno.test("an item whose worker restarts again and again, for no reason, fails at last", () => {
  const host = new Harness({ workers: 1 });
  host.run(1, { retries: 1 });
  host.hello("1", "process 0");
  for (let i = 1; host.core.isRunning(1); i++) {
    assert(i < 5, "it never ends");
    host.do({ type: "restarting", worker: "1" });
    host.hello("1", `process ${i}`);
  }
});

Deno.test("a process that another one has replaced without a word was lost", () => {
  const host = new Harness({ workers: 1 });
  host.run(1, { retries: 0 });
  host.hello("1", "one");
  const actions = host.hello("1", "two");
  assertEquals(only(actions, "fail").map((action) => action.failure), [{
    kind: "lost",
    losses: [{
      worker: "1",
      cause: "exit",
      detail: "its process was started anew without a word",
    }],
  }]);
  assertEquals(only(actions, "welcome"), [{ type: "welcome", worker: "1" }]);
});

Deno.test("a process that was replaced does not come back", () => {
  const host = new Harness({ workers: 1 });
  host.run(3, { chunkSize: 3 });
  host.hello("1", "one");
  host.hello("1", "two");
  const actions = host.hello("1", "one");
  assertEquals(actions.map((action) => action.type), ["welcome"]);
  assert(only(actions, "welcome")[0]?.refused !== undefined);
  assertEquals(host.core.outstandingChunks, 1);
});

Deno.test("a worker that is not started in time is given up, and another asked for", () => {
  const host = new Harness({ workers: 1 });
  host.run(1);
  assertEquals(host.pass(LIMITS.queueTimeout), []);
  const actions = host.pass(250);
  assertEquals(actions, [
    { type: "stop", worker: "1" },
    { type: "request", workers: ["2"] },
  ]);
});

Deno.test("a worker that started and does not say hello in time is given up", () => {
  const host = new Harness({ workers: 1 });
  host.run(1);
  host.pass(LIMITS.queueTimeout);
  host.do({ type: "workerStarted", worker: "1" });
  assertEquals(host.pass(LIMITS.startTimeout), []);
  assertEquals(only(host.pass(250), "stop"), [{ type: "stop", worker: "1" }]);
});

Deno.test("after three workers that never came a run is given up, a later one asks anew", () => {
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
  }]);
  assertEquals(host.core.isRunning(1), false);
  assertEquals(only(host.run(1), "request")[0]?.workers, ["4"]);
});

Deno.test("a run is not given up while a worker may come", () => {
  const host = new Harness({ workers: 4 });
  host.run(9);
  const actions = ["1", "2", "3"].flatMap((worker) => host.lost(worker));
  assertEquals(only(actions, "abandon"), []);
  // Two were asked for again, the third was one too many.
  assertEquals(host.core.workers(), ["4", "5", "6"]);
  host.hello("4");
  assertEquals(only(host.lost("5"), "request").length, 1);
});

Deno.test("a worker that came and was lost is replaced, though others never came", () => {
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

Deno.test("a run whose items have not come yet outlives the others that are given up", () => {
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

Deno.test("workers are asked for before a run's first items are there", () => {
  const host = new Harness({ workers: 5 });
  const settings = host.settings(1, { expected: 3 });
  const actions = host.do({ type: "run", run: settings });
  assertEquals(only(actions, "request")[0]?.workers, ["1", "2", "3"]);
  for (const worker of ["1", "2", "3"]) host.hello(worker);
  host.do({ type: "items", run: 1, count: 1 });
  // One is enough for what came.
  assertEquals(only(host.lost("3"), "request"), []);
});

Deno.test("workers that never come are not asked for endlessly before items are there", () => {
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

Deno.test("a cancelled run is forgotten at once and dropped by its workers", () => {
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

Deno.test("a job that is terminated may end by itself", () => {
  const host = new Harness({ workers: 1 });
  host.run(1, { exclusive: true });
  host.hello("1");
  const actions = host.do({ type: "terminate", run: 1, grace: 2000 });
  assertEquals(actions, [{ type: "terminate", worker: "1", chunk: 1, grace: 2000 }]);
  const end = host.results("1", { chunk: 1, from: 0, count: 1 });
  assertEquals(end.map((action) => action.type), ["accept", "done"]);
});

Deno.test("a job that is terminated before it began is cancelled", () => {
  const host = new Harness({ workers: 1 });
  host.run(1, { exclusive: true });
  const actions = host.do({ type: "terminate", run: 1, grace: 2000 });
  assertEquals(actions, [
    { type: "fail", run: 1, index: 0, failure: { kind: "cancelled" } },
    { type: "done", run: 1 },
  ]);
});

Deno.test("items that come after the termination of their run are cancelled", () => {
  const host = new Harness({ workers: 1 });
  const run = host.open();
  host.do({ type: "terminate", run, grace: 0 });
  const actions = host.do({ type: "items", run, count: 1 });
  assertEquals(actions, [
    { type: "fail", run, index: 0, failure: { kind: "cancelled" } },
  ]);
  assertEquals(host.do({ type: "ended", run }), [{ type: "done", run }]);
});

Deno.test("a terminated job is not tried again, neither for a throw nor for a lost worker", () => {
  for (const how of ["throw", "loss", "hand back"]) {
    const host = new Harness({ workers: 1 });
    host.run(1, { exclusive: true, retries: 9, retryErrors: 9 });
    host.hello("1");
    host.do({ type: "terminate", run: 1, grace: 100 });
    const actions = how === "throw"
      ? host.failed("1", 1, 0)
      : how === "loss"
      ? host.lost("1")
      : host.do({ type: "returned", worker: "1", chunk: 1, from: 0 });
    assertEquals(only(actions, "fail").length, 1, how);
    assertEquals(only(actions, "done").length, 1, how);
  }
});

Deno.test("the host ends a terminated job when its worker does not", () => {
  const host = new Harness({ workers: 1 });
  host.run(1, { exclusive: true });
  host.hello("1");
  host.do({ type: "terminate", run: 1, grace: 1000 });
  const alive = () => host.do({ type: "heard", worker: "1" });
  assertEquals(host.pass(6000, alive), []);
  assertEquals(host.pass(250, alive), [
    { type: "fail", run: 1, index: 0, failure: { kind: "cancelled" } },
    { type: "done", run: 1 },
    { type: "stop", worker: "1" },
  ]);
});

Deno.test("stale results mean nothing", () => {
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

Deno.test("what a worker reports of another's chunk means nothing", () => {
  const host = new Harness({ workers: 2 });
  host.run(4, { chunkSize: 2 });
  host.hello("1");
  host.hello("2");
  assertEquals(host.results("2", { chunk: 1, from: 0, count: 2 }), []);
  assertEquals(host.failed("2", 1, 0), []);
  const returned = { worker: "2", chunk: 1, from: 0 };
  assertEquals(host.do({ type: "returned", ...returned }), []);
  assertEquals(host.core.outstandingChunks, 2);
});

Deno.test("nonsense from a worker drops it, and its items are run again", () => {
  const nonsense: ((host: Harness) => CoreAction[])[] = [
    (host) => host.results("1", { chunk: 99, from: 0, count: 1 }),
    (host) => host.results("1", { chunk: 1, from: 4, count: 2 }),
    (host) => host.results("1", { chunk: 1, from: 0, count: 1 }),
    (host) => host.failed("1", 1, 5),
    (host) => host.failed("1", 1, 0),
    (host) => host.failed("1", 99, 0),
    (host) => host.do({ type: "returned", worker: "1", chunk: 1, from: 6 }),
    (host) => host.do({ type: "returned", worker: "1", chunk: 1, from: 0 }),
    (host) => host.do({ type: "violation", worker: "1", detail: "gibberish" }),
  ];
  for (const [i, say] of nonsense.entries()) {
    const host = new Harness({ workers: 1 });
    host.run(5, { chunkSize: 5 });
    host.hello("1");
    host.results("1", { chunk: 1, from: 0, count: 2 });
    const actions = say(host);
    assertEquals(only(actions, "stop"), [{ type: "stop", worker: "1" }], `case ${i}`);
    assertEquals(host.core.workers(), ["2"], `case ${i}`);
    const again = chunksOf(host.hello("2"));
    assertEquals(
      again.map(({ first, count }) => [first, count]),
      [[2, 1]],
      `case ${i}`,
    );
  }
});

Deno.test("nonsense beside real results does not keep the worker", () => {
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

Deno.test("a worker that did not say hello gets nothing, whatever else it says", () => {
  const host = new Harness({ workers: 1 });
  host.run(1);
  assertEquals(host.results("1", { chunk: 0, from: 0, count: 1 }), []);
  assertEquals(host.do({ type: "heard", worker: "1" }), []);
});

Deno.test("what a worker hands back after a failure is run again", () => {
  const host = new Harness({ workers: 1 });
  host.run(4, { chunkSize: 2, timeout: 1000 });
  const [first] = chunksOf(host.hello("1"));
  host.failed("1", first!.chunk, 0, "timeout");
  const actions = host.do({
    type: "returned",
    worker: "1",
    chunk: first!.chunk,
    from: 1,
  });
  assertEquals(
    chunksOf(actions).map(({ first, count, attempt }) => [first, count, attempt]),
    [[1, 1, 1]],
  );
});

Deno.test("items that are handed back again and again, without a word why, fail at last", () => {
  const host = new Harness({ workers: 1 });
  const actions = host.run(3, { chunkSize: 3, retries: 1 });
  actions.push(...host.hello("1"));
  const failed: number[] = [];
  for (let steps = 0; host.core.isRunning(1); steps++) {
    assert(steps < 20, "it never ends");
    const [chunk] = chunksOf(actions.splice(0));
    const returned = { worker: "1", chunk: chunk!.chunk, from: 0 };
    actions.push(...host.do({ type: "returned", ...returned }));
    failed.push(...only(actions, "fail").map((action) => action.index));
  }
  assertEquals(failed.toSorted(), [0, 1, 2]);
});

Deno.test("a source is asked for more only when half of what there was is used up", () => {
  const host = new Harness({ workers: 1 });
  const run = host.open({ chunkSize: 5 });
  assertEquals(host.do({ type: "items", run, count: 20 }).map(({ type }) => type), [
    "request",
  ]);
  const asked = [];
  for (let chunks = chunksOf(host.hello("1")); chunks.length > 0;) {
    const [chunk] = chunks;
    const actions = host.results("1", { chunk: chunk!.chunk, from: 0, count: 5 }, 5000);
    asked.push(only(actions, "pull").map(({ count }) => count));
    chunks = chunksOf(actions);
  }
  assertEquals(asked, [[10], [], [10], []]);
});

Deno.test("what was asked of a source and has not come is not asked for again", () => {
  const host = new Harness({ workers: 1 });
  const settings = host.settings(1, { chunkSize: 1 });
  const opened = host.do({ type: "run", run: settings });
  assertEquals(opened, [{ type: "pull", run: 1, count: 4 }]);
  assertEquals(host.pass(1000), []);
  host.do({ type: "items", run: 1, count: 1 });
  const [item] = chunksOf(host.hello("1"));
  // One was used up and three are still to come.
  const actions = host.results("1", { chunk: item!.chunk, from: 0, count: 1 });
  assertEquals(only(actions, "pull"), []);
});

Deno.test("a source that has ended, or whose run is over, is not asked", () => {
  const host = new Harness({ workers: 1 });
  host.run(1);
  const [item] = chunksOf(host.hello("1"));
  assertEquals(only(settle(host, "1", [item!], 1), "pull"), []);
  const run = host.open();
  host.do({ type: "terminate", run, grace: 0 });
  assertEquals(host.pass(1000), []);
});

Deno.test("runs are served in the order in which they began", () => {
  const host = new Harness({ workers: 1 });
  host.run(2);
  host.run(2);
  const order: number[] = [];
  for (let actions = host.hello("1"); chunksOf(actions).length > 0;) {
    const assigned = only(actions, "assign");
    order.push(...assigned.flatMap(({ run, chunks }) => chunks.map(() => run)));
    actions = settle(host, "1", chunksOf(actions), 1000);
  }
  assertEquals(order, [1, 1, 2, 2]);
});

Deno.test("closing cancels every run and sends the workers home", () => {
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
