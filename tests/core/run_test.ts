import { assertEquals } from "../fixtures/assert.ts";
import type { RunSettings } from "../../src/core/events.ts";
import { type Range, Run } from "../../src/core/run.ts";
import { loss } from "../fixtures/core_harness.ts";

function runOf(available: number, settings: Partial<RunSettings> = {}): Run {
  const run = new Run({
    id: 1,
    retries: 1,
    retryErrors: 1,
    retryDelay: 0,
    retryFactor: 1,
    timeout: 0,
    chunkSize: "auto",
    expected: 0,
    exclusive: false,
    ...settings,
  });
  return Object.assign(run, { available });
}

/** Takes all that waits, by so many items at most. */
function takenOf(run: Run, most: number): [first: number, count: number][] {
  const taken: Range[] = [];
  for (let range; (range = run.take(most));) taken.push(range);
  return taken.map(({ first, count }) => [first, count]);
}

Deno.test("What is handed back goes out first, in order, and as one where it is one", () => {
  const run = runOf(10);
  assertEquals(run.take(9), { first: 0, count: 9 });
  for (const first of [5, 1, 2, 7, 6, 0]) run.giveBack({ first, count: 1 });
  run.giveBack({ first: 3, count: 0 });
  assertEquals(run.pending, 7);
  assertEquals(takenOf(run, 2), [[0, 1], [1, 2], [5, 2], [7, 1], [9, 1]]);
  assertEquals(run.pending, 0);
  for (const first of [3, 4, 5]) run.giveBack({ first, count: 1 });
  assertEquals(takenOf(run, 9), [[3, 3]]);
});

Deno.test("What threw is tried again before all else, in the order in which it threw", () => {
  const run = runOf(9);
  run.take(4);
  run.giveBack({ first: 2, count: 2 });
  for (const index of [1, 0]) {
    assertEquals(run.mayRetry(index), true);
    run.retryError(index, 0);
  }
  assertEquals(takenOf(run, 4), [[1, 1], [0, 1], [2, 2], [4, 4], [8, 1]]);
  assertEquals(run.mayRetry(1), false);
  assertEquals([run.attempt(0), run.attempt(1), run.attempt(2)], [2, 2, 1]);
});

Deno.test("What rests waits again when its time has come, in the order of the times", () => {
  const run = runOf(5, { retryErrors: 9, retryDelay: 100, retryFactor: 3 });
  run.take(5);
  for (const [index, now] of [[0, 0], [1, 50], [4, 60], [2, 60]] as const) {
    run.retryError(index, now);
  }
  assertEquals([run.pending, run.restsUntil, run.resting()], [0, 100, [0, 1, 4, 2]]);
  run.rouse(99);
  assertEquals([run.pending, run.restsUntil], [0, 100]);
  run.rouse(155);
  assertEquals([run.pending, run.restsUntil, run.resting()], [2, 160, [4, 2]]);
  assertEquals(takenOf(run, 4), [[0, 1], [1, 1]]);
  // The second time it rests for 300 ms.
  run.retryError(0, 160);
  run.retryError(3, 170);
  assertEquals(run.resting(), [4, 2, 3, 0]);
  run.rouse(Infinity);
  assertEquals(takenOf(run, 4), [[4, 1], [2, 1], [3, 1], [0, 1]]);
  assertEquals(run.restsUntil, Infinity);
});

Deno.test("An item rests no longer than a timer can take, however large the factor", () => {
  const run = runOf(1, { retryErrors: 9, retryDelay: 1, retryFactor: 1e300 });
  for (const rest of [1, 2 ** 31 - 1, 2 ** 31 - 1]) {
    run.take(1);
    run.retryError(0, 0);
    assertEquals(run.restsUntil, rest);
    run.rouse(Infinity);
  }
});

Deno.test("An item is charged with the losses of its worker, and forgotten when it is settled", () => {
  const run = runOf(3);
  run.take(3);
  assertEquals(run.charge(1, loss("one")), undefined);
  assertEquals(run.takeSuspect(), { first: 1, count: 1 });
  assertEquals(run.takeSuspect(), undefined);
  assertEquals(run.attempt(1), 2);
  assertEquals(run.charge(1, loss("two")), [loss("one"), loss("two")]);
  run.handedBack = 7;
  run.settle(0, 3);
  assertEquals([run.attempt(1), run.handedBack, run.settled], [1, 0, 3]);
});

Deno.test("A slower item is believed at once, a quicker one by half", () => {
  const run = runOf(9);
  const estimates = [[1, 8], [2, 8], [1, 10], [4, 8]].map(([count, elapsed]) => {
    run.measure(count!, elapsed!, 0);
    return run.estimate;
  });
  assertEquals(estimates, [8, 6, 10, 6]);
  run.atLeast(5);
  assertEquals(run.estimate, 6);
  run.atLeast(7);
  assertEquals(run.estimate, 7);
});
