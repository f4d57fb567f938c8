/** The `memory` of a `ProcessScheduler`, on real processes. */

import { assert, assertEquals, assertMatch } from "../fixtures/assert.ts";
import { map, ProcessScheduler, WorkerLostError } from "../../mod.ts";
import { instanceOf, test } from "../fixtures/tools.ts";
import { functions, type Item } from "./_cluster_functions.ts";

/** How a function ends that takes more than it may. */
async function loss(fill: (item: Item) => unknown) {
  await using scheduler = new ProcessScheduler({ workers: 1, memory: "200M" });
  const items = [{ item: 0, ground: "" }];
  const options = { scheduler, reraise: false, retries: 0 };
  const [result] = await map<Item, unknown>(fill, items, options);
  const { attempts } = instanceOf(result, WorkerLostError);
  assertEquals(attempts.length, 1);
  return attempts[0]!;
}

test("Arrays beyond the memory of a worker end it, with the figures", async () => {
  const { cause, detail, exitStatus } = await loss(functions.fillArrays);
  assertEquals([cause, exitStatus], ["out of memory", 79]);
  const [, held] = /^used (\d+) MB of memory where 200 MB are allowed$/.exec(detail) ??
    [];
  assert(Number(held) > 200, detail);
});

test("Objects beyond the memory of a worker end it", async () => {
  const { cause, detail } = await loss(functions.fillHeap);
  assertEquals(cause, "out of memory", detail);
  assertMatch(detail, /where 200 MB are allowed|heap was full/);
});

test("What keeps within the memory of a worker runs", async () => {
  await using scheduler = new ProcessScheduler({ workers: 1, memory: "400M" });
  const fill = (size: number) => new Uint8Array(size).fill(1).length;
  assertEquals(await map(fill, [2 ** 20, 2 ** 26], { scheduler }), [2 ** 20, 2 ** 26]);
});
