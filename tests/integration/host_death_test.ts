import { assertEquals } from "../fixtures/assert.ts";
import { settings } from "../../mod.ts";
import { Gate } from "../fixtures/gate.ts";
import { entries, type Ground, HOST_DEATH, range, test } from "../fixtures/ground.ts";
import { gone } from "../fixtures/processes.ts";
import { until } from "../fixtures/waiting.ts";
import { Program } from "../fixtures/program.ts";

/** How a host may die, and whether its workers get the same signal. */
const deaths = [
  { by: "SIGKILL", group: false },
  { by: "SIGTERM", group: false },
  { by: "SIGTERM", group: true, why: ", as by timeout" },
  { by: "SIGINT", group: true, why: ", as by Ctrl-C" },
  { by: "SIGQUIT", group: true, why: ", as by Ctrl-\\" },
  { by: "SIGHUP", group: true, why: ", as by a closed terminal" },
] as const satisfies { by: Deno.Signal; group: boolean; why?: string }[];

for (const transport of ["local", "network"] as const) {
  for (const death of deaths) {
    const { by, group } = death;
    const to = group ? "the process group" : "the host";
    const why = "why" in death ? death.why : "";
    test(`After ${by} to ${to}${why}, no endless worker is left in 2 s (${transport})`, async (ground) => {
      await using gate = new Gate();
      const args = { transport, port: gate.port };
      await using program = new Program(ground, "endless", { args, group });
      const visitors = await gate.take(2);
      const pids = visitors.map(({ text }) => Number(text));
      assertEquals(new Set(pids).size, 2);
      for (const visitor of visitors) visitor.letGo();
      program.kill(by);
      await gone([program.pid, ...pids], HOST_DEATH);
      assertEquals((await program.status).signal, by);
      assertEquals(entries(ground.runs), [], "the run directory is gone");
    });
  }

  test(`A worker that starts as its host dies does not wait for it (${transport})`, async (ground) => {
    await using gate = new Gate();
    const args = { transport, port: gate.port };
    await using program = new Program(ground, "endless", { args });
    await until("a worker has begun to start", () => program.workers.length > 0);
    program.kill("SIGKILL");
    // It tries to reach a host that may be there for twice as long.
    await until("gone", () => program.workers.length === 0, settings.startTimeout / 2);
    assertEquals((await program.status).signal, "SIGKILL");
    assertEquals(entries(ground.runs), [], "the run directory is gone");
  });
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(`A worker that starts as ${signal} ends its host cleans up`, async (ground) => {
    await using gate = new Gate();
    const args = { port: gate.port };
    await using program = new Program(ground, "endless", { args, group: true });
    await until("a worker has begun to start", () => program.workers.length > 0);
    program.kill(signal);
    await until("gone", () => program.workers.length === 0, settings.startTimeout / 2);
    assertEquals((await program.status).signal, signal);
    assertEquals(entries(ground.runs), [], "the run directory is gone");
  });
}

test("Workers wait for a host that was stopped, and go on with it", async (ground) => {
  await using gate = new Gate();
  await using program = new Program(ground, "stopping", {
    args: { port: gate.port },
    env: { GRIDENGINE_HEARTBEAT_INTERVAL: "100", GRIDENGINE_RECONNECT_GRACE: "100" },
  });
  const visitor = await gate.next();
  const pids = program.workers;
  // One that is not connected yet would wait for the host's greeting for half a minute.
  await until("connected", () => connectionsTo(ground) > pids.length);
  const connections = connectionsTo(ground);
  program.kill("SIGSTOP");
  // They have missed its signs of life, and tried to reach it again.
  const tries = pids.length;
  await until("tried again", () => connectionsTo(ground) >= connections + tries);
  assertEquals(program.workers, pids);
  program.kill("SIGCONT");
  visitor.letGo();
  assertEquals(await program.json(), range(20));
  assertEquals((await program.status).code, 0, await program.complaints);
});

/** How many connections there are to the socket files of a test's runs. */
function connectionsTo({ runs }: Ground): number {
  const table = Deno.readTextFileSync("/proc/net/unix").split("\n");
  return table.filter((line) => line.includes(` ${runs}/`)).length;
}
