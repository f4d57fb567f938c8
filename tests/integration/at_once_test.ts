/** How many workers there are at once where several maps run. */

import { assert, assertEquals } from "../fixtures/assert.ts";
import { JobDispatcher, map, ProcessScheduler } from "../../mod.ts";
import { test } from "../fixtures/ground.ts";

/** Its process, once so many items have begun. */
const meet = async ([folder, name, count]: [string, string, number]) => {
  Deno.writeTextFileSync(`${folder}/${name}`, "");
  while ([...Deno.readDirSync(folder)].length < count) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return Deno.pid;
};

test("Maps at once over one scheduler have its number of workers each", async ({ folder }) => {
  const meeting = `${folder}/meeting`;
  Deno.mkdirSync(meeting);
  await using scheduler = new ProcessScheduler({ workers: 2 });
  const items = (...names: string[]) =>
    names.map((name): [string, string, number] => [meeting, name, 4]);
  const all = await Promise.all([
    map(meet, items("a", "b"), { scheduler, chunkSize: 1 }),
    map(meet, items("c", "d"), { scheduler, chunkSize: 1 }),
  ]);
  assertEquals(new Set(all.flat()).size, 4);
});

test("Maps at once over one dispatcher share its workers", async () => {
  const scheduler = () => new ProcessScheduler({ workers: 2 });
  await using dispatcher = new JobDispatcher({ scheduler });
  const pid = () => Deno.pid;
  const all = await Promise.all([
    dispatcher.map(pid, [1, 2, 3, 4], { chunkSize: 1 }),
    dispatcher.map(pid, [5, 6, 7, 8], { chunkSize: 1 }),
  ]);
  assert(new Set(all.flat()).size <= 2);
  assertEquals(dispatcher.stats().workersRequested, 2);
});
