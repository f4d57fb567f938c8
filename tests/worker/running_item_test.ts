import { assert, assertEquals } from "@std/assert";
import { RunningItem } from "../../src/worker/running_item.ts";

/** The numbers come round while it goes on. */
const FIRST = 2 ** 30 - 1000;
const ITEMS = 200_000;

/** The memory, as it is when so many items have begun; the thread and the event loop. */
function bothSides(begun = 0) {
  const memory = new SharedArrayBuffer(RunningItem.SIZE);
  new Int32Array(memory)[0] = begun;
  return { memory, thread: new RunningItem(memory), loop: new RunningItem(memory) };
}

Deno.test("Every item is begun by the thread or taken back, never both", async () => {
  const { memory, loop } = bothSides(FIRST - 1);
  const given = new Int32Array(new SharedArrayBuffer(8));
  const begun = new Int32Array(new SharedArrayBuffer(4 * ITEMS));
  const takenBack = new Int32Array(ITEMS);
  const module = new URL("_recalled.ts", import.meta.url).href;
  const thread = new Worker(module, { type: "module" });
  const said = () => new Promise((resolve) => thread.onmessage = resolve);
  const ready = said();
  thread.postMessage({ memory, given, begun });
  await ready;
  const done = said();
  let recalls = 0;
  for (let next = 0, end = 0; next < ITEMS; next = end) {
    end = Math.min(ITEMS, next + 1 + (next * 7919) % 50);
    Atomics.store(given, 0, end);
    Atomics.notify(given, 0);
    // Until it is too late.
    let item: number | undefined;
    while (item === undefined && Atomics.load(given, 1) < end - 1) {
      item = loop.recall(RunningItem.after(FIRST, end));
    }
    if (item === undefined) continue;
    const first = RunningItem.distance(item, FIRST);
    if (first < end) recalls++;
    for (let i = first; i < end; i++) takenBack[i]!++;
  }
  await done;
  thread.terminate();
  assert(recalls > 0);
  const wrong = begun.findIndex((count, i) => count + takenBack[i]! !== 1);
  assertEquals(wrong, -1);
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
