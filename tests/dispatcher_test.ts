import {
  assert,
  assertEquals,
  assertRejects,
  assertThrows,
} from "./fixtures/assert.ts";
import {
  GridEngineError,
  GridEngineScheduler,
  Job,
  JobCancelledError,
  JobDispatcher,
  JobTimeoutError,
  map,
  ProcessScheduler,
  type Progress,
  SchedulerError,
  TimeoutError,
  WorkerLostError,
} from "../mod.ts";
import { DyingScheduler } from "./fixtures/dying_scheduler.ts";
import { failOnce, loop, wait, whatIsKnown } from "./fixtures/functions.ts";
import {
  bounded,
  group,
  instanceOf,
  runProgram,
  TempDirectory,
  test,
  twoProcesses as scheduler,
} from "./fixtures/tools.ts";
import { until } from "./fixtures/waiting.ts";

const identity = (x: number) => x;
const endless = () => {
  for (;;);
};

test("JobDispatcher refuses a scheduler in the place of its options", () => {
  const make = (options: unknown) => () =>
    new JobDispatcher(options as { name: string });
  const text = "JobDispatcher takes { scheduler }, not a scheduler";
  assertThrows(make(new ProcessScheduler()), TypeError, text);
  assertThrows(make(ProcessScheduler), TypeError, text);
  assertThrows(make({ memory: 2 }), TypeError, "new ProcessScheduler({ memory })");
});

test("JobDispatcher takes a number of workers in the place of a scheduler", async () => {
  await using d = new JobDispatcher({ workers: 1 });
  await d.map(identity, [1, 2, 3]);
  assertEquals(d.stats().workersRequested, 1);
  const { ready, disconnected } = d.stats().workers;
  assertEquals([ready, disconnected], [1, 0]);
  const both = () => new JobDispatcher({ workers: 1, scheduler });
  assertThrows(both, TypeError, "scheduler and workers are both given");
  assertThrows(() => new JobDispatcher({ workers: 0 }), RangeError, "workers is 0");
  const wrong = { workers: 1 } as object;
  const onIt = () => d.map(identity, [1], wrong);
  await assertRejects(onIt, TypeError, "new ProcessScheduler({ workers })");
});

group("JobDispatcher keeps its workers warm", (test) => {
  test("dispatch() and join() run jobs and give their results in order", async (d) => {
    assertEquals([d.startTime, d.endTime, d.elapsedTime], [undefined, undefined, 0]);
    assertEquals(d.address, undefined);
    const target = async (x: number) => {
      await new Promise((resolve) => setTimeout(resolve, 20 * (3 - x)));
      return x;
    };
    const jobs = [1, 2, 3].map((x) => new Job({ target, args: [x] }));
    d.dispatch(jobs);
    assert(d.startTime instanceof Date);
    assertEquals(d.endTime, undefined);
    assertThrows(() => d.dispatch([]), GridEngineError, "still running");
    assertEquals(await d.join(), [1, 2, 3]);
    assertEquals(d.elapsedTime, Number(d.endTime) - Number(d.startTime));
    assert(d.elapsedTime > 0);
    assertEquals(jobs.map((job) => job.exitCode), [0, 0, 0]);
    assert(d.address?.startsWith("ipc://"));
    assert(d.stats().workers.ready >= 1);
    assertEquals([d.stats().done, d.stats().failed], [3, 0]);
    d.dispatch([]);
    assertEquals(await d.join(), []);
  });

  test("Times are those of all that runs, and of an imap, too", async (d) => {
    await d.map((x: number) => x, [1]);
    const [begun, gate] = [
      Promise.withResolvers<void>(),
      Promise.withResolvers<void>(),
    ];
    const prints = (x: number) => console.log(x);
    const items = async function* () {
      yield 1;
      await gate.promise;
    };
    const held = d.map(prints, items(), { onLog: () => begun.resolve() });
    await begun.promise;
    const { startTime } = d;
    assertEquals(await d.map((x: number) => x, [1]), [1]);
    assertEquals([d.startTime, d.endTime], [startTime, undefined]);
    gate.resolve();
    await held;
    assert(d.endTime! >= startTime!);
    const more = Promise.withResolvers<void>();
    const results = d.imap(
      (x: number) => x,
      (async function* () {
        yield 1;
        await more.promise;
      })(),
    );
    await results.next();
    assertEquals(d.endTime, undefined);
    assert(d.startTime! >= startTime!);
    more.resolve();
    await Array.fromAsync(results);
    assert(d.endTime! >= d.startTime!);
  });

  test("Items that wait behind a long one go to a worker that has nothing to do", async (d) => {
    using directory = new TempDirectory();
    const file = `${directory.path}/open`;
    // The first item ends only when the last has run, which was handed out with it.
    const target = (i: number) => {
      const pause = new Int32Array(new SharedArrayBuffer(4));
      if (i === 9) Deno.writeTextFileSync(file, "");
      while (i === 0) {
        try {
          Deno.statSync(file);
          break;
        } catch {
          Atomics.wait(pause, 0, 0, 1);
        }
      }
      return Deno.pid;
    };
    const pids = await d.map(target, Array.from({ length: 10 }, (_, i) => i), {
      chunkSize: 10,
    });
    assertEquals(new Set(pids).size, 2);
    assert(pids[0] !== pids[9]);
  });

  test("join() throws TimeoutError when time is up, and the jobs go on", async (d) => {
    const job = new Job({ target: wait });
    d.dispatch([new Job({ target: identity, args: [1] }), job]);
    await assertRejects(() => d.join(50), TimeoutError, "still running");
    assert(job.isAlive());
    assertEquals(d.endTime, undefined);
    job.kill();
    await assertRejects(() => d.join(), JobCancelledError);
    assert(d.endTime instanceof Date);
    await assertRejects(() => d.join(-1), RangeError, "timeout is -1");
  });

  test("join() throws the first failure, in order, when all jobs have ended", async (d) => {
    const target = (x: number) => {
      if (x > 0) throw new RangeError(`no ${x}`);
      return x;
    };
    const jobs = [0, 2, 1].map((x) => new Job({ target, args: [x] }));
    d.dispatch(jobs);
    await assertRejects(() => d.join(), RangeError, "no 2");
    assert(jobs.every((job) => job.exitCode !== null));
  });

  test("dispatch() of a job that cannot start leaves those before it running", async (d) => {
    const job = new Job({ target: identity, args: [1] });
    assertThrows(() => d.dispatch([job, job]), GridEngineError, "was started before");
    assertEquals(await d.join(), [1]);
    d.dispatch([new Job({ target: identity, args: [2] })]);
    assertEquals(await d.join(), [2]);
  });

  test("JobDispatcher has the same workers for the next map", async (d) => {
    const pids = async () => {
      const known = await d.map(whatIsKnown, Array(20).fill(0), { chunkSize: 1 });
      return known.map(({ pid }) => pid);
    };
    const all = new Set([...await pids(), ...await pids(), ...await pids()]);
    assert(all.size <= 2);
    const { workersRequested, workersLost, workers, violations } = d.stats();
    assertEquals([workersRequested, workersLost, violations], [2, 0, 0]);
    const { requested, started, ready, disconnected, busy } = workers;
    assertEquals([requested + started + ready, disconnected, busy], [2, 0, 0]);
  });
});

group("JobDispatcher deals with items that fail", (test) => {
  test("reraise: false keeps good results, and errors at their index", async (d) => {
    const f = (x: number) => {
      if (x % 3 === 0) throw new RangeError(`no ${x}`);
      return x;
    };
    const items = Array.from({ length: 100 }, (_, i) => i);
    const results = await d.map(f, items, { reraise: false }) as unknown[];
    for (const [i, result] of results.entries()) {
      if (i % 3 > 0) assertEquals(result, i);
      else assert(result instanceof RangeError && result.message === `no ${i}`);
    }
  });

  test("map() ends what runs when an item fails", async (d) => {
    const f = (x: number) => {
      if (x === 1) throw new RangeError("one");
      for (;;);
    };
    await assertRejects(() => d.map(f, [0, 1]), RangeError, "one");
    assertEquals(await d.map((x: number) => x, [1, 2, 3]), [1, 2, 3]);
  });

  test("retryErrors tries an item again whose function threw", async (d) => {
    using directory = new TempDirectory();
    const path = `${directory.path}/tries`;
    const items = [{ how: "throw", path } as const];
    await assertRejects(() => d.map(failOnce, items), Error, "the first try fails");
    assertEquals(await d.map(failOnce, items, { retryErrors: 1 }), [2]);
    assertEquals(Deno.readTextFileSync(path), "1\n1\n2\n");
    const never = () => {
      throw new URIError("always");
    };
    await assertRejects(
      () => d.map(never, [1], { retryErrors: 3 }),
      URIError,
      "always",
    );
  });

  test("timeout ends an endless loop and a long wait, and the worker goes on", async (d) => {
    const f = async (x: number) => {
      while (x === 1);
      if (x === 2) await new Promise(() => {});
      return [x, Deno.pid] as const;
    };
    const before = await d.map(f, [3, 4, 5, 6], { chunkSize: 1 });
    const results = await d.map(f, [0, 1, 2, 3], { timeout: 1000, reraise: false });
    for (const i of [1, 2]) {
      const error = instanceOf(results.splice(i, 1, [i, 0])[0], JobTimeoutError);
      assert(error.message.includes(`f[${i}]`), error.message);
    }
    const all = results as [number, number][];
    assertEquals(all.map(([x]) => x), [0, 1, 2, 3]);
    const after = await d.map(f, [3, 4, 5, 6], { chunkSize: 1 });
    const pids = new Set([...before, ...all, ...after].map(([, pid]) => pid));
    pids.delete(0);
    assert(pids.size <= 2, `${pids.size} processes`);
    const { workersLost, workersRequested } = d.stats();
    assertEquals([workersLost, workersRequested], [0, 2]);
    // Nothing of what was ended runs on.
    await Promise.all([...pids].map(idle));
  });

  test("A function may map in its turn", async (d) => {
    const table = await d.map(async (n: number) => {
      const { map, ProcessScheduler } = await import("@x/gridengine");
      const scheduler = () => new ProcessScheduler({ workers: 1 });
      return await map((x: number) => x * x, [n, n + 1], { scheduler });
    }, [1, 2]);
    assertEquals(table, [[1, 4], [4, 9]]);
  });

  test("A function that exits fails with its status, and the worker goes on", async (d) => {
    const f = (x: number) => x === 1 ? Deno.exit(3) : x;
    const results = await d.map(f, [0, 1, 2], { reraise: false }) as unknown[];
    assertEquals([results[0], results[2]], [0, 2]);
    const error = instanceOf(results[1], WorkerLostError);
    assertEquals([error.lossCause, error.attempts.length], ["exit", 1]);
    assertEquals(error.attempts[0]!.exitStatus, 3);
    assert(error.message.includes("f[1]"), error.message);
    assertEquals(d.stats().workersLost, 0);
  });

  test("An item whose worker is lost is tried again; its neighbours have results", async (d) => {
    const { workersLost } = d.stats();
    assertEquals(await d.map(failOnce, [{ how: "kill" }, { how: "kill" }]), [2, 2]);
    assert(d.stats().workersLost > workersLost);
    const f = (x: number) => {
      if (x === 2) Deno.kill(Deno.pid, "SIGKILL");
      return x;
    };
    const results = await d.map(f, [0, 1, 2, 3], { reraise: false, retries: 1 });
    const error = instanceOf(results.splice(2, 1)[0], WorkerLostError);
    assertEquals(results, [0, 1, 3]);
    assertEquals(error.lossCause, "signal");
    assertEquals(error.host, Deno.hostname());
    assertEquals(error.attempts.map(({ signal }) => signal), ["SIGKILL", "SIGKILL"]);
  });
});

test("close() cancels what runs, and what has hardly begun", async () => {
  for (const begun of [true, false]) {
    const dispatcher = new JobDispatcher({ scheduler });
    const job = new Job({ target: loop, dispatcher });
    job.start();
    if (begun) await job.messages[Symbol.asyncIterator]().next();
    const run = dispatcher.map(endless, [1, 2]);
    const kept = dispatcher.map(endless, [1], { reraise: false });
    const next = dispatcher.imap(endless, [1]).next();
    await bounded(Promise.all([
      dispatcher.close(),
      dispatcher.close(),
      assertRejects(() => run, JobCancelledError),
      assertRejects(() => next, JobCancelledError),
      assertRejects(() => job.result, JobCancelledError),
    ]));
    instanceOf((await kept)[0], JobCancelledError);
    assertEquals(job.exitCode, -15);
    assertEquals(dispatcher.stats().workersRequested > 0, begun);
  }
});

test("JobDispatcher that is closed refuses what comes after", async () => {
  const dispatcher = new JobDispatcher({ scheduler });
  await dispatcher.close();
  const closed = "The dispatcher is closed";
  await assertRejects(() => dispatcher.map(identity, [1]), GridEngineError, closed);
  const after = dispatcher.imapUnordered(identity, [1]);
  await assertRejects(() => after.next(), GridEngineError, closed);
  const job = new Job({ target: identity, args: [1] });
  assertThrows(() => job.start(dispatcher), GridEngineError);
});

test("JobDispatcher that was not used closes, and starts no worker", async () => {
  let asked = 0;
  const scheduler = () => (asked++, new ProcessScheduler({ workers: 2 }));
  {
    await using dispatcher = new JobDispatcher({ scheduler });
    assertEquals(await dispatcher.map(identity, []), []);
  }
  assertEquals(asked, 0);
});

test("JobDispatcher that is forgotten does not keep the program alive", async () => {
  const { code, stdout, stderr } = await runProgram("tests/fixtures/programs.ts", [
    "forgotten",
  ]);
  assertEquals([code, stdout, stderr], [0, "[ 1, 2 ]\n", ""]);
});

test("WorkerLostError says why no worker could be started", async () => {
  class NoScheduler extends ProcessScheduler {
    override start(): void {
      throw new Error("the queue is closed");
    }
  }
  const run = () => map(identity, [1, 2], { scheduler: NoScheduler });
  const error = await assertRejects(run, WorkerLostError, "the queue is closed");
  assertEquals(instanceOf(error, WorkerLostError).lossCause, "never started");
});

test("WorkerLostError says how workers ended that all died at their start", async () => {
  const run = () => map(identity, [1, 2], { scheduler: DyingScheduler });
  const error = instanceOf(await assertRejects(run, WorkerLostError), WorkerLostError);
  assert(error.message.includes("I cannot start here"), error.message);
  const [loss] = error.attempts;
  assertEquals([loss!.cause, loss!.exitStatus], ["exit", 7]);
});

test("reraise: false keeps the results that were there when no worker was left", async () => {
  const f = (x: number) => {
    if (x === 1) Deno.kill(Deno.pid, "SIGKILL");
    return x;
  };
  const scheduler = () => new DyingScheduler(2);
  const results = await map(f, [0, 1, 2], { scheduler, reraise: false }) as unknown[];
  assertEquals(results[0], 0);
  for (const error of results.slice(1)) {
    assert(instanceOf(error, WorkerLostError).message.includes("I cannot start here"));
  }
});

for (const reraise of [true, false]) {
  test(`Items that no worker can be had for count as failed (reraise: ${reraise})`, async () => {
    await using dispatcher = new JobDispatcher({
      scheduler: () => new DyingScheduler(),
    });
    const seen: Progress[] = [];
    const progress = (now: Progress) => void seen.push(now);
    const results = dispatcher.map(identity, [1, 2, 3], { reraise, progress });
    const [outcome] = await Promise.allSettled([results]);
    assertEquals(outcome.status, reraise ? "rejected" : "fulfilled");
    const { done, failed } = dispatcher.stats();
    assertEquals([done, failed], [0, 3]);
    const last = seen.at(-1)!;
    assertEquals([last.done, last.failed, last.total, last.ended], [0, 3, 3, true]);
  });
}

test("A job that was killed before it was taken up counts as failed", async () => {
  const ready = Promise.withResolvers<ProcessScheduler>();
  await using dispatcher = new JobDispatcher({ scheduler: () => ready.promise });
  const job = new Job({ target: endless, dispatcher });
  job.start();
  job.kill();
  await job.join();
  assertEquals(dispatcher.stats().failed, 1);
  ready.resolve(new ProcessScheduler({ workers: 1 }));
});

test("Items of a source that fails do not count as failed", async () => {
  await using dispatcher = new JobDispatcher({ scheduler: () => new DyingScheduler() });
  function* source() {
    yield 1;
    throw new RangeError("no more");
  }
  const results = dispatcher.map(identity, source());
  await assertRejects(() => results, RangeError, "no more");
  assertEquals(dispatcher.stats().failed, 0);
});

test("A closed scheduler is told as SchedulerError, also when it was open before", async () => {
  const scheduler = new ProcessScheduler({ workers: 1 });
  await using dispatcher = new JobDispatcher({ scheduler });
  assertEquals(await dispatcher.map(identity, [1]), [1]);
  await scheduler.close();
  const text = "The scheduler is closed: make a new ProcessScheduler";
  await assertRejects(() => dispatcher.map(identity, [1]), SchedulerError, text);
  await assertRejects(() => map(identity, [1], { scheduler }), SchedulerError, text);
  const cluster = new GridEngineScheduler({ workers: 1 });
  await cluster.close();
  await assertRejects(
    () => map(identity, [1], { scheduler: cluster }),
    SchedulerError,
    "The scheduler is closed: make a new GridEngineScheduler",
  );
});

/** Resolves when no thread of a process is running any more. */
async function idle(pid: number): Promise<void> {
  const running = () =>
    [...Deno.readDirSync(`/proc/${pid}/task`)].some(({ name }) =>
      / R /.test(Deno.readTextFileSync(`/proc/${pid}/task/${name}/stat`))
    );
  await until("no thread runs", () => !running());
}
