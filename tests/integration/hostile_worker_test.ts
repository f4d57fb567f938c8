/**
 * Workers that have the keys, and want no good: the host drops them, goes on, and gives
 * each item a result. `GRIDENGINE_FUZZ_STORIES` says how many stories there are.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "../fixtures/assert.ts";
import { Job, JobDispatcher } from "../../mod.ts";
import { serializeList } from "../../src/protocol/lists.ts";
import { Random } from "../simulation/prng.ts";
import { FakeScheduler } from "./_fake_worker.ts";
import { test } from "../fixtures/ground.ts";
import { HostileScheduler } from "./_hostile_worker.ts";

const STORIES = Number(Deno.env.get("GRIDENGINE_FUZZ_STORIES") ?? 15);
const HOSTILE = 10;
const ITEMS = 12;

/** What the library says of faults of its own while something is done. */
async function complaintsOf(work: () => Promise<void>): Promise<string[]> {
  const { error } = console;
  const complaints: string[] = [];
  console.error = (...what) => complaints.push(what.join(" "));
  try {
    await work();
  } finally {
    console.error = error;
  }
  return complaints.filter((text) => text.includes("internal error"));
}

test(
  "Whatever workers say, every item has a result, and the host goes on",
  async () => {
    let [violations, work] = [0, 0];
    for (let seed = 0; seed < STORIES; seed++) {
      const square = (x: number) => `${x * x}`;
      await using scheduler = new HostileScheduler(new Random(seed), HOSTILE, square);
      await using dispatcher = new JobDispatcher({ scheduler });
      const complaints = await complaintsOf(async () => {
        const items = Array.from({ length: ITEMS }, (_, i) => i);
        const onLog = () => {};
        const options = { reraise: false, retries: 1000, onLog } as const;
        const all = await dispatcher.map(square, items, options);
        assertEquals(all.length, ITEMS);
        for (const i of items) {
          assert(
            i in all && all[i] !== undefined,
            `seed ${seed}: item ${i} has nothing`,
          );
          if (all[i] === `${i * i}`) work++;
        }
        // Whoever is dropped leaves nothing behind that harms the next map.
        assertEquals(await dispatcher.map(square, [5], { retries: 1000, onLog }), [
          "25",
        ]);
      });
      assertEquals(complaints, [], `seed ${seed}`);
      violations += dispatcher.stats().violations;
    }
    // Lest they be too tame, or too wild.
    assert(violations > STORIES && work > STORIES, `${violations} ${work}`);
  },
  { seconds: 60 + STORIES },
);

class Counting extends Job<number> {
  count = 1;

  override run(): number {
    return ++this.count;
  }
}

test("Whatever a worker says that a job came to, the job ends, and says why", async () => {
  const none = "could not send the outcome";
  const outcomes: [unknown, string, number][] = [
    [null, none, 1],
    [undefined, none, 1],
    [5, none, 1],
    ["text", none, 1],
    [{ result: 3, fields: null }, "3", 1],
    [{ result: 3, fields: { count: 7 } }, "3", 7],
    [{ thrown: 5, fields: [] }, "unreadable", 1],
  ];
  for (const [outcome, result, count] of outcomes) {
    await using scheduler = new FakeScheduler("local");
    await using dispatcher = new JobDispatcher({ scheduler });
    const job = new Counting({ dispatcher, mutable: true });
    job.start();
    await using worker = await scheduler.fake;
    const chunk = await worker.begin();
    const list = serializeList([outcome]);
    const segments = [{ chunk, from: 0, count: 1 }];
    const told = job.result.catch((error: unknown) => error);
    worker.say({ type: "results", elapsed: 1, segments, list });
    await job.join();
    assertStringIncludes(`${await told}`, result);
    assertEquals(job.count, count);
    // It is ended for that, and not waited for.
    worker.send([new Uint8Array()]);
    await scheduler.stopped;
  }
});
