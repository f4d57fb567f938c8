import { assertEquals, assertInstanceOf, assertRejects } from "../fixtures/assert.ts";
import { JobDispatcher, JobTimeoutError, ProcessScheduler } from "../../mod.ts";
import { passAndFail, passAndSpin, stopAt } from "../fixtures/gate_functions.ts";
import { Gate, type Visitor } from "../fixtures/gate.ts";
import { test } from "../fixtures/ground.ts";

/** The processes that the visitors are, which may go on. */
function pids(visitors: Visitor[]): number[] {
  for (const visitor of visitors) visitor.letGo();
  return visitors.map(({ text }) => Number(text)).toSorted();
}

/** Which processes a map over two items finds. */
async function workersOf(dispatcher: JobDispatcher, gate: Gate): Promise<number[]> {
  const stop = { i: 1, port: gate.port };
  const results = dispatcher.map(stopAt, [stop, stop]);
  const found = pids(await gate.take(2));
  assertEquals(await results, [1, 1]);
  return found;
}

for (const transport of ["local", "network"] as const) {
  const scheduler = () => new ProcessScheduler({ workers: 2, transport });

  test(`A signal ends endless loops, and their workers go on (${transport})`, async () => {
    await using gate = new Gate();
    await using dispatcher = new JobDispatcher({ scheduler });
    const before = await workersOf(dispatcher, gate);
    for (let i = 0; i < 3; i++) {
      const controller = new AbortController();
      const { signal } = controller;
      const results = dispatcher.map(passAndSpin, [gate.port, gate.port], { signal });
      assertEquals(pids(await gate.take(2)), before);
      const reason = new Error("enough");
      controller.abort(reason);
      const error = await results.catch((error) => error);
      assertEquals(error === reason, true, "it throws the signal's reason");
    }
    assertEquals(await workersOf(dispatcher, gate), before);
    assertEquals(dispatcher.stats().workersRequested, 2);
  });

  test(`An item that takes too long is ended, and its worker goes on (${transport})`, async () => {
    await using gate = new Gate();
    await using dispatcher = new JobDispatcher({ scheduler });
    const before = await workersOf(dispatcher, gate);
    const options = { timeout: 50, reraise: false };
    const results = dispatcher.map(passAndSpin, [gate.port, gate.port], options);
    assertEquals(pids(await gate.take(2)), before);
    for (const error of await results) {
      assertInstanceOf(error as unknown, JobTimeoutError);
    }
    assertEquals(await workersOf(dispatcher, gate), before);
    assertEquals(dispatcher.stats().workersRequested, 2);
  });
}

test("The failure of one item ends the endless loop of another, and both workers go on", async () => {
  await using gate = new Gate();
  const scheduler = () => new ProcessScheduler({ workers: 2 });
  await using dispatcher = new JobDispatcher({ scheduler });
  const before = await workersOf(dispatcher, gate);
  const { port } = gate;
  const items = [{ port, throws: false }, { port, throws: true }];
  const results = dispatcher.map(passAndFail, items);
  const visitors = await gate.take(2);
  for (const what of ["spins", "throws"]) {
    visitors.find(({ text }) => text === what)!.letGo();
  }
  await assertRejects(() => results, RangeError, "too small");
  assertEquals(await workersOf(dispatcher, gate), before);
});

test("Leaving a loop over imap ends what runs, and the workers go on", async () => {
  await using gate = new Gate();
  const scheduler = () => new ProcessScheduler({ workers: 2 });
  await using dispatcher = new JobDispatcher({ scheduler });
  const before = await workersOf(dispatcher, gate);
  const stream = dispatcher.imap(passAndSpin, [gate.port, gate.port]);
  const first = stream.next();
  assertEquals(pids(await gate.take(2)), before);
  await stream.return!();
  assertEquals(await first, { value: undefined, done: true });
  assertEquals(await workersOf(dispatcher, gate), before);
});
