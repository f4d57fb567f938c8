/** What a function imports, while a worker loads it. */

import {
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
} from "../fixtures/assert.ts";
import {
  imap,
  Job,
  JobDispatcher,
  map,
  ProcessScheduler,
  settings,
  TimeoutError,
  type WorkerLoss,
  WorkerLostError,
} from "../../mod.ts";
import { test } from "../fixtures/ground.ts";
import { until } from "../fixtures/waiting.ts";
import { double } from "./_loads.ts";

const loading = (how: string) => () =>
  new ProcessScheduler({ workers: 1, env: { GE_TEST_LOAD: how } });

/** Whether there is a file. */
function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

test("An item's timeout counts from its begin, not while its code is loaded", async ({ folder }) => {
  const path = `${folder}/loaded`;
  const options = { timeout: 200, retries: 0, scheduler: loading(path) };
  const results = map((x) => double(x), [1, 2, 3], options);
  // It is awaited below.
  results.catch(() => {});
  await until("loading", () => exists(`${path}.waits`));
  // Longer than the timeout and all that the host would add to it.
  await new Promise((resolve) => setTimeout(resolve, 7000));
  Deno.writeTextFileSync(path, "");
  assertEquals(await results, [2, 4, 6]);
});

test("A module that exits while it is loaded fails the map, with what it printed", async () => {
  for (const timeout of [60_000, 500]) {
    const options = { scheduler: loading("exit"), timeout };
    const error = await assertRejects(
      () => map((x) => double(x), [1, 2, 3, 4], options),
      WorkerLostError,
      "a module that the function imports exited with status 2 while it was loaded",
    );
    const [attempt] = error.attempts as WorkerLoss[];
    assertEquals([attempt!.cause, attempt!.exitStatus], ["exit", 2]);
    assertEquals((error as { output?: string[] }).output, ["The licence has expired."]);
  }
});

test("A module that exits while it is loaded fails each item, if all are asked for", async () => {
  const options = { scheduler: loading("exit"), reraise: false };
  const errors: unknown[] = await map((x) => double(x), [1, 2, 3], options);
  for (const error of errors) {
    assertInstanceOf(error, WorkerLostError);
    assertEquals((error as WorkerLostError).attempts.length, 1);
  }
});

test("A Job whose module exits while it is loaded fails, too", async () => {
  class Doubles extends Job<number> {
    override run() {
      return double(1);
    }
  }
  await using dispatcher = new JobDispatcher({ scheduler: loading("exit") });
  const job = new Doubles();
  job.start(dispatcher);
  await assertRejects(
    () => job.result,
    WorkerLostError,
    "status 2 while it was loaded",
  );
});

test("A module that does not come to an end fails the map, by a limit of its own", async () => {
  const { loadTimeout } = settings;
  try {
    settings.loadTimeout = 500;
    const options = { scheduler: loading("never"), timeout: 100 };
    const error = await assertRejects(
      () => map((x) => double(x), [1, 2, 3], options),
      TimeoutError,
    );
    assertStringIncludes(error.message, "was not loaded within 500 ms");
    assertStringIncludes(error.message, "settings.loadTimeout");
  } finally {
    settings.loadTimeout = loadTimeout;
  }
});

test("A thread that loads is not taken for one that stands still", async ({ folder }) => {
  const path = `${folder}/loaded`;
  const pids = imap((x) => [double(x), Deno.pid], [1, 2], { scheduler: loading(path) });
  const first = pids.next();
  await until("loading", () => exists(`${path}.waits`));
  await new Promise((resolve) => setTimeout(resolve, 6500));
  Deno.writeTextFileSync(path, "");
  assertEquals((await first).value![0], 2);
  assertEquals((await pids.next()).value![0], 4);
  // It was loaded once.
  assertEquals((await pids.next()).done, true);
});
