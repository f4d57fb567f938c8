import { AsyncLocalStorage } from "node:async_hooks";
import {
  assert,
  assertEquals,
  assertRejects,
  assertThrows,
} from "./fixtures/assert.ts";
import {
  currentJob,
  imap,
  Job,
  type JobDispatcher,
  JobTimeoutError,
  type LogLine,
  ProcessScheduler,
  SerializationError,
  WorkerLostError,
} from "../mod.ts";
import { group, instanceOf, runProgram, test } from "./fixtures/tools.ts";

const PROGRAM = "tests/fixtures/printing.ts";

/** The lines that a map prints, and how it ended. */
async function linesOf(
  dispatcher: JobDispatcher,
  f: (x: number) => unknown,
  items: number[],
): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  await dispatcher.map(f, items, { name: "f", onLog: (line) => lines.push(line) });
  return lines;
}

/** The error that an item failed with, and what it had printed. */
async function failureOf(
  dispatcher: JobDispatcher,
  f: (x: number) => unknown,
  options: { timeout?: number; retries?: number; retryErrors?: number } = {},
): Promise<{ error: Error; output: unknown }> {
  const [result] = await dispatcher.map(f, [0], {
    reraise: false,
    onLog: () => {},
    ...options,
  });
  const error = instanceOf(result, Error);
  return { error, output: (error as { output?: unknown }).output };
}

group("What functions print", (test) => {
  test("onLog runs in the asynchronous context of its call", async (d) => {
    const storage = new AsyncLocalStorage<string>();
    const seen = new Set<string | undefined>();
    const onLog = () => void seen.add(storage.getStore());
    const f = (x: number) => console.log(x);
    await storage.run("inner", () => d.map(f, [1, 2], { onLog }));
    assertEquals([...seen], ["inner"]);
  });

  test("Comes here as data, line by line", async (dispatcher) => {
    const begin = Date.now() - 1;
    const [line, ...others] = await linesOf(dispatcher, (x) => console.log(x, "a"), [
      7,
    ]);
    assertEquals(others, []);
    const { time, host, pid, ...rest } = line!;
    assertEquals(rest, { name: "f", index: 0, attempt: 1, level: "log", line: "7 a" });
    assertEquals(host, Deno.hostname());
    assert(pid !== Deno.pid && pid > 1);
    assert(time.getTime() >= begin && time.getTime() <= Date.now());
  });

  test("Is formatted as Deno's console does", async (dispatcher) => {
    const f = () => {
      console.debug("%s is %d", "x", 1);
      console.info(new Map([["a", { b: [1n] }]]));
      console.warn("two\nlines");
      console.group("group");
      console.error("within");
      console.groupEnd();
      console.table([[1]]);
      console.assert(false, "wrong");
      console.count();
      console.log();
    };
    const found = (await linesOf(dispatcher, f, [0])).map(({ level, line }) =>
      `${level} ${line}`
    );
    assertEquals(found, [
      "debug x is 1",
      'info Map(1) { "a" => { b: [ 1n ] } }',
      "warn two",
      "warn lines",
      "log group",
      "error   within",
      "log ┌───────┬───┐",
      "log │ (idx) │ 0 │",
      "log ├───────┼───┤",
      "log │     0 │ 1 │",
      "log └───────┴───┘",
      "error Assertion failed: wrong",
      "log default: 1",
      "log ",
    ]);
  });

  test("Is marked with the item that printed it, in order", async (dispatcher) => {
    const f = async (x: number) => {
      for (let i = 0; i < 3; i++) {
        console.log(`${x}.${i}`);
        if (x % 2) await Promise.resolve();
      }
    };
    const items = Array.from({ length: 50 }, (_, i) => i);
    const lines = await linesOf(dispatcher, f, items);
    for (const x of items) {
      const own = lines.filter(({ index }) => index === x).map(({ line }) => line);
      assertEquals(own, [`${x}.0`, `${x}.1`, `${x}.2`]);
    }
    assertEquals(lines.length, 150);
  });

  test("Is here before the item's result", async (dispatcher) => {
    const seen = new Set<number>();
    const f = (x: number) => {
      console.log("done");
      return x;
    };
    const options = { onLog: ({ index }: LogLine) => void seen.add(index) };
    for await (const x of imap(f, Array(500).keys(), { dispatcher, ...options })) {
      assert(seen.has(x));
    }
  });

  test("Arrives while an item computes without a pause", async (dispatcher) => {
    const abort = new AbortController();
    const f = () => {
      for (let i = 0; i < 100; i++) console.log(i);
      for (;;);
    };
    const lines: string[] = [];
    const onLog = ({ line }: LogLine) => {
      lines.push(line);
      if (line === "99") abort.abort(new Error("seen"));
    };
    const endless = dispatcher.map(f, [0], { onLog, signal: abort.signal });
    await assertRejects(() => endless, Error, "seen");
    assertEquals(lines, Array.from({ length: 100 }, (_, i) => `${i}`));
  });

  test("Is neither lost nor piled up when it is much", async (dispatcher) => {
    const f = (count: number) => {
      const before = Deno.memoryUsage().rss;
      for (let i = 0; i < count; i++) console.log(`${i}`.padStart(20_000));
      return (Deno.memoryUsage().rss - before) / 2 ** 20;
    };
    let count = 0;
    const [grown] = await dispatcher.map(f, [10_000], {
      onLog: ({ line }) => {
        if (Number(line) === count) count++;
      },
    });
    assertEquals(count, 10_000);
    // It has printed 200 MB.
    assert(grown! < 120, `the worker grew by ${grown} MB`);
  });

  test("Is dropped if nobody wants it", async (dispatcher) => {
    await dispatcher.map(() => console.log("dropped"), [0], { logs: "none" });
    const { output } = await failureOfLogs(dispatcher, "none");
    assertEquals(output, undefined);
  });

  test("Of a Job comes here, too", async (dispatcher) => {
    const lines: LogLine[] = [];
    const job = new Job({
      target: (x: number) => console.log("at", x),
      args: [5],
      name: "printer",
      dispatcher,
      onLog: (line) => lines.push(line),
    });
    job.start();
    await job.join();
    assertEquals(lines.map(({ name, index, line }) => [name, index, line]), [
      ["printer", 0, "at 5"],
    ]);
  });

  test("Of a subclass of Job stands in the error, mutable or not", async (dispatcher) => {
    class Failing extends Job<void> {
      override run() {
        console.log("I begin");
        throw new RangeError("and fail");
      }
    }
    for (const mutable of [false, true]) {
      const job = new Failing({ dispatcher, mutable, onLog: () => {} });
      job.start();
      const error = await assertRejects(() => job.result, RangeError, "and fail");
      assertEquals((error as { output?: unknown }).output, ["I begin"]);
    }
  });

  test("Stops the map if the callback throws", async (dispatcher) => {
    const onLog = () => {
      throw new RangeError("the callback is broken");
    };
    const print = (x: number) => console.log(x);
    const message = "the callback is broken";
    for (const reraise of [true, false]) {
      const failed = () => dispatcher.map(print, [1, 2, 3], { onLog, reraise });
      await assertRejects(failed, RangeError, message);
    }
    const stream = dispatcher.imap(print, [1, 2, 3], { onLog });
    await assertRejects(() => Array.fromAsync(stream), RangeError, message);
    const job = new Job({ target: print, args: [1], dispatcher, onLog });
    job.start();
    await assertRejects(() => job.result, RangeError, message);
    assertEquals(job.exitCode, 1);
  });

  test("Goes where an option says that is one", async (dispatcher) => {
    const wrong = { logs: "file" as "none" };
    await assertRejects(
      () => dispatcher.map(Math.sqrt, [1], wrong),
      TypeError,
      'logs is "file": "forward", "inherit" or "none" is expected',
    );
    const target = () => {};
    assertThrows(() => new Job({ target, ...wrong }), TypeError, "logs is");
    assertThrows(
      () => dispatcher.imap(Math.sqrt, [1], { logs: "none", onLog: () => {} }),
      TypeError,
      'onLog gets nothing with logs: "none"',
    );
  });
});

/** A failure of an item that printed, with these `logs`. */
async function failureOfLogs(
  dispatcher: JobDispatcher,
  logs: "none",
): Promise<{ output: unknown }> {
  const f = () => {
    console.log("dropped");
    throw new Error("failed");
  };
  const [error] = await dispatcher.map(f, [0], { logs, reraise: false });
  return { output: (error as unknown as { output?: unknown }).output };
}

group("What one item prints has nothing of another", (test) => {
  test("A group that an item left open does not indent the next", async (d) => {
    const f = (x: number) => {
      console.group("group");
      console.log(x);
      if (x < 2) throw new RangeError("before its end");
      console.groupEnd();
    };
    for (const x of [0, 1, 2]) {
      const lines: LogLine[] = [];
      const onLog = (line: LogLine) => lines.push(line);
      // One worker at most has had the others.
      await d.map(f, [x, x], { name: "f", onLog, reraise: false, chunkSize: 2 });
      assertEquals(lines.map(({ line }) => line), [
        "group",
        `  ${x}`,
        "group",
        `  ${x}`,
      ]);
    }
  });

  test("Its counters and timers are its own", async (d) => {
    const f = () => {
      console.count("calls");
      console.time("timer");
    };
    const lines: LogLine[] = [];
    const onLog = (line: LogLine) => lines.push(line);
    await d.map(f, [0, 1, 2, 3], { name: "f", onLog });
    assertEquals(lines.map(({ line }) => line), Array(4).fill("calls: 1"));
  });

  test("A stack that is printed names the user's lines", async (d) => {
    const [line] = await linesOf(d, () => console.log(new Error("here").stack), [0]);
    const lines = await linesOf(d, () => console.error(new Error("here")), [0]);
    assertEquals(line!.line, "Error: here");
    const texts = lines.map(({ line }) => line);
    assertEquals(texts.filter((text) => text.includes("#shipped")), []);
    assert(texts.some((text) => text.includes("logs_test.ts:")));
  });
});

group("A failure carries what its item printed last", (test) => {
  test("If it threw, in the stack, too", async (dispatcher) => {
    const f = () => {
      for (let i = 0; i < 30; i++) console.log(i);
      throw new TypeError("no good");
    };
    const { error, output } = await failureOf(dispatcher, f);
    instanceOf(error, TypeError);
    assertEquals(output, Array.from({ length: 20 }, (_, i) => `${i + 10}`));
    assert(error.stack!.includes("it had printed:\n    | 10\n"), error.stack);
    assertEquals(Object.keys(error), []);
  });

  test("If it was too slow", async (dispatcher) => {
    const f = () => {
      console.log("I am");
      console.log("slow");
      for (;;);
    };
    const { error, output } = await failureOf(dispatcher, f, { timeout: 300 });
    instanceOf(error, JobTimeoutError);
    assertEquals(output, ["I am", "slow"]);
  });

  test("If it ended its worker, though by a signal", async (dispatcher) => {
    const f = () => {
      console.log("It looked so good.");
      console.error("The sky is falling.");
      Deno.kill(Deno.pid, "SIGKILL");
    };
    const { error, output } = await failureOf(dispatcher, f, { retries: 1 });
    assertEquals(instanceOf(error, WorkerLostError).attempts.length, 2);
    assertEquals(output, ["It looked so good.", "The sky is falling."]);
  });

  test("If it exited, or its result cannot travel", async (dispatcher) => {
    const exits = await failureOf(dispatcher, () => {
      console.log("I leave");
      Deno.exit(3);
    });
    instanceOf(exits.error, WorkerLostError);
    assertEquals(exits.output, ["I leave"]);
    const returns = await failureOf(dispatcher, () => {
      console.log("I return");
      return () => {};
    });
    instanceOf(returns.error, SerializationError);
    assertEquals(returns.output, ["I return"]);
  });

  test("In its last try", async (dispatcher) => {
    const f = () => {
      const { attempt } = currentJob()!;
      console.log("try", attempt);
      throw new Error(`try ${attempt} failed`);
    };
    const { error, output } = await failureOf(dispatcher, f, { retryErrors: 2 });
    assertEquals([error.message, output], ["try 3 failed", ["try 3"]]);
  });

  test("Unless the error has an output of its own, or it printed nothing", async (dispatcher) => {
    const own = await failureOf(dispatcher, () => {
      console.log("mine");
      throw Object.assign(new Error("with output"), { output: 5 });
    });
    assertEquals(own.output, 5);
    assert(own.error.stack!.includes("    | mine"));
    const silent = await failureOf(dispatcher, () => {
      throw new Error("silent");
    });
    assertEquals(silent.output, undefined);
    assert(!silent.error.stack!.includes("printed"));
  });
});

test("Lines are printed here, marked with name and index; warnings as errors", async () => {
  const { code, stdout, stderr } = await runProgram(PROGRAM, ["forward"]);
  assertEquals(code, 0, stderr);
  assertEquals(stdout.trim().split("\n").toSorted(), [
    "[Job-1] at work",
    "[work 0] log 0",
    "[work 1] log 1",
  ]);
  assertEquals(stderr.trim().split("\n").toSorted(), [
    "[work 0] error 0",
    "[work 0] two lines",
    "[work 1] error 1",
    "[work 1] two lines",
  ]);
});

test("Lines from a network are marked with the machine, too", async () => {
  const { stdout, stderr } = await runProgram(PROGRAM, ["network"]);
  assertEquals(stdout.trim(), `[work 0 ${Deno.hostname()}] log 0`, stderr);
});

test("Inherited output is written as it is", async () => {
  const { stdout, stderr } = await runProgram(PROGRAM, ["inherit"]);
  assertEquals(stdout.trim().split("\n").toSorted(), ["at work", "log 0", "log 1"]);
  assertEquals(stderr.includes("[work"), false);
  assert(stderr.includes("error 0\ntwo lines\n"), stderr);
});

test("A function that may do nothing can print", async () => {
  await using scheduler = new ProcessScheduler({ workers: 1, permissions: "none" });
  const lines: string[] = [];
  const stream = imap((x: number) => console.log(x), [1], {
    scheduler,
    onLog: ({ line }) => lines.push(line),
  });
  await Array.fromAsync(stream);
  assertEquals(lines, ["1"]);
});
