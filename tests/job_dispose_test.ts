import { assertEquals } from "./fixtures/assert.ts";
import { currentJob, Job, JobDispatcher, map, ProcessScheduler } from "../mod.ts";
import { bounded } from "./fixtures/tools.ts";

const scheduler = () => new ProcessScheduler({ workers: 2 });
const double = (x: number) => 2 * x;
const endless = () => {
  for (;;);
};

// libzmq stays open: not in a test.
await map(double, [0], { scheduler });

/** A test that fails if anything is left when it ends: a process, a timer, a socket. */
function test(name: string, fn: () => Promise<void>): void {
  Deno.test({
    name,
    sanitizeOps: true,
    sanitizeResources: true,
    fn: () => bounded(fn()),
  });
}

test("map leaves nothing behind in a test of a user", async () => {
  assertEquals(await map(double, [1, 2], { scheduler }), [2, 4]);
});

test("await using waits until nothing of a job is left", async () => {
  await using job = new Job({ target: double, args: [21], scheduler });
  job.start();
  await job.join();
  assertEquals(await job.result, 42);
});

test("await using terminates a job that has yet to run", async () => {
  const target = async () => {
    await new Promise(() => {});
  };
  const job = new Job({ target, scheduler });
  {
    await using running = job;
    running.start();
  }
  assertEquals([job.isAlive(), job.exitCode], [false, -15]);
});

test("await using lets a job that runs come to its end", async () => {
  const target = async () => {
    const job = currentJob()!;
    const aborted = new Promise((resolve) => {
      job.signal.addEventListener("abort", resolve);
    });
    job.send("running");
    await aborted;
    return "told to end";
  };
  const job = new Job({ target, scheduler });
  {
    await using running = job;
    running.start();
    for await (const message of running.messages) {
      assertEquals(message, "running");
      break;
    }
  }
  assertEquals([job.isAlive(), await job.result], [false, "told to end"]);
});

test("await using ends no job that was not started, nor one that was closed", async () => {
  await using _ = new Job({ target: endless, scheduler });
  await using closed = new Job({ target: double, args: [1], scheduler });
  closed.start();
  await closed.join();
  closed.close();
});

test("await using waits for the last of jobs that share their workers", async () => {
  await using first = new Job({ target: double, args: [1], scheduler });
  await using second = new Job({ target: double, args: [2], scheduler });
  first.start();
  second.start();
  await first[Symbol.asyncDispose]();
  assertEquals(await second.result, 4);
});

test("await using leaves a dispatcher open that a job was given", async () => {
  await using dispatcher = new JobDispatcher({ scheduler });
  {
    await using job = new Job({ target: double, args: [1], dispatcher });
    job.start();
    await job.join();
  }
  assertEquals(await dispatcher.map(double, [1]), [2]);
});
