import { assert, assertEquals } from "../fixtures/assert.ts";
import {
  epoch,
  IDLE,
  LOADING,
  RunningItem,
} from "../../src/worker/between/running_item.ts";
import { bounded } from "../fixtures/tools.ts";

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

/** What is to happen just before one side takes such a step, once. */
const before: { [step in "add" | "and" | "or" | "store"]?: () => void } = {};

/** Both sides, which can be stopped at their steps. */
async function stepwise(begun = 0) {
  const { add, and, or, store } = Atomics;
  const real = { add, and, or, store };
  const stopping = Object.entries(real).map(([name, step]) => {
    const key = name as keyof typeof real;
    return [name, (...args: unknown[]) => {
      const meanwhile = before[key];
      delete before[key];
      meanwhile?.();
      return Reflect.apply(step, Atomics, args);
    }];
  });
  Object.assign(Atomics, Object.fromEntries(stopping));
  try {
    // Another copy of the module, which takes those for its own.
    const module = "../../src/worker/between/running_item.ts?stepwise";
    const copy: { RunningItem: typeof RunningItem } = await import(module);
    return bothSides(begun, copy.RunningItem);
  } finally {
    Object.assign(Atomics, real);
  }
}

Deno.test("An item that begins while a recall is under way is not taken back", async () => {
  for (const step of ["store", "or"] as const) {
    const { thread, loop } = await stepwise();
    thread.begin(1);
    // The loop has seen that two begins next; then it begins.
    before[step] = () => assert(thread.begin(2));
    assertEquals(loop.recall(5), 3);
    assertEquals([3, 4, 5].map(() => thread.begin(3)), [false, false, true]);
  }
});

Deno.test("A recall that comes when the last item has just begun takes nothing back", async () => {
  const { thread, loop } = await stepwise();
  thread.start();
  thread.begin(1);
  before.or = () => assert(thread.begin(2));
  // None of them: the next is not given yet.
  assertEquals(loop.recall(3), 3);
  assert(thread.begin(3));
  assertEquals(loop.read(), { item: 3, since: 3 });
  // And it was seen: so there can be another one.
  assertEquals(loop.recall(6), 4);
  assertEquals([4, 5, 6].map(() => thread.begin(4)), [false, false, true]);
});

Deno.test("No recall comes between while the thread takes one in", async () => {
  const { thread, loop } = await stepwise();
  thread.begin(1);
  assertEquals(loop.recall(4), 2);
  const answers: (number | undefined)[] = [];
  // The thread has seen that it was told to stop, and is about to say so.
  before.store = () => answers.push(loop.recall(4), loop.recall(9));
  const begun = [2, 3, 4].map(() => thread.begin(2));
  assertEquals(answers, [undefined, undefined]);
  assertEquals(begun, [false, false, true]);
});

Deno.test("A recall that comes while the numbers come round is not lost", async () => {
  const last = 2 ** 30 - 1;
  const { thread, loop } = await stepwise(last);
  let item: number | undefined;
  before.and = () => item = loop.recall(3);
  assert(thread.begin(1));
  assertEquals(item, 1);
  assertEquals([1, 2, 3].map(() => thread.begin(2)), [false, false, true]);
});
