/** What functions start on this machine ends with the item that is ended, or the worker. */

import { assertEquals, assertRejects } from "../fixtures/assert.ts";
import {
  Job,
  JobDispatcher,
  JobTimeoutError,
  map,
  ProcessScheduler,
  WorkerLostError,
} from "../../mod.ts";
import {
  passAndFail,
  startAgainAndAgain,
  startAndWait,
  startPrograms,
} from "../fixtures/gate_functions.ts";
import { Gate } from "../fixtures/gate.ts";
import { type Ground, range, test } from "../fixtures/ground.ts";
import { commandLines, kill } from "../fixtures/processes.ts";
import { until } from "../fixtures/waiting.ts";
import { Program } from "../fixtures/program.ts";

const scheduler = () => new ProcessScheduler({ workers: 2 });
const WAYS = 3;

/** The programs that run with the test's file. */
class Started {
  readonly file: string;

  constructor({ folder }: Ground) {
    this.file = `${folder}/watched`;
    Deno.writeTextFileSync(this.file, "");
  }

  /** Their process ids. */
  get pids(): number[] {
    return [...commandLines()]
      .filter(([, args]) => args[0]!.endsWith("tail") && args.includes(this.file))
      .map(([pid]) => pid);
  }

  async run(count = WAYS): Promise<void> {
    await until(`${count} run`, () => this.pids.length === count);
  }

  async gone(): Promise<void> {
    await until("gone, what was started", () => this.pids.length === 0);
  }

  [Symbol.dispose](): void {
    for (const pid of this.pids) kill(pid, "SIGKILL");
  }
}

test("A time-out ends what the item has started, while its worker lives", async (ground) => {
  using started = new Started(ground);
  await using gate = new Gate();
  await using dispatcher = new JobDispatcher({ scheduler });
  const item = { port: gate.port, file: started.file };
  const results = dispatcher.map(startAndWait, [item], { timeout: 1000 });
  const refused = assertRejects(() => results, JobTimeoutError);
  const { text, letGo } = await gate.next();
  letGo();
  await refused;
  await started.gone();
  assertEquals(await dispatcher.map(() => Deno.pid, [0]), [Number(text)]);
});

for (const transport of ["local", "network"] as const) {
  test(`A signal ends what items have started (${transport})`, async (ground) => {
    using started = new Started(ground);
    await using gate = new Gate();
    await using dispatcher = new JobDispatcher({
      scheduler: () => new ProcessScheduler({ workers: 2, transport }),
    });
    const controller = new AbortController();
    const { signal } = controller;
    const item = { port: gate.port, file: started.file };
    const results = dispatcher.map(startAndWait, [item], { signal });
    const { letGo } = await gate.next();
    await started.run();
    letGo();
    controller.abort(new Error("enough"));
    await assertRejects(() => results, Error, "enough");
    await started.gone();
  });
}

test("A map that is aborted leaves nothing that its items have started", async (ground) => {
  using started = new Started(ground);
  await using gate = new Gate();
  const controller = new AbortController();
  const { signal } = controller;
  const item = { port: gate.port, file: started.file };
  const results = map(startAndWait, [item], { signal, scheduler });
  await gate.next();
  await started.run();
  controller.abort(new Error("enough"));
  await assertRejects(() => results, Error, "enough");
  await started.gone();
});

test("What starts a program anew each time it ends is ended, too", async (ground) => {
  using started = new Started(ground);
  await using gate = new Gate();
  await using dispatcher = new JobDispatcher({ scheduler });
  const controller = new AbortController();
  const { signal } = controller;
  const item = { port: gate.port, file: started.file };
  const results = dispatcher.map(startAgainAndAgain, [item], { signal });
  (await gate.next()).letGo();
  await started.run(1);
  controller.abort(new Error("enough"));
  await assertRejects(() => results, Error, "enough");
  await started.gone();
});

test("The failure of another item ends what an item has started", async (ground) => {
  using started = new Started(ground);
  await using gate = new Gate();
  const item = { port: gate.port, file: started.file };
  const items = [{ ...item, throws: false }, { ...item, throws: true }];
  const either = (item: { port: number; file: string; throws: boolean }) =>
    item.throws ? passAndFail(item) : startAndWait(item);
  const failed = assertRejects(() => map(either, items, { scheduler }));
  const visitors = await gate.take(2);
  await started.run();
  for (const { letGo } of visitors) letGo();
  await failed;
  await started.gone();
});

for (const how of ["kill", "terminate"] as const) {
  test(`job.${how}() ends what the job has started`, async (ground) => {
    using started = new Started(ground);
    await using gate = new Gate();
    await using dispatcher = new JobDispatcher({ scheduler });
    const args = [{ port: gate.port, file: started.file }] as const;
    const job = new Job({ target: startAndWait, args: [...args], dispatcher });
    job.result.catch(() => {});
    job.start();
    await gate.next();
    await started.run();
    if (how === "kill") job.kill();
    else job.terminate(10);
    await job.join();
    assertEquals(job.exitCode, how === "kill" ? -9 : -15);
    await started.gone();
  });
}

test("What a worker's functions have started ends when the worker is killed", async (ground) => {
  using started = new Started(ground);
  await using gate = new Gate();
  await using dispatcher = new JobDispatcher({ scheduler });
  const item = { port: gate.port, file: started.file };
  const results = dispatcher.map(startAndWait, [item], { retries: 0 });
  const refused = assertRejects(() => results, WorkerLostError);
  const { text } = await gate.next();
  await started.run();
  kill(Number(text), "SIGKILL");
  await refused;
  await started.gone();
});

test("What an item that succeeded has started runs on, until its worker ends", async (ground) => {
  using started = new Started(ground);
  const dispatcher = new JobDispatcher({
    scheduler: () => new ProcessScheduler({ workers: 1 }),
  });
  await dispatcher.map(startPrograms, [started.file]);
  await started.run();
  const before = started.pids;
  assertEquals(await dispatcher.map((x: number) => x, range(3)), range(3));
  assertEquals(started.pids, before);
  await dispatcher.close();
  assertEquals(started.pids, []);
});

test("What is started in a session of its own may live", async (ground) => {
  using started = new Started(ground);
  const detach = (file: string) => {
    const args = ["-f", file];
    const detached = { stdin: "null", stdout: "null", stderr: "null" } as const;
    new Deno.Command("tail", { args, ...detached, detached: true }).spawn().unref();
  };
  await map(detach, [started.file], { scheduler });
  assertEquals(started.pids.length, 1);
});

for (
  const { by, group } of [
    { by: "SIGKILL", group: false },
    { by: "SIGTERM", group: true },
    { by: "SIGINT", group: true },
  ] as const
) {
  const to = group ? "the process group" : "the host";
  test(`After ${by} to ${to}, nothing is left that items have started`, async (ground) => {
    using started = new Started(ground);
    await using gate = new Gate();
    const args = { port: gate.port, file: started.file };
    await using program = new Program(ground, "startsPrograms", { args, group });
    await gate.next();
    await started.run();
    program.kill(by);
    assertEquals((await program.status).signal, by);
    await started.gone();
  });
}
