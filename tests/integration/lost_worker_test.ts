import { assert, assertEquals, assertNotEquals } from "../fixtures/assert.ts";
import {
  currentJob,
  imapUnordered,
  JobDispatcher,
  JobTimeoutError,
  map,
  ProcessScheduler,
  type WorkerLostError,
} from "../../mod.ts";
import {
  computeAndDie,
  computeAndDieAtOnce,
  computeAndDieLater,
  stopAt,
} from "../fixtures/gate_functions.ts";
import { Gate } from "../fixtures/gate.ts";
import { gone } from "../fixtures/processes.ts";
import { lossIn, range, test } from "../fixtures/ground.ts";
import { Program } from "../fixtures/program.ts";
import { stops } from "../fixtures/running.ts";

/** The item after 2 kills its worker. */
const poison = (x: number) => {
  if (x === 3) Deno.kill(Deno.pid, "SIGKILL");
  return x;
};

for (const transport of ["local", "network"] as const) {
  const scheduler = () => new ProcessScheduler({ workers: 2, transport });

  test(`map gives every result in order though a worker is killed (${transport})`, async () => {
    await using gate = new Gate();
    await using dispatcher = new JobDispatcher({ scheduler });
    const results = dispatcher.map(stopAt, stops(500, 200, gate.port));
    const first = await gate.next();
    Deno.kill(Number(first.text), "SIGKILL");
    const second = await gate.next();
    assertNotEquals(second.text, first.text, "it was tried again elsewhere");
    second.letGo();
    assertEquals(await results, range(500));
    const { done, failed, workersLost, violations } = dispatcher.stats();
    assertEquals({ done, failed, workersLost, violations }, {
      done: 500,
      failed: 0,
      workersLost: 1,
      violations: 0,
    });
  });

  test(`imapUnordered gives every result once though a worker is killed (${transport})`, async () => {
    await using gate = new Gate();
    const killed = gate.next().then(async ({ text }) => {
      Deno.kill(Number(text), "SIGKILL");
      (await gate.next()).letGo();
    });
    const results: number[] = [];
    for await (
      const i of imapUnordered(stopAt, stops(500, 200, gate.port), { scheduler })
    ) results.push(i);
    await killed;
    assertEquals(results.toSorted((a, b) => a - b), range(500));
  });

  test(`An item that always kills its worker fails alone (${transport})`, async () => {
    const results = await map(poison, range(20), { scheduler, reraise: false });
    const error = lossIn(results[3]);
    assertEquals(results.filter((_, i) => i !== 3), range(20).filter((i) => i !== 3));
    assertEquals(error.attempts.length, 3, "it was retried twice");
    assertEquals(error.lossCause, "signal");
    assertEquals(error.host, Deno.hostname());
    for (
      const { cause, signal, signalNumber, host, pid, wallClock } of error.attempts
    ) {
      assertEquals({ cause, signal, signalNumber, host }, {
        cause: "signal",
        signal: "SIGKILL",
        signalNumber: 9,
        host: Deno.hostname(),
      });
      assert(Number.isSafeInteger(pid));
      assert(wallClock! > 0);
    }
    assertEquals(new Set(error.attempts.map(({ pid }) => pid)).size, 3);
  });
}

const scheduler = () => new ProcessScheduler({ workers: 2 });

test("With retries 0 an item that kills its worker is tried once", async () => {
  const options = { scheduler, reraise: false, retries: 0 };
  const results = await map(poison, [1, 2, 3, 4], options);
  const error = lossIn(results[2]);
  assertEquals(error.attempts.length, 1);
  assertEquals([results[0], results[1], results[3]], [1, 2, 4]);
});

test("The neighbours in the chunk of an item that kills its worker are not charged", async () => {
  const options = { scheduler, reraise: false, retries: 0, chunkSize: 7 };
  const results = await map(poison, range(20), options);
  assertEquals(lossIn(results[3]).attempts.length, 1);
  assertEquals(results.filter((_, i) => i !== 3), range(20).filter((i) => i !== 3));
});

test("map throws the WorkerLostError of an item that kills its worker", async () => {
  const error = await map(poison, range(20), { scheduler }).catch((error) => error);
  const { message } = lossIn(error);
  assert(message.startsWith("poison[3] lost its worker, 3 times"), message);
});

test("A stopped worker is given up, and its item runs elsewhere", async (ground) => {
  await using gate = new Gate();
  await using program = new Program(ground, "stopping", {
    args: { port: gate.port },
    env: { GRIDENGINE_HEARTBEAT_INTERVAL: "200", GRIDENGINE_RECONNECT_GRACE: "200" },
  });
  const first = await gate.next();
  Deno.kill(Number(first.text), "SIGSTOP");
  const second = await gate.next();
  assertNotEquals(second.text, first.text);
  second.letGo();
  assertEquals(await program.json(), range(20));
  assertEquals((await program.status).code, 0, await program.complaints);
  await gone([Number(first.text)]);
});

test("A WorkerLostError tells the worker's last lines", async (ground) => {
  await using program = new Program(ground, "lastWords");
  assertEquals(await program.line(), "It looked so good.");
  const { message, attempts } = await program.json() as WorkerLostError;
  assertEquals(attempts.length, 1);
  assert(attempts[0]!.log!.includes("The sky is falling."));
  assert(message.includes("The sky is falling."), message);
  assertEquals((await program.status).code, 0);
  assert((await program.complaints).includes("The sky is falling."));
});

test("Large arrays come back right though workers are killed and restart", async () => {
  const scheduler = () => new ProcessScheduler({ workers: 2 });
  await using dispatcher = new JobDispatcher({ scheduler });
  const arrays = range(60).map((i) => new Float64Array(100_000 + 1000 * i).fill(i));
  const twice = (array: Float64Array) => {
    const { attempt, index } = currentJob()!;
    if (index === 20 && attempt === 1) Deno.kill(Deno.pid, "SIGKILL");
    if (index === 40) { for (;;); }
    return array.map((x) => 2 * x);
  };
  const results = await dispatcher.map(twice, arrays, {
    reraise: false,
    timeout: 1000,
  });
  const wrong = results.findIndex((result, i) =>
    i === 40
      ? !(result instanceof JobTimeoutError)
      : !(result instanceof Float64Array) || result.length !== arrays[i]!.length ||
        result.some((x) => x !== 2 * i)
  );
  assertEquals([wrong, dispatcher.stats().violations], [-1, 0]);
});

test("Memory that is shared with workers is given back with them", async (ground) => {
  await using program = new Program(ground, "sharing");
  const [during, after] = await program.json() as [number, number];
  assert(during > 0);
  assertEquals(after, 0);
});

for (const f of [computeAndDie, computeAndDieLater, computeAndDieAtOnce]) {
  test(`A killed worker loses two items that take long at most (${f.name})`, async () => {
    const scheduler = new ProcessScheduler({ workers: 1 });
    const items = range(24).map((i) => i === 8);
    const call = f as (deadly: boolean) => number;
    const attempts = await map(call, items, { scheduler });
    const lost = attempts.filter((attempt) => attempt > 1).length;
    // The one that runs, and one that is ahead.
    assert(lost === 1 || lost === 2, `${lost} items were lost`);
  });
}
