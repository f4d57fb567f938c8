import { assert, assertEquals } from "../fixtures/assert.ts";
import {
  epoch,
  IDLE,
  LOADING,
  RunningItem,
} from "../../src/worker/between/running_item.ts";
import { bounded } from "../fixtures/tools.ts";
import { BLOCKED, interleave, withSteps } from "./_interleavings.ts";

/** The numbers come round while it goes on. */
const FIRST = 2 ** 30 - 1000;
const ITEMS = 200_000;
/** How long the thread may stand still: far longer than all of it takes. */
const SECONDS = 20;

/** The memory, as it is when so many items have begun; the thread and the event loop. */
function bothSides(begun = 0, type = RunningItem) {
  const memory = new SharedArrayBuffer(type.SIZE);
  new Int32Array(memory)[0] = begun;
  return { memory, thread: new type(memory), loop: new type(memory) };
}

Deno.test("Every item is begun by the thread or taken back, never both", async () => {
  const { memory, loop } = bothSides(FIRST - 1);
  const given = new Int32Array(new SharedArrayBuffer(8));
  const begun = new Int32Array(new SharedArrayBuffer(4 * ITEMS));
  const takenBack = new Int32Array(ITEMS);
  const module = new URL("_recalled.ts", import.meta.url).href;
  const thread = new Worker(module, { type: "module" });
  const said = () =>
    bounded(
      new Promise((resolve, reject) => {
        thread.onmessage = resolve;
        thread.onerror = reject;
      }),
      SECONDS,
    );
  try {
    const ready = said();
    thread.postMessage({ memory, given, begun });
    await ready;
    const done = said();
    const late = Date.now() + SECONDS * 1000;
    let recalls = 0;
    for (let next = 0, end = 0; next < ITEMS; next = end) {
      end = Math.min(ITEMS, next + 1 + (next * 7919) % 50);
      Atomics.store(given, 0, end);
      Atomics.notify(given, 0);
      // Until it is too late.
      let item: number | undefined;
      while (item === undefined && Atomics.load(given, 1) < end - 1) {
        assert(Date.now() < late, `the thread stands still at ${given[1]}`);
        item = loop.recall(RunningItem.after(FIRST, end));
      }
      if (item === undefined) continue;
      const first = RunningItem.distance(item, FIRST);
      if (first < end) recalls++;
      for (let i = first; i < end; i++) takenBack[i]!++;
    }
    await done;
    assert(recalls > 0);
    const wrong = begun.findIndex((count, i) => count + takenBack[i]! !== 1);
    assertEquals(wrong, -1);
  } finally {
    // Only by its own end does it end.
    Atomics.store(given, 0, ITEMS);
    Atomics.notify(given, 0);
    thread.terminate();
  }
});

Deno.test("Nothing is taken back of a thread that has no more than it runs", () => {
  const { thread, loop } = bothSides();
  assert(thread.begin(0));
  assertEquals(loop.recall(2), undefined);
  assert(thread.begin(0));
});

Deno.test("What was taken back is not begun; what comes after it is", () => {
  const { thread, loop } = bothSides();
  assert(thread.begin(0));
  assertEquals(loop.recall(4), 2);
  // Once is enough, until the thread has seen it.
  assertEquals(loop.recall(4), undefined);
  const begun = [2, 3, 4, 5].map(() => thread.begin(0));
  assertEquals(begun, [false, false, true, true]);
  assertEquals(loop.recall(7), 6);
});

Deno.test("What is given after a recall is taken back while the same item runs, too", () => {
  const { thread, loop } = bothSides();
  assert(thread.begin(0));
  assertEquals(loop.recall(4), 2);
  assertEquals(loop.recall(6), 4);
  assertEquals(loop.recall(6), undefined);
  assertEquals(loop.recall(7), 6);
  const begun = [2, 3, 4, 5, 6, 7].map(() => thread.begin(0));
  assertEquals(begun, [false, false, false, false, false, true]);
});

Deno.test("What runs is told with the time at which that item began", () => {
  const { thread, loop } = bothSides();
  assertEquals(loop.read(), undefined);
  thread.load();
  assertEquals(loop.doing, { state: LOADING, item: 0 });
  assertEquals(loop.read(), undefined);
  thread.start();
  thread.begin(100);
  assertEquals(loop.read(), { item: 1, since: 100 });
  thread.begin(250);
  assertEquals(loop.read(), { item: 2, since: 250 });
  thread.end();
  assertEquals(loop.read(), undefined);
  assertEquals(loop.doing, { state: IDLE, item: 2 });
  assertEquals(new Set<number>([IDLE, LOADING]).size, 2);
});

Deno.test("The time is that of the epoch, and goes on", () => {
  const before = performance.now();
  const times = [performance.timeOrigin + before, epoch(), Infinity];
  assertEquals(times.toSorted((a, b) => a - b), times);
});

Deno.test("What was given is taken back before any of it has begun", () => {
  const { thread, loop } = bothSides();
  assertEquals(loop.recall(3), 1);
  assertEquals([1, 2, 3].map(() => thread.begin(0)), [false, false, true]);
});

Deno.test("Numbers come round again and again, and that is no recall", () => {
  const last = 2 ** 30 - 1;
  const { memory, thread, loop } = bothSides(last - 1);
  thread.start();
  assertEquals([thread.begin(1), loop.read()?.item], [true, last]);
  assertEquals([thread.begin(2), loop.read()?.item], [true, 0]);
  assertEquals([thread.begin(3), loop.read()?.item], [true, 1]);
  // It has left no trace, of which the next time would make a recall.
  assertEquals(new Int32Array(memory)[0], 1);
  assertEquals(loop.recall(3), 2);
  assertEquals([2, 3].map(() => thread.begin(4)), [false, true]);
});

/** Both sides can be stopped at each of their atomic steps. */
const stepwise: { RunningItem: typeof RunningItem } = await withSteps(() => {
  const module = "../../src/worker/between/running_item.ts?stepwise";
  return import(module);
});
const { load, store } = await withSteps(() => Promise.resolve({ ...atomics() }));

/** The steps of the test's own. */
function atomics() {
  const { load, store } = Atomics;
  return { load, store };
}

/** Where in the memory it stands how many items were given to the thread. */
const GIVEN = RunningItem.SIZE / 4;

/**
 * Gives the thread items in parts, and takes back what can be after each; the thread runs
 * what it is given. Each item must be begun, or taken back, and not both.
 *
 * @returns To how many different ends that leads.
 */
function runInParts(parts: number[], begun: number): number {
  const total = parts.reduce((sum, part) => sum + part);
  const number = (i: number) => RunningItem.after(begun, i + 1);
  const thread = (memory: SharedArrayBuffer) => {
    const running = new stepwise.RunningItem(memory);
    const given = new Int32Array(memory);
    return Array.from({ length: total }, (_, i) => {
      if (load(given, GIVEN) <= i) throw BLOCKED;
      return running.begin(0);
    });
  };
  const loop = (memory: SharedArrayBuffer) => {
    const running = new stepwise.RunningItem(memory);
    const given = new Int32Array(memory);
    const takenBack = new Array(total).fill(0);
    let end = 0;
    const recall = () => {
      const first = running.recall(number(end));
      if (first === undefined) return;
      for (let i = 0; i < end; i++) {
        if (RunningItem.distance(number(i), first) >= 0) takenBack[i]++;
      }
    };
    for (const part of parts) {
      end += part;
      store(given, GIVEN, end);
      recall();
    }
    recall();
    return { takenBack, running };
  };
  return interleave(
    RunningItem.SIZE + 4,
    (memory) => new Int32Array(memory)[0] = begun,
    thread,
    loop,
    (ran, { takenBack, running }) => {
      if (ran.some((one, i) => (one ? 0 : 1) !== takenBack[i])) {
        throw new Error(`begun ${ran}, taken back ${takenBack}`);
      }
      // What the thread is given next can be taken back again.
      const next = running.recall(number(total + 1));
      if (next !== number(total)) throw new Error("it cannot be asked again");
    },
  );
}

for (const parts of [[1], [2], [3], [1, 1], [1, 2], [2, 1], [1, 1, 1]]) {
  const name = `${parts.join(" and ")} item${`${parts}` === "1" ? "" : "s"}`;
  Deno.test(`Of ${name} each is begun or taken back, in every order of the steps`, () => {
    // Also where the numbers come round.
    for (const begun of [0, 2 ** 30 - 2, 2 ** 30 - 1]) {
      assert(runInParts(parts, begun) > 3);
    }
  });
}
