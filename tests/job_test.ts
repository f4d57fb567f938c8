import {
  assert,
  assertEquals,
  assertRejects,
  assertThrows,
} from "./fixtures/assert.ts";
import {
  currentJob,
  GridEngineError,
  Job,
  JobCancelledError,
  type JobDispatcher,
  type JobOptions,
  JobTimeoutError,
  SerializationError,
  TimeoutError,
  WorkerLostError,
} from "../mod.ts";
import {
  echo,
  loop,
  throwsWhenAborted,
  untilAborted,
  wait,
} from "./fixtures/functions.ts";
import { group, instanceOf, runProgram, test } from "./fixtures/tools.ts";

const PROGRAM = "tests/fixtures/programs.ts";
const add = (a: number, b: number) => a + b;
const endless = () => {
  for (;;);
};

/** A job under way. */
function started<R>(dispatcher: JobDispatcher, options: JobOptions<R>): Job<R> {
  const job = new Job<R>({ dispatcher, ...options });
  job.start();
  return job;
}

/** A job that has said that it runs. */
async function running<R>(d: JobDispatcher, target: () => R): Promise<Job<R>> {
  const job = started<R>(d, { target });
  const { value } = await job.messages[Symbol.asyncIterator]().next();
  assertEquals(value, "running");
  return job;
}

test("Job is named Job-1, Job-2 and so on, or as it is told", () => {
  const names = [new Job(), new Job()].map(({ name }) => /^Job-(\d+)$/.exec(name)![1]);
  assertEquals(Number(names[1]), Number(names[0]) + 1);
  const job = new Job({ name: "study" });
  assertEquals(job.name, "study");
  job.name = "other";
  assertEquals(job.name, "other");
  const odd = job as unknown as { name: unknown; daemon: unknown };
  assertThrows(() => odd.name = 123, TypeError, "name is 123: a string is expected");
  assertThrows(() => odd.daemon = "yes", TypeError, 'daemon is "yes"');
  assertEquals([job.name, job.daemon], ["other", false]);
});

test("Job has no process, host or exit code before it runs", () => {
  const job = new Job({ target: add, args: [1, 2] });
  assertEquals([job.pid, job.ident, job.host, job.exitCode], [null, null, null, null]);
  assertEquals([job.isAlive(), job.daemon], [false, false]);
  assertEquals(new Job({ daemon: true }).daemon, true);
});

test("run() calls the target here, with args and kwargs", () => {
  assertEquals(new Job({ target: add, args: [1, 2] }).run(), 3);
  const target = (x: number, { y }: { y: number }) => [x, y];
  assertEquals(new Job({ target, args: [1], kwargs: { y: 2 } }).run(), [1, 2]);
  assertThrows(() => new Job().run(), GridEngineError, "nothing to run");
});

test("Job refuses options that make no sense", () => {
  assertThrows(
    () => new Job({ target: 5 as never }),
    TypeError,
    "a function is expected",
  );
  assertThrows(() => new Job({ timeout: 0 }), RangeError, "timeout is 0");
  assertThrows(() => new Job({ retries: 0.5 }), RangeError, "retries is 0.5");
  const refused: [unknown, string][] = [
    [{ target: add, arg: [3] }, 'Job has no option "arg": it has target, args'],
    [{ args: 3 }, "args is 3: an array of arguments is expected"],
    [{ args: "ab" }, 'args is "ab": an array of arguments is expected'],
    [{ kwargs: 3 }, "kwargs is 3: an object is expected"],
    [{ daemon: 1 }, "daemon is 1: true or false is expected"],
    [{ workers: 2 }, "it belongs to a scheduler, new ProcessScheduler({ workers })"],
    [add, "Job takes its options as an object, not [Function: add]"],
  ];
  for (const [options, text] of refused) {
    assertThrows(() => new Job(options as JobOptions<unknown>), TypeError, text);
  }
});

test("Job that was not started cannot be joined, ended or written to", async () => {
  const job = new Job({ target: add, args: [1, 2] });
  await assertRejects(() => job.join(), GridEngineError, "start() it first");
  await assertRejects(() => job.result, GridEngineError, "start() it first");
  assertThrows(() => job.terminate(), GridEngineError, "start() it first");
  assertThrows(() => job.kill(), GridEngineError, "start() it first");
  assertThrows(() => job.send(1), GridEngineError, "start() it first");
  assertThrows(() => new Job().start(), GridEngineError, "nothing to run");
});

test("A job shows its name, its state and its fields", () => {
  class Study extends Job {
    depth = 3;
  }
  const shown = Deno.inspect(new Study({ name: "study" }));
  for (const part of ["Study {", 'name: "study"', 'state: "new"', "exitCode: null"]) {
    assert(shown.includes(part), shown);
  }
  assert(shown.includes("depth: 3"), shown);
});

group("Job has the interface of Thread and Process", (test) => {
  test("send may be taken out of the controller", async (d) => {
    const job = started(d, {
      target: () => {
        const { send } = currentJob()!;
        [1, 2].forEach((x) => send(x));
      },
    });
    assertEquals(await Array.fromAsync(job.messages), [1, 2]);
  });

  test("An ended job holds its arguments no longer", async (d) => {
    const job = started<unknown>(d, { target: (x) => x, args: [1] as never[] });
    assertEquals(await job.result, 1);
    assertThrows(() => job.run(), GridEngineError, "nothing to run");
  });

  test("start() runs the target on a worker, once", async (d) => {
    const job = new Job({ target: add, args: [1, 2] });
    job.start(d);
    assertEquals([job.isAlive(), job.exitCode], [true, null]);
    assertThrows(() => job.start(d), GridEngineError, "was started before");
    for (const name of ["name", "daemon"] as const) {
      assertThrows(() => Object.assign(job, { [name]: "x" }), GridEngineError, name);
    }
    assertEquals(await job.join(), undefined);
    assertEquals([await job.result, job.exitCode, job.isAlive()], [3, 0, false]);
    assert(job.pid !== null && job.pid !== Deno.pid);
    assertEquals([job.ident, job.host], [job.pid, Deno.hostname()]);
    assertThrows(() => job.start(d), GridEngineError, "was started before");
    await job.join(0);
  });

  test("A job that was sent a message early has its own index and random numbers", async (d) => {
    const target = (large: string) => async () => {
      void large.length;
      const job = currentJob()!;
      for await (const message of job.messages) {
        return [message, job.index, job.random()];
      }
      return [];
    };
    const run = async (large: string) => {
      const job = started(d, { target: target(large), seed: 7 });
      job.send("hi");
      return await job.result;
    };
    const alone = await run("");
    await d.map((x: number) => x, Array(40).fill(1), { chunkSize: 20 });
    // Its code takes a while, and so the message waits for it.
    assertEquals(await run("x".repeat(2_000_000)), alone);
    assertEquals(alone.slice(0, 2), ["hi", 0]);
  });

  test("kwargs are passed as one last object argument", async (d) => {
    const target = async (x: number, kwargs: Record<string, unknown>) => {
      await Promise.resolve();
      return { x, ...kwargs };
    };
    const job = started(d, { target, args: [1], kwargs: { y: 2, z: [3] } });
    assertEquals(await job.result, { x: 1, y: 2, z: [3] });
  });

  test("join(timeout) throws TimeoutError when time is up, and the job goes on", async (d) => {
    const job = await running(d, wait);
    await assertRejects(() => job.join(20), TimeoutError, `"${job.name}" is still`);
    await assertRejects(() => job.join(NaN), RangeError, "timeout is NaN");
    assert(job.isAlive());
    job.kill();
    await job.join(60_000);
    assertEquals(job.exitCode, -9);
  });

  test("exitCode is 1 when the target threw; join() resolves, result rejects", async (d) => {
    const target = () => {
      throw new RangeError("it failed");
    };
    const job = started(d, { target });
    const failed = assertRejects(() => job.result, RangeError, "it failed");
    await job.join();
    await job.sentinel;
    assertEquals([job.exitCode, job.isAlive()], [1, false]);
    await failed;
  });

  test("exitCode is -N when signal N ended the worker, or its own status", async (d) => {
    const target = () => Deno.kill(Deno.pid, "SIGKILL");
    const killed = started(d, { target, retries: 0 });
    const error = await assertRejects(() => killed.result, WorkerLostError);
    assertEquals(instanceOf(error, WorkerLostError).attempts.length, 1);
    assertEquals(killed.exitCode, -9);
    const exited = started(d, { target: () => Deno.exit(3) });
    await assertRejects(() => exited.result, WorkerLostError, "status 3");
    assertEquals(exited.exitCode, 3);
  });

  test("timeout ends the job with JobTimeoutError", async (d) => {
    const job = started(d, { target: endless, timeout: 50, name: "slow" });
    const text = 'Job "slow" ran longer than its timeout of 50 ms';
    const error = await assertRejects(() => job.result, JobTimeoutError, text);
    assertEquals([job.exitCode, Object.hasOwn(error, "index")], [-9, false]);
  });

  test("terminate() aborts the signal, and the function may return in time", async (d) => {
    const job = await running(d, untilAborted);
    job.terminate(60_000);
    assertEquals([await job.result, job.exitCode], ["cleaned up", 0]);
    const throwing = await running(d, throwsWhenAborted);
    throwing.terminate(60_000);
    await assertRejects(() => throwing.result, JobCancelledError);
    throwing.kill();
    assertEquals(throwing.exitCode, -15);
  });

  test("terminate(grace) ends an endless loop after the grace period", async (d) => {
    const job = await running(d, loop);
    assertThrows(() => job.terminate(-1), RangeError, "grace is -1");
    job.terminate(50);
    await assertRejects(() => job.result, JobCancelledError, `Job "${job.name}"`);
    assertEquals([job.exitCode, job.isAlive()], [-15, false]);
    assertEquals(await started(d, { target: add, args: [1, 2] }).result, 3);
  });

  test("kill() ends it at once, in its grace period too", async (d) => {
    const job = await running(d, loop);
    job.terminate(100_000);
    job.kill();
    await assertRejects(() => job.result, JobCancelledError);
    assertEquals(job.exitCode, -9);
  });

  test("terminate() and kill() end a job that does not run yet", async (d) => {
    const early = started(d, { target: endless });
    early.terminate();
    await early.join();
    assertEquals([early.exitCode, early.pid], [-15, null]);
    const busy = [await running(d, wait), await running(d, wait)];
    const queued = [1, 2].map(() => started(d, { target: endless }));
    queued[0]!.terminate();
    queued[1]!.kill();
    await Promise.all(queued.map((job) => job.join()));
    assertEquals(queued.map((job) => [job.exitCode, job.pid]), [[-15, null], [
      -9,
      null,
    ]]);
    for (const job of busy) job.kill();
    await Promise.all(busy.map((job) => job.join()));
  });

  test("close() is for jobs that have ended, and ends their use", async (d) => {
    const job = await running(d, wait);
    assertThrows(() => job.close(), GridEngineError, "is still running");
    job.kill();
    await job.join();
    job.close();
    await assertRejects(() => job.join(), GridEngineError, "is closed");
    for (const use of ["isAlive", "terminate", "kill", "start"] as const) {
      assertThrows(() => job[use](), GridEngineError, "is closed");
    }
    assertThrows(() => job.send(1), GridEngineError, "is closed");
    const unused = new Job({ target: add, args: [1, 2] });
    unused.close();
    assertThrows(() => unused.start(d), GridEngineError, "is closed");
  });

  test("sentinel settles when the job ends", async (d) => {
    const job = await running(d, wait);
    const first = await Promise.race([job.sentinel.then(() => "ended"), job.join(20)])
      .catch((error) => error);
    instanceOf(first, TimeoutError);
    job.kill();
    assertEquals(await job.sentinel, undefined);
  });
});

group("Job and its function send each other values", (test) => {
  test("Messages come in order both ways, also what was sent before it ran", async (d) => {
    const job = started(d, { target: echo });
    const values = [
      "a",
      new Map([[1, 2n]]),
      ...Array.from({ length: 500 }, (_, i) => i),
    ];
    for (const value of values) job.send(value);
    const answers: unknown[] = [];
    for await (const answer of job.messages) {
      answers.push(answer);
      if (answers.length === values.length) job.send("end");
    }
    assertEquals(answers, values.map((value, i) => [value, i + 1]));
    assertEquals([await job.result, job.exitCode], [values.length, 0]);
    job.send("it has ended");
    assertEquals(await Array.fromAsync(job.messages), []);
  });

  test("send() refuses what cannot travel, by its path", async (d) => {
    const job = started(d, { target: echo });
    assertThrows(
      () => job.send({ later: Promise.resolve() }),
      SerializationError,
      "message.later is a Promise",
    );
    job.send("end");
    assertEquals(await job.result, 0);
    const target = async () => {
      const { currentJob } = await import("../mod.ts");
      currentJob()!.send([1, () => 2]);
    };
    const sending = started(d, { target });
    await assertRejects(
      () => sending.result,
      SerializationError,
      "message[1] is a function",
    );
  });

  test("start() refuses arguments that cannot travel, by their path", (d) => {
    const job = new Job({
      target: add,
      args: [1, { f: Symbol("s") } as unknown as number],
      name: "j",
      dispatcher: d,
    });
    const why = "j → args[1].f is a symbol";
    assertThrows(() => job.start(), SerializationError, why);
    assertEquals(job.isAlive(), false);
  });
});

group("A failed Job ends whatever its error is", (test) => {
  test("A WorkerLostError that the function itself threw, with nothing in it", async (d) => {
    for (const attempts of [[], 5, [null]]) {
      const job = started(d, {
        target: (attempts: unknown) => {
          throw Object.assign(new WorkerLostError("thrown", []), { attempts });
        },
        args: [attempts],
      });
      const failed = job.result.catch((error) => error);
      await job.join(20_000);
      assertEquals(instanceOf(await failed, WorkerLostError).message, "thrown");
      assertEquals(job.exitCode, -9);
    }
  });

  test("One that cannot be printed", async (d) => {
    const { error } = console;
    const job = started(d, { target: throwsWhenAborted, args: [] });
    console.error = () => {
      throw new Error("no room for this");
    };
    try {
      job.kill();
      await job.join(20_000);
      const failing = started(d, {
        target: () => {
          throw new Error("nobody asked");
        },
      });
      await failing.join(20_000);
      assertEquals(failing.exitCode, 1);
    } finally {
      console.error = error;
    }
    assertEquals(await d.map((x: number) => x + 1, [1]), [2]);
  });
});

test("Job that fails prints its error once if nobody asked, and ends no program", async () => {
  const { code, stdout, stderr } = await runProgram(PROGRAM, ["failing"]);
  assertEquals(code, 0);
  assertEquals(stdout, "caught: somebody asked\nexit code: 1\n");
  assertEquals(stderr.split('Exception in job "left alone"').length, 2, stderr);
  assertEquals(stderr.split("nobody asked").length, 2, stderr);
  assert(!stderr.includes("somebody asked"), stderr);
});

test("Jobs of one scheduler share a dispatcher, which closes itself", async () => {
  const { code, stdout, stderr } = await runProgram(PROGRAM, ["shared"]);
  assertEquals([code, stderr], [0, ""]);
  const lines = ["1", "2", "3", "1 worker had them", "4", "a later job had another"];
  assertEquals(stdout.trim().split("\n"), lines);
});

test("A daemon Job does not keep the program alive, but runs while that lives", async () => {
  const endless = await runProgram(PROGRAM, ["daemon"]);
  assertEquals([endless.code, endless.stdout], [0, "running true\n"]);
  const ends = await runProgram(PROGRAM, ["daemonEnds"]);
  assertEquals([ends.code, ends.stdout, ends.stderr], [0, "7 0\n", ""]);
});
