/**
 * What the dispatcher's state machine hands out, to whom, and in which portions. The
 * simulation in `tests/simulation/` looks for what nobody thought of.
 *
 * @module
 */

import { assert, assertEquals } from "../fixtures/assert.ts";
import type { CoreAction } from "../../src/core/events.ts";
import type { AssignedChunk } from "../../src/protocol/messages.ts";
import {
  chunksOf,
  Harness,
  LIMITS,
  measured,
  only,
  settle,
  START,
} from "../fixtures/core_harness.ts";

Deno.test("Workers are asked for when items wait, no more than may be, no more than items", () => {
  const host = new Harness({ workers: 3 });
  const run = host.open();
  const [first] = only(host.do({ type: "items", run, count: 2 }), "request");
  assertEquals(first?.workers, ["1", "2"]);
  const [second] = only(host.do({ type: "items", run, count: 5 }), "request");
  assertEquals(second?.workers, ["3"]);
});

Deno.test("A run without items is over when its source has ended", () => {
  const host = new Harness();
  assertEquals(only(host.run(0), "done"), [{ type: "done", run: 1 }]);
  assertEquals(host.core.isRunning(1), false);
});

Deno.test("The first item goes alone until the time per item is known", () => {
  const host = new Harness({ workers: 1 });
  host.run(1000);
  const first = chunksOf(host.hello("1"));
  assertEquals(first, [{ chunk: 1, first: 0, count: 1, attempt: 1 }]);
  assertEquals(host.do({ type: "heard", worker: "1" }), []);
  const next = chunksOf(settle(host, "1", first, 1));
  assertEquals(next[0], { chunk: 2, first: 1, count: 10, attempt: 1 });
});

Deno.test("Large arguments are handed out a few at a time, however quick they are", () => {
  const host = new Harness({ workers: 1 });
  const run = host.open();
  measured(host, run, 0.001);
  host.do({ type: "weighed", run, weight: 1 << 19 });
  const given = chunksOf(host.do({ type: "items", run, count: 1000 }));
  assertEquals(given.map(({ count }) => count), [2, 2]);
});

Deno.test("What took little time before is handed out at once, some items to each", () => {
  const host = new Harness({ workers: 2 });
  const run = host.open();
  host.do({ type: "items", run, count: 1 });
  const [alone] = chunksOf(host.hello("1"));
  assertEquals(alone?.count, 1);
  const other = host.open();
  host.do({ type: "hint", run: other, estimate: 0.001 });
  const given = chunksOf(host.do({ type: "items", run: other, count: 1000 }));
  assertEquals(given, []);
  const now = chunksOf(settle(host, "1", [alone!], 1));
  assertEquals(now.reduce((sum, { count }) => sum + count, 0), 16);
});

Deno.test("Numbers that took little time before are handed out as if it were known", () => {
  const host = new Harness({ workers: 1 });
  const run = host.open();
  host.do({ type: "hint", run, estimate: 0.001 });
  host.do({ type: "weighed", run, weight: 8 });
  host.do({ type: "items", run, count: 100_000 });
  const given = chunksOf(host.hello("1"));
  assertEquals(given.map(({ count }) => count), [10_000, 10_000]);
});

Deno.test("A few items that together take no time go to one worker", () => {
  const host = new Harness({ workers: 2 });
  const run = host.open({ expected: 2 });
  measured(host, run, 0.001);
  host.hello("2");
  const assigned = only(host.do({ type: "items", run, count: 10 }), "assign");
  assertEquals(assigned.map(({ chunks }) => chunks.map(({ count }) => count)), [[10]]);
});

Deno.test("Chunks grow to about ten milliseconds of work and shrink to the end", () => {
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
  assertEquals(sizes, [1, 10, 10, 10, 8, 6, 4, 3, 2, 2, 2, 1, 1]);
  assert(done);
});

Deno.test("Not more than some twenty milliseconds of work wait with a worker", () => {
  const host = new Harness({ workers: 1 });
  const run = host.open();
  measured(host, run, 1);
  const given = chunksOf(host.do({ type: "items", run, count: 1000 }));
  assertEquals(given.map((chunk) => chunk.count), [10, 10]);
});

Deno.test("A few short items are shared out among all workers", () => {
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

Deno.test("An item that takes long is handed out one ahead, very long ones are not", () => {
  for (const [each, ahead] of [[50, 2], [5000, 1]] as const) {
    const host = new Harness({ workers: 1 });
    const run = host.open();
    measured(host, run, each);
    const given = chunksOf(host.do({ type: "items", run, count: 10 }));
    assertEquals(given.map((chunk) => chunk.count), Array(ahead).fill(1));
  }
});

Deno.test("Chunks with large results are kept small", () => {
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

Deno.test("A chunk size that was asked for is kept", () => {
  const host = new Harness({ workers: 1 });
  host.run(25, { chunkSize: 7 });
  const sizes: number[] = [];
  for (let chunks = chunksOf(host.hello("1")); chunks.length > 0;) {
    sizes.push(...chunks.map((chunk) => chunk.count));
    chunks = chunksOf(settle(host, "1", chunks, 1));
  }
  assertEquals(sizes, [7, 7, 7, 4]);
});

Deno.test("A Job waits for an idle worker", () => {
  const host = new Harness({ workers: 1 });
  const map = host.open();
  measured(host, map, 1);
  const [item] = chunksOf(host.do({ type: "items", run: map, count: 1 }));
  assertEquals(chunksOf(host.run(1, { exclusive: true })), []);
  const given = only(settle(host, "1", [item!], 1), "assign");
  assertEquals(given.map((action) => action.run), [2]);
});

Deno.test("Nothing waits behind a Job on its worker", () => {
  const host = new Harness({ workers: 1 });
  const map = host.open();
  measured(host, map, 1);
  const [job] = chunksOf(host.run(1, { exclusive: true }));
  assertEquals(chunksOf(host.do({ type: "items", run: map, count: 1 })), []);
  const given = only(settle(host, "1", [job!], 1), "assign");
  assertEquals(given.map((action) => action.run), [map]);
});

Deno.test("An item does not wait behind another run's item, which may take for ever", () => {
  const host = new Harness({ workers: 2 });
  const quick = host.open();
  measured(host, quick, 1);
  host.run(1);
  const actions = host.do({ type: "items", run: quick, count: 1 });
  assertEquals(actions, [{ type: "request", workers: ["2"] }]);
  assertEquals(chunksOf(host.hello("2")).length, 1);
});

Deno.test("A source is asked for more only when half of what there was is used up", () => {
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

Deno.test("What was asked of a source and has not come is not asked for again", () => {
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

Deno.test("A source that has ended, or whose run is over, is not asked", () => {
  const host = new Harness({ workers: 1 });
  host.run(1);
  const [item] = chunksOf(host.hello("1"));
  assertEquals(only(settle(host, "1", [item!], 1), "pull"), []);
  const run = host.open();
  host.do({ type: "terminate", run, grace: 0 });
  assertEquals(host.pass(1000), []);
});

Deno.test("Runs are served in the order in which they began", () => {
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

/** Two workers, one of which has the ten items that there are. */
function oneHasAll(
  host = new Harness({ workers: 2 }),
): { host: Harness; run: number; given: AssignedChunk; wake: CoreAction[] } {
  const run = host.open({ expected: 2 });
  measured(host, run, 0.001);
  host.hello("2");
  const actions = host.do({ type: "items", run, count: 10 });
  host.do({ type: "ended", run });
  return { host, run, given: chunksOf(actions)[0]!, wake: only(actions, "wake") };
}

Deno.test("A worker that is stuck hands back what waits, for one without work", () => {
  const { host, given: { chunk, first }, wake } = oneHasAll();
  assertEquals(wake, [{ type: "wake", after: 5 }]);
  host.now += 20;
  const actions = host.do({ type: "tick" });
  assertEquals(only(actions, "recall"), [{ type: "recall", worker: "1" }]);
  const returned = {
    type: "returned",
    worker: "1",
    cuts: [{ chunk, from: 1 }],
  } as const;
  const [other] = only(host.do(returned), "assign");
  assertEquals(other?.worker, "2");
  // They may take as long.
  assertEquals(other?.chunks.map(({ first, count }) => [first, count]), [
    [first + 1, 1],
    [first + 2, 1],
  ]);
  // Nothing is put behind the item again, until that has come to its end.
  const next = settle(host, "2", other!.chunks, 0.001);
  assertEquals(only(next, "assign").map(({ worker }) => worker), ["2", "2"]);
});

Deno.test("Something to recall is looked for once in five milliseconds, not at each event", () => {
  const { host, wake } = oneHasAll();
  assertEquals(wake, [{ type: "wake", after: 5 }]);
  for (const [time, wakes] of [[0, 0], [4, 0], [1, 1], [0, 0], [5, 1]] as const) {
    host.now += time;
    const actions = host.do({ type: "heard", worker: "2" });
    assertEquals(only(actions, "wake").length, wakes, `at ${host.now}`);
  }
});

Deno.test("A worker that has nothing of what was recalled is given work ahead again", () => {
  for (const how of ["cancelled", "started anew", "settled"]) {
    const host = new Harness({ workers: 2 });
    const earlier = host.open();
    const { run, given: { chunk } } = oneHasAll(host);
    host.now += 20;
    assertEquals(only(host.do({ type: "tick" }), "recall").length, 1, how);
    host.lost("2");
    if (how === "cancelled") host.do({ type: "cancel", run });
    if (how === "settled") host.results("1", { chunk, from: 0, count: 10 });
    host.do({ type: "hint", run: earlier, estimate: 50 });
    const actions = host.do({ type: "items", run: earlier, count: 10 });
    if (how === "started anew") actions.push(...host.hello("1", "another process"));
    const next = only(actions, "assign");
    assertEquals(next.map(({ chunks }) => chunks.length), [2], how);
  }
});

Deno.test("Of several that are stuck, as many hand back as have nothing to do", () => {
  for (const idle of [1, 2]) {
    const host = new Harness({ workers: 4 });
    const runs = [1, 2, 3].map(() => host.open({ chunkSize: 10 }));
    for (const run of runs) host.do({ type: "items", run, count: 10 });
    const workers = host.core.workers();
    for (const worker of workers.slice(0, 3)) host.hello(worker);
    // Those that wait have come, and the third worker has its items still.
    if (idle === 2) host.results("3", { chunk: 3, from: 0, count: 10 }, 1e-3);
    host.now += 100;
    const recalls = only(host.hello(workers[3]!), "recall");
    assertEquals(recalls.length, idle);
  }
});

Deno.test("Nothing is recalled of a worker that is cut off", () => {
  const { host } = oneHasAll();
  host.do({ type: "disconnected", worker: "1" });
  host.now += 20;
  assertEquals(only(host.do({ type: "tick" }), "recall"), []);
  const back = host.do({ type: "heard", worker: "1" });
  host.now += 5;
  const later = host.do({ type: "tick" });
  assertEquals(only([...back, ...later], "recall").length, 1);
});

Deno.test("A recall that is not answered is repeated, ever more rarely", () => {
  const { host } = oneHasAll();
  const times: number[] = [];
  const begin = host.now;
  while (host.now < begin + 4000) {
    host.now += 5;
    const actions = host.do({ type: "tick" });
    if (only(actions, "recall").length > 0) times.push(host.now - begin);
    assertEquals(only(actions, "wake"), [{ type: "wake", after: 5 }]);
  }
  assertEquals(times, [20, 40, 80, 160, 320, 640, 1280, 2280, 3280]);
});

Deno.test("What is on its way to a worker is recalled when it has arrived", () => {
  const { host } = oneHasAll();
  const times: number[] = [];
  const begin = host.now;
  const pass = (time: number, moved = false) => {
    for (const end = host.now + time; host.now < end;) {
      host.now += 5;
      if (moved) host.do({ type: "moved", worker: "1" });
      const actions = host.do({ type: "tick" });
      if (only(actions, "recall").length > 0) times.push(host.now - begin);
    }
  };
  pass(500, true);
  assertEquals(times, []);
  pass(1000);
  // Of these the worker saw none, for the way was slow.
  assertEquals(times, [520, 540, 580, 660, 820, 1140]);
  pass(5, true);
  pass(100);
  assertEquals(times.slice(6), [1525, 1565]);
});

Deno.test("What a worker hands back goes to another first, and round ever more rarely", () => {
  const host = new Harness({ workers: 2 });
  host.run(10, { chunkSize: 10 });
  const [given] = chunksOf(host.hello("1"));
  host.hello("2");
  let holder: [string, number] = ["1", given!.chunk];
  const holders: string[] = [];
  for (; host.now < START + 5000; host.now += 5) {
    const [recall] = only(host.do({ type: "tick" }), "recall");
    if (!recall) continue;
    // Both workers are still loading the code; or it never left the host.
    const [worker, chunk] = holder;
    assertEquals(recall.worker, worker);
    const actions = host.do(
      holders.length % 3 === 0
        ? { type: "withdrawn", worker, chunks: [chunk] }
        : { type: "returned", worker, cuts: [{ chunk, from: 0 }] },
    );
    const [next] = only(actions, "assign");
    holder = [next!.worker, next!.chunks[0]!.chunk];
    holders.push(holder[0]);
  }
  assertEquals(holders.slice(0, 6), ["2", "1", "2", "1", "2", "1"]);
  assert(holders.length < 25, `${holders.length} times`);
});

Deno.test("Thousands of chunks that are handed back at once go on at once, without blame", () => {
  const host = new Harness({ workers: 2 });
  const run = host.open({ chunkSize: 1, retries: 0, expected: 2 });
  host.do({ type: "hint", run, estimate: 1e-3 });
  host.hello("1");
  const given = chunksOf(host.do({ type: "items", run, count: 3000 }));
  const others = chunksOf(host.hello("2"));
  assertEquals([given.length, others.length], [1500, 1500]);
  settle(host, "2", others, 1e-3);
  host.now += 100;
  const [recall] = only(host.do({ type: "tick" }), "recall");
  assertEquals(recall?.worker, "1");
  const cuts = given.slice(1).map(({ chunk }) => ({ chunk, from: 0 }));
  const actions = host.do({ type: "returned", worker: "1", cuts });
  assertEquals(actions.map(({ type }) => type), ["assign"]);
  // After such a wait no more than one ahead.
  assertEquals(chunksOf(actions).map(({ first }) => first), [1, 2]);
  host.results("1", { chunk: given[0]!.chunk, from: 0, count: 1 });
  assertEquals(host.core.count().ready, 2);
});

Deno.test("A chunk that was recalled before it was sent is no sign of life", () => {
  const { host, given: { chunk } } = oneHasAll();
  const heard = () => host.do({ type: "heard", worker: "2" });
  host.pass(20);
  while (host.core.count().ready === 2) {
    assert(host.now < START + 3 * LIMITS.silenceTimeout, "it never counts as silent");
    heard();
    host.do({ type: "withdrawn", worker: "1", chunks: [chunk] });
    host.pass(250);
  }
  assertEquals(host.core.count().disconnected, 1);
});

Deno.test("A worker that handed items back is blamed for no other", () => {
  const { host, given: { chunk, first } } = oneHasAll();
  host.now += 20;
  host.do({ type: "tick" });
  host.do({ type: "returned", worker: "1", cuts: [{ chunk, from: 1 }] });
  const [again] = chunksOf(host.lost("1"));
  assertEquals(again, undefined);
  const alone = host.hello("3");
  assertEquals(chunksOf(alone).map(({ first, attempt }) => [first, attempt]), [
    [first, 2],
  ]);
});

Deno.test("Nothing is recalled while every worker has work", () => {
  const { host } = oneHasAll();
  host.run(1);
  host.now += 20;
  assertEquals(only(host.do({ type: "tick" }), "recall"), []);
});

Deno.test("Items are recalled before another worker has nothing left to do", () => {
  const host = new Harness({ workers: 2 });
  const run = host.open({ expected: 2 });
  measured(host, run, 2);
  const first = chunksOf(host.do({ type: "items", run, count: 16 }));
  const given = [...chunksOf(host.hello("2"))];
  // The second is quick, until nothing waits and it has one item left.
  let recalls: CoreAction[] = [];
  while (recalls.length === 0) {
    const { chunk, count } = given[0]!;
    const from = given.length === 1 ? count - 1 : count;
    const segments = [{ chunk, from: 0, count: from }];
    const event = { worker: "2", segments, elapsed: 2 * from, bytes: 8 * from };
    const actions = host.do({ type: "results", ...event });
    if (from === count) given.shift();
    given.push(...chunksOf(actions));
    recalls = only(actions, "recall");
  }
  assertEquals(recalls, [{ type: "recall", worker: "1" }]);
  assertEquals(given.length, 1);
  // Nothing is put behind what runs there, until that has come to its end: it could not
  // be taken back again.
  const next: CoreAction[] = [];
  const [one, ...others] = first;
  for (const { chunk } of others.toReversed()) {
    next.push(
      ...host.do({ type: "returned", worker: "1", cuts: [{ chunk, from: 0 }] }),
    );
  }
  next.push(
    ...host.do({
      type: "returned",
      worker: "1",
      cuts: [{ chunk: one!.chunk, from: 1 }],
    }),
  );
  const workers = only(next, "assign").map(({ worker }) => worker);
  assertEquals(new Set(workers), new Set(["2"]));
  assertEquals(only(next, "recall"), []);
});

Deno.test("A chunk size that was asked for is recalled only for who has nothing to do", () => {
  const host = new Harness({ workers: 2 });
  const run = host.open({ chunkSize: 3, expected: 2 });
  measured(host, run, 100);
  host.hello("2");
  const actions = host.do({ type: "items", run, count: 4 });
  const counts = only(actions, "assign").map(({ chunks }) => chunks[0]!.count);
  assertEquals([counts, only(actions, "recall")], [[3, 1], []]);
});

Deno.test("Long items that wait are recalled at once", () => {
  const host = new Harness({ workers: 2 });
  const run = host.open({ chunkSize: 2, expected: 2 });
  measured(host, run, 100);
  host.do({ type: "items", run, count: 2 });
  const actions = only(host.hello("2"), "recall");
  assertEquals(actions, [{ type: "recall", worker: "1" }]);
});
