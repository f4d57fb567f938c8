/** What is sent to a job is there for each of its tries, however its worker came about. */

import { assert, assertEquals } from "../fixtures/assert.ts";
import { Job, JobDispatcher, ProcessScheduler, settings } from "../../mod.ts";
import { serializeList } from "../../src/protocol/lists.ts";
import { deserialize } from "../../src/protocol/values.ts";
import { FakeScheduler, FakeWorker } from "./_fake_worker.ts";
import { loop } from "../fixtures/functions.ts";
import { receive } from "../fixtures/gate_functions.ts";
import { range, test } from "../fixtures/ground.ts";
import { until } from "../fixtures/waiting.ts";
import { runFilePath } from "../fixtures/running.ts";

/** A job, whatever it gives. */
type AnyJob = Pick<Job, "messages" | "result" | "join">;

/** The next things that a job says. */
async function said(job: AnyJob, count: number): Promise<unknown[]> {
  const messages = job.messages[Symbol.asyncIterator]();
  const values: unknown[] = [];
  while (values.length < count) values.push((await messages.next()).value);
  return values;
}

/** What a worker is sent for its job, in order. */
async function heard(worker: FakeWorker, count: number): Promise<[number, unknown][]> {
  const messages: [number, unknown][] = [];
  while (messages.length < count) {
    const { chunk, value } = await worker.hear("message");
    messages.push([chunk, deserialize(value)]);
  }
  return messages;
}

test("A try under a new process of a worker is sent all that was sent before it", async (ground) => {
  await using scheduler = new FakeScheduler("local");
  await using dispatcher = new JobDispatcher({ scheduler });
  const job = new Job({ target: receive, args: [0, 0], dispatcher });
  job.start();
  job.send("early");
  const first = await scheduler.fake;
  const lost = await first.begin();
  job.send("running");
  assertEquals(await heard(first, 2), [[lost, "early"], [lost, "running"]]);
  first.say({ type: "restarting", why: "" });
  await until("heard", () => dispatcher.stats().workers.started === 1);
  job.send("between");
  await first[Symbol.asyncDispose]();

  await using second = new FakeWorker(runFilePath(ground), first.name, "second");
  const chunk = await second.begin();
  job.send("again");
  const values = ["early", "running", "between", "again"];
  assertEquals(await heard(second, 4), values.map((value) => [chunk, value]));
  const segments = [{ chunk, from: 0, count: 1 }];
  second.say({ type: "results", segments, elapsed: 1, list: serializeList([7]) });
  assertEquals(await job.result, 7);
  job.send("it has ended");
});

test("A new process that came without a word is sent all that was sent before it", async (ground) => {
  await using scheduler = new FakeScheduler("local");
  await using dispatcher = new JobDispatcher({ scheduler });
  const job = new Job({ target: receive, args: [0, 0], dispatcher });
  job.start();
  const first = await scheduler.fake;
  await first.begin();
  for (const i of range(3)) job.send(i);
  await first[Symbol.asyncDispose]();
  await using second = new FakeWorker(runFilePath(ground), first.name, "second");
  const chunk = await second.begin();
  assertEquals(await heard(second, 3), range(3).map((i) => [chunk, i]));
});

/** How a job ends so that its worker starts anew. */
const ends: Record<string, (dispatcher: JobDispatcher) => Promise<AnyJob>> = {
  "timed out": (dispatcher) => {
    const job = new Job({ target: loop, timeout: 50, dispatcher });
    job.start();
    return Promise.resolve(job);
  },
  "was killed": async (dispatcher) => {
    const job = new Job({ target: loop, dispatcher });
    job.start();
    await said(job, 1);
    job.kill();
    return job;
  },
  "was terminated": async (dispatcher) => {
    const job = new Job({ target: loop, dispatcher });
    job.start();
    await said(job, 1);
    job.terminate(20);
    return job;
  },
  "exited": (dispatcher) => {
    const job = new Job({ target: () => Deno.exit(3), dispatcher, retries: 0 });
    job.start();
    return Promise.resolve(job);
  },
};

for (const transport of ["local", "network"] as const) {
  test(`A job has its messages, however the job before it ended (${transport})`, async () => {
    const scheduler = () => new ProcessScheduler({ workers: 1, transport });
    await using dispatcher = new JobDispatcher({ scheduler });
    for (const [how, end] of Object.entries(ends)) {
      for (const round of range(3)) {
        const first = await end(dispatcher);
        // Somebody asks, so that nothing is printed.
        first.result.catch(() => {});
        await first.join();
        const second = new Job({ target: receive, args: [2, 0], dispatcher });
        second.start();
        second.send(how);
        second.send(round);
        assertEquals(await second.result, [how, round]);
      }
    }
  });

  test(`The try after a lost worker has all messages, in order and once (${transport})`, async () => {
    const scheduler = () => new ProcessScheduler({ workers: 1, transport });
    await using dispatcher = new JobDispatcher({ scheduler });
    const job = new Job({ target: receive, args: [11, 3], dispatcher });
    job.start();
    for (const i of range(10)) job.send(i);
    assertEquals(await said(job, 3), range(3));
    const { pid } = job;
    Deno.kill(pid!, "SIGKILL");
    await until("lost", () => dispatcher.stats().workersLost === 1);
    job.send(10);
    assertEquals(await job.result, range(11));
    assert(job.pid !== pid);
  });

  test(`The try after a worker that fell silent has all messages (${transport})`, async () => {
    const { heartbeatInterval, reconnectGrace } = settings;
    settings.heartbeatInterval = 200;
    settings.reconnectGrace = 200;
    try {
      const scheduler = () => new ProcessScheduler({ workers: 1, transport });
      await using dispatcher = new JobDispatcher({ scheduler });
      // Under load others may be taken for silent, too.
      const options = { target: receive, args: [13, 3], retries: 9, dispatcher };
      const job = new Job(options);
      job.start();
      for (const i of range(10)) job.send(i);
      assertEquals(await said(job, 3), range(3));
      Deno.kill(job.pid!, "SIGSTOP");
      job.send(10);
      await until("silent", () => dispatcher.stats().workers.ready === 0);
      job.send(11);
      await until("lost", () => dispatcher.stats().workersLost > 0);
      job.send(12);
      assertEquals(await job.result, range(13));
    } finally {
      Object.assign(settings, { heartbeatInterval, reconnectGrace });
    }
  });
}
