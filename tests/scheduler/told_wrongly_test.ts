/**
 * A scheduler may say that a worker has ended, and be wrong: what it had runs elsewhere
 * then, so the worker has to go.
 */

import { assert, assertEquals } from "../fixtures/assert.ts";
import {
  JobCancelledError,
  JobDispatcher,
  ProcessScheduler,
  type WorkerListener,
  type WorkerLoss,
  type WorkerSpec,
} from "../../mod.ts";
import { passAndSpin, stopAt } from "../fixtures/gate_functions.ts";
import { Gate } from "../fixtures/gate.ts";
import { gone, isAlive } from "../fixtures/processes.ts";
import { lossIn, test } from "../fixtures/ground.ts";
import { until } from "../fixtures/waiting.ts";

/** Says of workers that they have ended. */
class Lying extends ProcessScheduler {
  /** The workers that were asked for, first to last. */
  readonly asked: string[] = [];
  #listener: WorkerListener | undefined;

  override start(spec: WorkerSpec, workers: string[], listener: WorkerListener): void {
    this.#listener = listener;
    this.asked.push(...workers);
    super.start(spec, workers, listener);
  }

  /** Says that the worker which was asked for at last has ended. */
  lie(loss?: WorkerLoss): void {
    this.#listener!.ended(this.asked.at(-1)!, loss as WorkerLoss);
  }
}

const LOSS: WorkerLoss = { cause: "node lost", detail: "nothing is heard of its node" };

for (const transport of ["local", "network"] as const) {
  test(`A worker that is said to have ended, and lives, ends (${transport})`, async () => {
    await using gate = new Gate();
    await using scheduler = new Lying({ workers: 1, transport });
    await using dispatcher = new JobDispatcher({ scheduler });
    const results = dispatcher.map(stopAt, [{ i: 5, port: gate.port }]);
    const pid = Number((await gate.next()).text);
    scheduler.lie(LOSS);
    await gone([pid]);
    const second = await gate.next();
    assert(Number(second.text) !== pid, "it was tried again elsewhere");
    second.letGo();
    assertEquals(await results, [5]);
    assertEquals(dispatcher.stats().violations, 0);
  });

  test(`A worker that spins ends when it is said to have ended (${transport})`, async () => {
    await using gate = new Gate();
    await using scheduler = new Lying({ workers: 1, transport });
    await using dispatcher = new JobDispatcher({ scheduler });
    const results = dispatcher.map(passAndSpin, [gate.port]).catch((error) => error);
    const first = await gate.next();
    first.letGo();
    scheduler.lie(LOSS);
    await gone([Number(first.text)]);
    await gate.next();
    assertEquals(dispatcher.stats().violations, 0);
    await dispatcher.close();
    assert(await results instanceof JobCancelledError);
  });
}

test("A worker that was stopped when it was said to have ended ends when it goes on", async () => {
  await using gate = new Gate();
  await using scheduler = new Lying({ workers: 1 });
  await using dispatcher = new JobDispatcher({ scheduler });
  const results = dispatcher.map(stopAt, [{ i: 5, port: gate.port }]);
  const pid = Number((await gate.next()).text);
  Deno.kill(pid, "SIGSTOP");
  scheduler.lie(LOSS);
  const second = await gate.next();
  assert(isAlive(pid));
  Deno.kill(pid, "SIGCONT");
  await gone([pid]);
  second.letGo();
  assertEquals(await results, [5]);
  assertEquals(dispatcher.stats().violations, 0);
});

test("A worker that is said to have ended before it has come is sent away", async () => {
  await using gate = new Gate();
  await using scheduler = new Lying({ workers: 1 });
  await using dispatcher = new JobDispatcher({ scheduler });
  const results = dispatcher.map(stopAt, [{ i: 5, port: gate.port }]);
  await until("a worker was asked for", () => scheduler.asked.length === 1);
  scheduler.lie(LOSS);
  (await gate.next()).letGo();
  assertEquals(await results, [5]);
  await dispatcher.close();
  await scheduler.join();
  assertEquals([dispatcher.stats().violations, scheduler.asked.length], [0, 2]);
});

test("An end of which the scheduler says nothing is unknown", async () => {
  await using gate = new Gate();
  await using scheduler = new Lying({ workers: 1 });
  await using dispatcher = new JobDispatcher({ scheduler });
  const item = { i: 5, port: gate.port };
  const failed = dispatcher.map(stopAt, [item], { retries: 0, reraise: false });
  await gate.next();
  scheduler.lie();
  const { lossCause, message } = lossIn((await failed)[0]);
  assertEquals(lossCause, "unknown");
  assert(
    message.includes("its scheduler says that it has ended, but not how"),
    message,
  );
});
