import { assert, assertEquals } from "@std/assert";
import { RunningItem } from "../../src/worker/thread_messages.ts";

/** The numbers come round while it goes on. */
const FIRST = 2 ** 31 - 1000;
const ITEMS = 200_000;

Deno.test("Every item is begun by the thread or taken back, never both", async () => {
  const memory = new SharedArrayBuffer(RunningItem.SIZE);
  const given = new Int32Array(new SharedArrayBuffer(8));
  const begun = new Int32Array(new SharedArrayBuffer(4 * ITEMS));
  const takenBack = new Int32Array(ITEMS);
  const loop = new RunningItem(memory);
  const module = new URL("_recalled.ts", import.meta.url).href;
  const thread = new Worker(module, { type: "module" });
  const said = () => new Promise((resolve) => thread.onmessage = resolve);
  loop.begin(FIRST - 1, 0);
  loop.end();
  const ready = said();
  thread.postMessage({ memory, given, begun, first: FIRST });
  await ready;
  const done = said();
  let recalls = 0;
  for (let next = 0, end = 0; next < ITEMS;) {
    end = Math.min(ITEMS, next + 1 + (next * 7919) % 50);
    Atomics.store(given, 0, end);
    Atomics.notify(given, 0);
    // Until it is too late.
    let item: number | undefined;
    while (item === undefined && Atomics.load(given, 1) < end - 1) {
      item = loop.recall((FIRST + end) | 0);
    }
    if (item !== undefined) {
      recalls++;
      for (let i = (item - FIRST) | 0; i < end; i++) takenBack[i]!++;
    }
    next = end;
  }
  await done;
  thread.terminate();
  assert(recalls > 0);
  const wrong = begun.findIndex((count, i) => count + takenBack[i]! !== 1);
  assertEquals(wrong, -1);
});

Deno.test("Nothing is taken back of a thread that has no more than it runs", () => {
  const memory = new SharedArrayBuffer(RunningItem.SIZE);
  const [thread, loop] = [new RunningItem(memory), new RunningItem(memory)];
  assertEquals(loop.recall(5), undefined);
  assert(thread.begin(0, 0));
  assertEquals(loop.recall(1), undefined);
  thread.end();
  assertEquals(loop.recall(1), undefined);
});

Deno.test("What was taken back is not begun; what comes after it is", () => {
  const memory = new SharedArrayBuffer(RunningItem.SIZE);
  const [thread, loop] = [new RunningItem(memory), new RunningItem(memory)];
  assert(thread.begin(-1, 0));
  assertEquals(loop.recall(3), 0);
  // Once is enough, until the thread has seen it.
  assertEquals(loop.recall(3), undefined);
  assertEquals([0, 1, 2, 3, 4].map((item) => thread.begin(item, 0)), [
    false,
    false,
    false,
    true,
    true,
  ]);
});
