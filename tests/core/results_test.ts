/**
 * What the dispatcher's state machine makes of results and failures, and whom it charges
 * for a lost worker.
 *
 * @module
 */

import { assert, assertEquals } from "../fixtures/assert.ts";
import {
  chunksOf,
  Harness,
  only,
  settle,
  START,
  stopped,
} from "../fixtures/core_harness.ts";

Deno.test("Results are accepted once, with the items that they are the results of", () => {
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

Deno.test("Items that a report passes over are run again", () => {
  const host = new Harness({ workers: 1 });
  host.run(5, { chunkSize: 5 });
  const [chunk] = chunksOf(host.hello("1"));
  assertEquals(chunksOf(host.failed("1", chunk!.chunk, 2, "timeout")), []);
  const again = chunksOf(host.results("1", { chunk: chunk!.chunk, from: 3, count: 2 }));
  assertEquals(again.map(({ first, count }) => [first, count]), [[0, 2]]);
});

Deno.test("Items that results pass over are run again, too", () => {
  const host = new Harness({ workers: 1 });
  host.run(5, { chunkSize: 5 });
  const [chunk] = chunksOf(host.hello("1"));
  const again = chunksOf(host.results("1", { chunk: chunk!.chunk, from: 2, count: 3 }));
  assertEquals(again.map(({ first, count }) => [first, count]), [[0, 2]]);
});

Deno.test("An item alone with a lost worker is charged, tried again, and at last fails", () => {
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
    attempts: 2,
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

Deno.test("Of several items with a lost worker none is charged, and each is run alone", () => {
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

Deno.test("An item that ends every worker fails alone; those beside it do not", () => {
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

Deno.test("An item that must be alone waits until its worker has nothing else", () => {
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

Deno.test("An item whose function threw is tried again as often as was asked for", () => {
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

Deno.test("Only a throw is tried again, not what fails for another reason", () => {
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

Deno.test("A throw is final when the user says so", () => {
  const host = new Harness({ workers: 1 });
  host.run(1, { retryErrors: 5 });
  const [first] = chunksOf(host.hello("1"));
  const actions = host.failed("1", first!.chunk, 0, "threw", true);
  assertEquals(only(actions, "fail").map((action) => action.failure), [
    { kind: "reported", reason: "threw" },
  ]);
  assertEquals(only(actions, "done").length, 1);
});

Deno.test("The user is asked about a throw only while the item could be tried again", () => {
  const host = new Harness({ workers: 1 });
  const run = host.open({ retryErrors: 1, chunkSize: 2 });
  host.do({ type: "items", run, count: 2 });
  const [first] = chunksOf(host.hello("1"));
  const asked = (chunk: number, offset: number) =>
    host.core.retriableAt("1", chunk, offset);
  const item = { run, index: 1, attempt: 1 };
  assertEquals(asked(first!.chunk, 1), item);
  assertEquals([asked(first!.chunk, 2), asked(9, 0)], [undefined, undefined]);
  host.results("1", { chunk: first!.chunk, from: 0, count: 1 });
  assertEquals([asked(first!.chunk, 0), asked(first!.chunk, 1)], [undefined, item]);
  const [again] = chunksOf(host.failed("1", first!.chunk, 1));
  assertEquals(asked(again!.chunk, 0), undefined);
  const [last] = chunksOf(host.do({ type: "items", run, count: 1 }));
  host.failed("1", again!.chunk, 0);
  assertEquals(asked(last!.chunk, 0)?.index, 2);
  host.do({ type: "terminate", run, grace: 1000 });
  assertEquals(asked(last!.chunk, 0), undefined);
});

Deno.test("The host ends an overdue item when its worker does not", () => {
  const host = new Harness({ workers: 1 });
  host.run(1, { timeout: 1000 });
  host.hello("1");
  host.do({ type: "began", worker: "1", chunk: 1 });
  const alive = () => host.do({ type: "heard", worker: "1" });
  assertEquals(only(host.pass(6000, alive), "stop"), []);
  const actions = host.pass(500, alive);
  const detail = "it did not end an item in time";
  assertEquals(actions, [
    { type: "fail", run: 1, index: 0, failure: { kind: "timeout" }, attempts: 1 },
    { type: "done", run: 1 },
    { type: "stop", worker: "1", loss: { cause: "unreachable", detail } },
  ]);
});

Deno.test("Of several items the host cannot know which is overdue, and runs each alone", () => {
  const host = new Harness({ workers: 1 });
  host.run(3, { chunkSize: 3, timeout: 1000, retries: 0 });
  host.hello("1");
  host.do({ type: "began", worker: "1", chunk: 1 });
  const alive = () => host.do({ type: "heard", worker: "1" });
  const actions = host.pass(6500, alive);
  assertEquals(only(actions, "fail"), []);
  assertEquals(stopped(actions), ["1: it did not end an item in time"]);
  // The result of the first was held back in a thread that hangs in the second.
  const [first] = chunksOf(host.hello("2"));
  assertEquals([first?.first, first?.count, first?.attempt], [0, 1, 2]);
});

Deno.test("An item's time begins when the item does, however long its code is loaded", () => {
  const host = new Harness({ workers: 1, loadTimeout: 40_000 });
  host.run(1, { timeout: 1000 });
  host.hello("1");
  const alive = () => host.do({ type: "heard", worker: "1" });
  assertEquals(only(host.pass(39_000, alive), "stop"), []);
  host.do({ type: "began", worker: "1", chunk: 1 });
  assertEquals(only(host.pass(6000, alive), "stop"), []);
  assertEquals(only(host.pass(500, alive), "fail").map(({ failure }) => failure), [
    { kind: "timeout" },
  ]);
});

Deno.test("Loading has a limit with the host, too, for when its worker keeps none", () => {
  const host = new Harness({ workers: 1, loadTimeout: 40_000 });
  host.run(1, { timeout: 1000 });
  host.hello("1");
  const alive = () => host.do({ type: "heard", worker: "1" });
  assertEquals(only(host.pass(46_000, alive), "stop"), []);
  assertEquals(stopped(host.pass(500, alive)), [
    "1: it did not end an item in time",
  ]);
});

Deno.test("An item's time begins when the one before it has ended", () => {
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

Deno.test("An item is not overdue because its worker fell silent", () => {
  const host = new Harness({ workers: 1, silenceTimeout: 60_000 });
  host.run(1, { timeout: 1000 });
  host.hello("1");
  host.pass(2000, () => host.do({ type: "heard", worker: "1" }));
  assertEquals(only(host.pass(10_000), "fail"), []);
  // Its result was on the way for so long, or the host was busy with something else.
  const actions = host.results("1", { chunk: 1, from: 0, count: 1 });
  assertEquals(only(actions, "accept").length, 1);
});

Deno.test("An item is not overdue as soon as its worker is back", () => {
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

Deno.test("What a worker hands back after a failure is run again", () => {
  const host = new Harness({ workers: 1 });
  host.run(4, { chunkSize: 2, timeout: 1000 });
  const [first] = chunksOf(host.hello("1"));
  host.failed("1", first!.chunk, 0, "timeout");
  const actions = host.do({
    type: "returned",
    worker: "1",
    cuts: [{ chunk: first!.chunk, from: 1 }],
  });
  assertEquals(
    chunksOf(actions).map(({ first, count, attempt }) => [first, count, attempt]),
    [[1, 1, 1]],
  );
});

Deno.test("Items that are handed back again and again, without a word why, fail at last", () => {
  const host = new Harness({ workers: 1 });
  const actions = host.run(3, { chunkSize: 3, retries: 1 });
  actions.push(...host.hello("1"));
  const failed: number[] = [];
  for (let steps = 0; host.core.isRunning(1); steps++) {
    assert(steps < 20, "it never ends");
    const [chunk] = chunksOf(actions.splice(0));
    const returned = { worker: "1", cuts: [{ chunk: chunk!.chunk, from: 0 }] };
    actions.push(...host.do({ type: "returned", ...returned }));
    failed.push(...only(actions, "fail").map((action) => action.index));
  }
  assertEquals(failed.toSorted(), [0, 1, 2]);
});

Deno.test("Work that a worker says took for ever leaves other items what they are", () => {
  const host = new Harness({ workers: 1 });
  const run = host.open();
  host.do({ type: "hint", run, estimate: 0.001 });
  const first = host.do({ type: "items", run, count: 100 });
  const waiting = [...chunksOf(first), ...chunksOf(host.hello("1"))];
  let settled = 0;
  while (settled < 100) {
    const { chunk, first, count } = waiting.shift()!;
    assertEquals(first, settled);
    const segments = [{ chunk, from: 0, count }];
    const event = { worker: "1", segments, elapsed: 1.5e308, bytes: 8 };
    waiting.push(...chunksOf(host.do({ type: "results", ...event })));
    settled += count;
  }
});

Deno.test("Whole chunks that are handed back again and again after a recall run alone", () => {
  const host = new Harness({ workers: 2 });
  host.run(4, { chunkSize: 4, retries: 0 });
  let [chunk] = chunksOf(host.hello("1"));
  host.hello("2");
  let rounds = 0;
  for (let worker = "1"; chunk!.count > 1; rounds++) {
    // It does what it always does; that it was also asked to is no excuse for ever.
    let recalled = false;
    while (!recalled) {
      recalled = only(host.pass(5), "recall").length > 0;
      assert(host.now < START + 200_000, "it is never asked");
    }
    const event = {
      type: "returned",
      worker,
      cuts: [{ chunk: chunk!.chunk, from: 0 }],
    } as const;
    const [next] = only(host.do(event), "assign");
    worker = next!.worker;
    chunk = next!.chunks[0];
  }
  assert(rounds > 20, `${rounds}`);
  assertEquals(chunk?.attempt, 2);
});
