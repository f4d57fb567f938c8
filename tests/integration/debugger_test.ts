/** No worker of this machine can be made to open its debugger, however it was started. */

import { assert, assertEquals, assertRejects } from "../fixtures/assert.ts";
import {
  JobDispatcher,
  JobTimeoutError,
  map,
  ProcessScheduler,
  type WorkerListener,
  type WorkerSpec,
} from "../../mod.ts";
import { hasUsr1 } from "../fixtures/signals.ts";
import { stopAt } from "../fixtures/gate_functions.ts";
import { Gate } from "../fixtures/gate.ts";
import { range, test } from "../fixtures/ground.ts";
import { until } from "../fixtures/waiting.ts";
import { portsOf } from "./_sockets.ts";
import { stops } from "../fixtures/running.ts";

/** The signal comes as soon as deno would heed it, and is never delivered. */
async function assertShut(pid: number): Promise<void> {
  await until("deno waits for the signal", () => hasUsr1(pid, "SigCgt"));
  Deno.kill(pid, "SIGUSR1");
  assert(hasUsr1(pid, "SigBlk"), "it is blocked");
  assert(hasUsr1(pid, "ShdPnd"), "it waits");
  assertEquals(portsOf(pid), []);
}

/** Starts workers in a way that has no part in what their process begins with. */
class FreshScheduler extends ProcessScheduler {
  override start(spec: WorkerSpec, workers: string[], listener: WorkerListener): void {
    setTimeout(() => super.start(spec, workers, listener), 0);
  }
}

for (const Scheduler of [ProcessScheduler, FreshScheduler]) {
  for (const transport of ["local", "network"] as const) {
    test(`SIGUSR1 opens no debugger of a worker (${Scheduler.name}, ${transport})`, async () => {
      await using gate = new Gate();
      const scheduler = () => new Scheduler({ workers: 1, transport });
      const results = map(stopAt, stops(3, 1, gate.port), { scheduler });
      const visitor = await gate.next();
      await assertShut(Number(visitor.text));
      visitor.letGo();
      assertEquals(await results, range(3));
    });
  }
}

test("SIGUSR1 opens no debugger of a worker that began anew", async () => {
  await using gate = new Gate();
  const scheduler = () => new ProcessScheduler({ workers: 1 });
  await using dispatcher = new JobDispatcher({ scheduler });
  const [before] = await dispatcher.map(() => Deno.pid, [0]);
  const spin = () => {
    for (;;);
  };
  await assertRejects(
    () => dispatcher.map(spin, [0], { timeout: 100 }),
    JobTimeoutError,
  );
  const results = dispatcher.map(stopAt, stops(1, 0, gate.port));
  const visitor = await gate.next();
  assertEquals(Number(visitor.text), before);
  await assertShut(before!);
  visitor.letGo();
  assertEquals(await results, [0]);
});
