import { assert, assertEquals } from "../fixtures/assert.ts";
import { WorkerLostError } from "../../src/errors.ts";
import type { WorkerRecord } from "../../src/report/record.ts";
import { chunksOf } from "../fixtures/core_harness.ts";
import { Recorded } from "./_recorded.ts";

const ONE_BY_ONE = { chunkSize: 1 };

function bars({ bars }: WorkerRecord): number[][] {
  return bars.map(([from, to, , tries, failed, kind]) => [
    from,
    to,
    tries,
    failed,
    kind,
  ]);
}

Deno.test("Bars lie where items ran, by the time of their news and how long they took", () => {
  const host = new Recorded(3, 1);
  host.run(3, ONE_BY_ONE);
  host.now = 100;
  host.do({ type: "workerStarted", worker: "1" });
  host.now = 150;
  host.hello("1");
  host.now = 200;
  host.ran("1", 1, 40);
  host.now = 320;
  host.ran("1", 2, 100);
  host.now = 350;
  host.ran("1", 3, 10);
  const { workers: [worker], items, times, budget, ...record } = host.record;
  assertEquals(bars(worker!), [
    [160, 200, 1, 0, 0],
    [220, 320, 1, 0, 0],
    [340, 350, 1, 0, 0],
  ]);
  assertEquals([worker?.asked, worker?.started, worker?.ready], [0, 100, 150]);
  assertEquals([items.done, items.failed, items.retried], [3, 0, 0]);
  assertEquals([times.least, times.most, times.sum], [10, 100, 150]);
  const expected = { work: 150, wasted: 0, idle: 50, starting: 50, queued: 100 };
  assertEquals(budget, expected);
  assertEquals([record.peak, record.ideal], [1, 150]);
  assertEquals(record.efficiency, 150 / 350);
  assertEquals(record.slowest.map(({ index, at }) => [index, at]), [
    [1, 220],
    [0, 160],
    [2, 340],
  ]);
});

Deno.test("A worker that is there has not waited longer, though news of its start are late", () => {
  const host = new Recorded(1, 1);
  host.run(1, ONE_BY_ONE);
  host.now = 100;
  host.hello("1");
  host.now = 200;
  host.do({ type: "workerStarted", worker: "1" });
  host.ran("1", 1, 40);
  const { workers: [worker], budget } = host.record;
  assertEquals([worker?.started, worker?.ready], [100, 100]);
  assertEquals([budget.starting, budget.queued], [0, 100]);
});

Deno.test("A failed item is a failed bar, and listed with its error", () => {
  const host = new Recorded(2, 1);
  host.run(2, ONE_BY_ONE);
  host.hello("1");
  host.now = 30;
  host.took("1", 1, 0, 20);
  host.failed("1", 1, 0);
  host.now = 50;
  host.ran("1", 2, 20);
  const { workers: [worker], failures, causes, items, budget } = host.record;
  assertEquals(bars(worker!), [[10, 30, 1, 1, 0], [30, 50, 1, 0, 0]]);
  assertEquals(
    failures.map(({ index, name, message, worker, at }) => {
      return [index, name, message, worker, at];
    }),
    [[0, "RangeError", "no", "1", 30]],
  );
  assertEquals(causes, [["RangeError", 1]]);
  assertEquals([items.done, items.failed], [1, 1]);
  assertEquals([budget.work, budget.wasted], [40, 0]);
});

Deno.test("A try that is tried again is work lost, and counted", () => {
  const host = new Recorded(1, 1);
  host.run(1, { retryErrors: 1 });
  host.hello("1");
  host.now = 20;
  host.took("1", 1, 0, 20);
  const [again] = chunksOf(host.failed("1", 1, 0));
  host.now = 50;
  host.ran("1", again!.chunk, 30);
  const { items, budget, failures } = host.record;
  assertEquals([items.done, items.failed, items.retried], [1, 0, 1]);
  assertEquals([budget.work, budget.wasted], [30, 20]);
  assertEquals(failures, []);
});

Deno.test("An item that was ended from outside has run until then", () => {
  const host = new Recorded(1, 1);
  host.run(1, { timeout: 100 });
  host.hello("1");
  host.now = 110;
  host.failed("1", 1, 0, "timeout");
  assertEquals(bars(host.record.workers[0]!), [[0, 110, 1, 1, 0]]);
});

Deno.test("A lost worker ends where it was lost, with the work that is lost", () => {
  const host = new Recorded(3, 2);
  host.run(3, ONE_BY_ONE);
  host.hello("1");
  host.hello("2");
  host.now = 20;
  host.ran("1", 1, 20);
  host.now = 70;
  host.lost("1");
  host.now = 90;
  const { workers: [worker, , next], losses, lossCount, peak } = host.record;
  assertEquals(bars(worker!), [[0, 20, 1, 0, 0], [20, 70, 1, 0, 1]]);
  assertEquals([worker!.lost, worker!.cause], [70, "signal"]);
  assertEquals(next?.asked, 70);
  assertEquals([lossCount, peak], [1, 2]);
  const [loss] = losses;
  assertEquals([loss?.worker, loss?.detail, loss?.host, loss?.pid, loss?.at], [
    "1",
    "1 was killed",
    "node",
    7,
    70,
  ]);
  assertEquals([loss?.items, loss?.wasted], [1, 50]);
});

Deno.test("A worker that the host gives up is lost once, for the host's reason", () => {
  const host = new Recorded(1, 1);
  host.run(1);
  host.hello("1");
  host.do({ type: "violation", worker: "1", detail: "gibberish" });
  host.lost("1", "it was stopped");
  const { losses } = host.record;
  assertEquals(losses.map(({ detail }) => detail), ["gibberish"]);
});

Deno.test("What a worker hands back is not with it any more", () => {
  const host = new Recorded(8, 1);
  host.run(8, { chunkSize: 4 });
  host.hello("1");
  host.now = 30;
  host.took("1", 1, 0, 10);
  host.results("1", { chunk: 1, from: 0, count: 1 });
  host.do({ type: "returned", worker: "1", cuts: [{ chunk: 1, from: 2 }] });
  host.now = 50;
  host.took("1", 1, 1, 20);
  host.results("1", { chunk: 1, from: 1, count: 1 });
  host.now = 60;
  host.lost("1");
  const { losses: [loss], workers: [worker] } = host.record;
  assertEquals(bars(worker!).slice(0, 2), [[20, 30, 1, 0, 0], [30, 50, 1, 0, 0]]);
  // All that it has not run, for it was given again what it handed back.
  assertEquals([loss?.items, loss?.wasted], [6, 10]);
});

Deno.test("What runs when the run ends is cancelled", () => {
  const host = new Recorded(2, 2);
  host.run(2);
  host.hello("1");
  host.now = 40;
  assertEquals(bars(host.record.workers[0]!), [[0, 40, 1, 0, 3]]);
  host.recorder.finish({ how: "aborted", error: "enough" }, 50);
  host.now = 999;
  const { wall, ending, workers: [worker] } = host.record;
  assertEquals(bars(worker!), [[0, 50, 1, 0, 2]]);
  assertEquals([wall, ending?.how], [50, "aborted"]);
});

Deno.test("What is told of chunks of other runs is passed over", () => {
  const host = new Recorded(1, 1);
  host.run(1);
  host.hello("1");
  host.now = 10;
  host.took("1", 99, 0, 5);
  host.took("1", 1, 7, 5);
  host.took("nobody", 1, 0, 5);
  assertEquals(host.record.times.count, 0);
});

Deno.test("A million items take no more room than a few thousand", () => {
  const items = 1_000_000;
  const host = new Recorded(items, 1);
  const run = host.open({ expected: 1 });
  host.hello("1");
  // The core of the tests checks itself after each event, which takes long with so many.
  const { recorder } = host;
  const event = { type: "items", run, count: 1000 } as const;
  for (let chunk = 1; chunk <= items / 1000; chunk++) {
    const chunks = [{ chunk, first: 1000 * (chunk - 1), count: 1000, attempt: 1 }];
    recorder.observe(event, [{ type: "assign", worker: "1", run, chunks }], host.now);
    host.now += 1000;
    const times = Array.from({ length: 1000 }, (_, offset) => {
      return [chunk, offset, offset === 500 ? 100 : 0.5];
    });
    recorder.took("1", new Float64Array(times.flat()), host.now);
  }
  const { workers: [worker], times, slowest, ...record } = host.record;
  assertEquals([times.count, worker!.tries], [items, items]);
  assert(worker!.bars.length <= 2000 && worker!.bars.length > 500);
  const tries = worker!.bars.reduce((sum, [, , , tries]) => sum + tries, 0);
  assertEquals(tries, items);
  const busy = worker!.bars.reduce((sum, [, , busy]) => sum + busy, 0);
  assert(Math.abs(busy / record.budget.work - 1) < 0.001);
  assert(record.resolution > 0);
  assertEquals(slowest.length, 20);
  assert(slowest.every(({ elapsed }) => elapsed === 100));
});

Deno.test("Of many failures the first are listed, and all counted by their class", () => {
  const host = new Recorded(0);
  for (let index = 0; index < 1000; index++) {
    class Odd extends Error {
      override name = `Odd${index % 100}`;
    }
    host.recorder.failed(index, new Odd("x".repeat(10_000)), { name: "f", index }, 0);
  }
  const { failures, causes } = host.record;
  assertEquals(failures.length, 100);
  assert(failures.every(({ message }) => message.length < 3000));
  assertEquals(causes.length, 21);
  assertEquals(causes.reduce((sum, [, count]) => sum + count, 0), 1000);
  assertEquals(causes.at(-1)?.[0], "others");
});

Deno.test("Whatever is thrown is described", () => {
  const host = new Recorded(0);
  const odd = Object.assign(new Error(), { name: 7, message: null, stack: undefined });
  const lost = new WorkerLostError("gone", [{ cause: "signal", detail: "killed" }]);
  for (const thrown of ["text", null, Object.create(null), odd, lost]) {
    host.recorder.failed(0, thrown, { name: "f", index: 0 }, 0);
  }
  assertEquals(host.record.failures.map(({ name, message }) => [name, message]), [
    ["thrown string", "text"],
    ["thrown object", "null"],
    ["thrown object", "[Object: null prototype] {}"],
    ["7", "null"],
    ["WorkerLostError (signal)", "gone"],
  ]);
});
