/** What goes wrong when something is over takes the place of nothing. */

import {
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../fixtures/assert.ts";
import {
  imap,
  JobDispatcher,
  map,
  ProcessScheduler,
  type Scheduler,
  settings,
  type WorkerSpec,
} from "../../mod.ts";
import { entries, range, test } from "../fixtures/ground.ts";
import { saying } from "../fixtures/saying.ts";
import { until } from "../fixtures/waiting.ts";
import { Program } from "../fixtures/program.ts";

const square = (x: number) => x * x;

/** A scheduler that somebody has written with less care for its end. */
class Careless extends ProcessScheduler {
  override async close(): Promise<void> {
    await super.close();
    throw new Error("the scheduler has no mind to be closed");
  }
}

test("A run directory that cannot be removed costs no results, and is named", async ({ runs, folder }) => {
  await using program = new Program({ runs, folder }, "unremovable");
  assertEquals(await program.json(), [1, 4]);
  assertEquals((await program.status).code, 0);
  const [left = ""] = entries(runs);
  const complaints = await program.complaints;
  assertStringIncludes(
    complaints,
    `the run's directory "${runs}/${left}" cannot be removed`,
  );
  Deno.removeSync(`${runs}/${left}`, { recursive: true });
});

for (const name of ["exitsEarly", "throwsEarly"]) {
  test(`A program that ends as soon as its run begins leaves nothing: "${name}"`, async (ground) => {
    await using program = new Program(ground, name);
    const { code } = await program.status;
    assertEquals(code, name === "exitsEarly" ? 3 : 1);
    const gone = () =>
      program.workers.length === 0 && entries(ground.runs).length === 0;
    await until("left behind nothing", gone);
  });
}

test("A scheduler whose close() throws costs no results", async () => {
  const scheduler = () => new Careless({ workers: 1 });
  const results = await saying(() => map(square, [1, 2], { scheduler }));
  assertEquals(results.value, [1, 4]);
  assertStringIncludes(results.said, "the scheduler has no mind to be closed");
});

test("A scheduler whose close() throws does not hide what the map throws", async () => {
  const scheduler = () => new Careless({ workers: 1 });
  const failing = () =>
    map(() => Promise.reject(new RangeError("real")), [1], { scheduler });
  await saying(() => assertRejects(failing, RangeError, "real"));
});

test("A scheduler whose stop() throws costs no results", async () => {
  class Stubborn extends ProcessScheduler {
    override stop(worker: string): void {
      super.stop(worker);
      throw new Error("it will not be stopped");
    }
  }
  await using scheduler: Scheduler = new Stubborn({ workers: 1 });
  const dispatcher = new JobDispatcher({ scheduler });
  const { said } = await saying(async () => {
    const results = dispatcher.map(square, [1]);
    // Its worker was asked for and is not there, and so will not be told to leave.
    await until("asked for", () => dispatcher.stats().workersRequested === 1);
    await Promise.all([dispatcher.close(), assertRejects(() => results)]);
  });
  assertStringIncludes(said, "it will not be stopped");
});

test("A source whose return() throws costs no results", async () => {
  const source = {
    [Symbol.iterator]: () => ({
      next: () => ({ done: false, value: 3 }),
      return(): IteratorResult<number> {
        throw new Error("no way back");
      },
    }),
  };
  const scheduler = () => new ProcessScheduler({ workers: 1 });
  for await (const y of imap(square, source, { scheduler })) {
    assertEquals(y, 9);
    break;
  }
});

test("A run's files are its owner's to use, and to remove, whatever the umask is", async ({ runs }) => {
  const umask = Deno.umask(0o777);
  let dispatcher: JobDispatcher;
  const modes = () => {
    const [name] = entries(runs);
    const paths = ["", "/host", "/run.json"].map((file) => `${runs}/${name}${file}`);
    return paths.map((path) => (Deno.statSync(path).mode! & 0o777).toString(8));
  };
  try {
    dispatcher = new JobDispatcher({
      scheduler: () => new ProcessScheduler({ workers: 1 }),
    });
    const results = dispatcher.map(square, [3]);
    await until("listening", () => dispatcher.address !== undefined);
    Deno.umask(umask);
    assertEquals(modes(), ["700", "600", "600"]);
    assertEquals(await results, [9]);
  } finally {
    Deno.umask(umask);
  }
  await dispatcher.close();
});

test("A dispatcher that could not be opened is opened at the next call", async () => {
  let calls = 0;
  const scheduler = () => {
    if (++calls === 1) throw new Error("not yet");
    return new ProcessScheduler({ workers: 1 });
  };
  await using dispatcher = new JobDispatcher({ scheduler });
  await assertRejects(() => dispatcher.map(square, [1]), Error, "not yet");
  assertEquals(await dispatcher.map(square, range(3)), [0, 1, 4]);
  assertEquals(calls, 2);
});

test("A dispatcher keeps the scheduler that it made when the run's files cannot be written", async ({ folder, runs }) => {
  let calls = 0;
  const scheduler = () => {
    calls++;
    return new ProcessScheduler({ workers: 1 });
  };
  await using dispatcher = new JobDispatcher({ scheduler });
  Deno.writeTextFileSync(`${folder}/file`, "");
  settings.tempDirectory = `${folder}/file`;
  try {
    const error = await assertRejects(() => dispatcher.map(square, [1]), Error);
    assertStringIncludes(error.message, `${folder}/file`);
    assertStringIncludes(error.message, "set GRIDENGINE_TEMP_DIRECTORY");
  } finally {
    settings.tempDirectory = runs;
  }
  assertEquals(await dispatcher.map(square, range(3)), [0, 1, 4]);
  assertEquals(calls, 1);
});

test("A scheduler that never tells how its workers end does not keep close() waiting", async () => {
  class Silent extends ProcessScheduler {
    override start(spec: WorkerSpec, workers: string[]): void {
      super.start(spec, workers, { started() {}, ended() {} });
    }
  }
  await using scheduler = new Silent({ workers: 1 });
  const { said, value } = await saying(() => map(square, [1, 2], { scheduler }));
  assertEquals(value, [1, 4]);
  assertStringIncludes(said, "not all workers have ended");
});
