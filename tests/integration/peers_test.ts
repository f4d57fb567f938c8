import { assert, assertEquals, assertStringIncludes } from "../fixtures/assert.ts";
import { GridEngineError, Job, JobDispatcher, ProcessScheduler } from "../../mod.ts";
import { encode } from "../../src/protocol/codec.ts";
import { serialize } from "../../src/protocol/values.ts";
import { bytes } from "../fixtures/libzmq.ts";
import { FakeScheduler, FakeWorker } from "./_fake_worker.ts";
import { range, test } from "../fixtures/ground.ts";
import { until } from "../fixtures/waiting.ts";
import { identitiesOf, runFilePath, Running } from "../fixtures/running.ts";

for (const transport of ["local", "network"] as const) {
  const scheduler = () => new ProcessScheduler({ workers: 2, transport });

  test(`What a stranger with the run's keys says is counted, and changes nothing (${transport})`, async (ground) => {
    await using running = await Running.begin(ground, scheduler);
    await using stranger = new FakeWorker(runFilePath(ground), "stranger");
    stranger.hello();
    stranger.hello([...identitiesOf(ground).values()][0]);
    stranger.send([bytes("nonsense")]);
    stranger.send([new Uint8Array(8 << 20)]);
    stranger.send(encode({ type: "heartbeat" }));
    const { dispatcher } = running;
    await until("all counted", () => dispatcher.stats().violations === 5);
    const { violations, workersLost, refused } = await running.finish();
    assertEquals({ violations, workersLost, refused }, {
      violations: 5,
      workersLost: 0,
      refused: 0,
    });
  });

  test(`A worker that was never asked for is told so (${transport})`, async (ground) => {
    await using running = await Running.begin(ground, scheduler);
    const [asked] = identitiesOf(ground).values();
    await using unasked = new FakeWorker(runFilePath(ground), `${asked}000`);
    unasked.hello();
    const { why } = await unasked.hear("refused");
    assertStringIncludes(why, "does not expect the worker");
    const { violations, workersLost } = await running.finish();
    assertEquals([violations, workersLost], [0, 0]);
  });

  test(`Who takes a worker's name costs no result (${transport})`, async (ground) => {
    await using running = await Running.begin(ground, scheduler);
    const name = identitiesOf(ground).get(running.pid)!;
    {
      await using impostor = new FakeWorker(runFilePath(ground), name);
      impostor.hello();
      // It is heard, whatever the answer.
      const { dispatcher } = running;
      const { messages } = dispatcher.stats();
      await until("heard", () => dispatcher.stats().messages > messages);
    }
    await running.finish();
  });
}

test("A Job whose worker sends a message that is no value runs elsewhere", async () => {
  await using scheduler = new FakeScheduler("local");
  await using dispatcher = new JobDispatcher({ scheduler });
  const job = new Job({ target: (x: number) => x + 1, args: [1], dispatcher });
  job.start();
  await using worker = await scheduler.fake;
  const chunk = await worker.begin();
  worker.say({ type: "started", chunk });
  worker.say({ type: "message", chunk, value: bytes("garbage") });
  await scheduler.stopped;
  assertEquals(await job.result, 2);
  assertEquals(dispatcher.stats().violations, 1);
});

const failures: Record<string, Uint8Array> = {
  "no value": bytes("garbage"),
  "a value of the wrong kind": serialize(5),
  "an error without its parts": serialize({ kind: "error" }),
  "nothing": serialize(null),
};

for (const [what, value] of Object.entries(failures)) {
  test(`A failure that is ${what} fails its item alone`, async () => {
    await using scheduler = new FakeScheduler("local");
    await using dispatcher = new JobDispatcher({ scheduler });
    const options = { reraise: false };
    const squares = dispatcher.map((x: number) => x * x, range(20), options);
    await using worker = await scheduler.fake;
    const chunk = await worker.begin();
    worker.say({
      type: "failed",
      chunk,
      offset: 0,
      reason: "threw",
      exitStatus: 0,
      value,
    });
    // So that the others are for a real one.
    worker.send([bytes("nonsense")]);
    const [first, ...others] = await squares as unknown[];
    assert(first instanceof GridEngineError, Deno.inspect(first));
    assertEquals(others, range(20).slice(1).map((x) => x * x));
  });
}
