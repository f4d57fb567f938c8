/** What an item leaves behind, and what ends a thread that runs none. */

import {
  assertEquals,
  assertInstanceOf,
  assertStringIncludes,
} from "../fixtures/assert.ts";
import {
  Job,
  JobDispatcher,
  type LogLine,
  map,
  ProcessScheduler,
  WorkerLostError,
} from "../../mod.ts";
import { entries, test } from "../fixtures/ground.ts";
import { until } from "../fixtures/waiting.ts";

const scheduler = () => new ProcessScheduler({ workers: 1 });
const items = [0, 1, 2, 3];

/** What is logged from now on. */
class Log implements Disposable {
  text = "";
  readonly #error = console.error;

  constructor() {
    console.error = (...args) => this.text += `${args.join(" ")}\n`;
  }

  [Symbol.dispose](): void {
    console.error = this.#error;
  }
}

/** Ways to end the thread that a function may know of. */
const exits: Record<string, (x: number) => unknown> = {
  "Deno.exit in a timer of 0 ms": (x) => {
    setTimeout(() => Deno.exit(0), 0);
    return x;
  },
  "Deno.exit in a timer of 1 ms, with a status": (x) => {
    setTimeout(() => Deno.exit(3), 1);
    return x;
  },
  "process.exit in a timer": (x) => {
    const { process } = globalThis as unknown as { process: { exit(): void } };
    setTimeout(() => process.exit(), 0);
    return x;
  },
  "exit of node:process, with a listener that exits, too": async (x) => {
    const { default: process, exit } = await import("node:process");
    process.on("exit", () => process.exit(4));
    setTimeout(() => exit(3), 0);
    return x;
  },
  "self.close in a microtask": (x) => {
    queueMicrotask(() => self.close());
    return x;
  },
  "Deno.exit in a promise that nobody awaits": (x) => {
    void Promise.resolve().then(() => Promise.resolve()).then(() => Deno.exit(1));
    return x;
  },
  "Deno.exit in a listener for what nobody caught": (x) => {
    addEventListener("unhandledrejection", () => Deno.exit(1));
    void Promise.reject(new Error("Nobody caught it"));
    return x;
  },
};
for (const [name, exit] of Object.entries(exits)) {
  test(`What an item leaves behind may exit, and costs no item: ${name}`, async () => {
    using log = new Log();
    await using dispatcher = new JobDispatcher({ scheduler });
    assertEquals(await dispatcher.map(exit, items, { retries: 0 }), items);
    await until(
      "told",
      () => log.text.includes("restarts because something that "),
    );
    assertStringIncludes(log.text, "exited with status ");
    assertEquals(await dispatcher.map(exit, items, { retries: 0 }), items);
  });
}

test("An exit while no item runs is told with the item before it and the status", async () => {
  using log = new Log();
  await using dispatcher = new JobDispatcher({ scheduler });
  const leaves = function leaves(x: number) {
    setTimeout(() => Deno.exit(7), 0);
    return x;
  };
  assertEquals(await dispatcher.map(leaves, [0]), [0]);
  await until("told", () => log.text.includes("with status 7"));
  assertStringIncludes(
    log.text,
    "leaves[0] or an item before it left behind exited with",
  );
  assertEquals(await dispatcher.map((x) => 2 * x, [1]), [2]);
});

test("What an item before it returned is not lost when an item exits", async ({ folder }) => {
  const path = `${folder}/count`;
  const results = await map(
    (path: string | null) => {
      if (path === null) Deno.exit(5);
      Deno.writeTextFileSync(path, ".", { append: true });
      return path.length;
    },
    [path, path, null, path],
    { scheduler, chunkSize: 4, reraise: false },
  );
  const [, , error] = results as unknown[];
  assertInstanceOf(error, WorkerLostError);
  assertStringIncludes((error as Error).message, "the function exited with status 5");
  assertEquals(results.toSpliced(2, 1), Array(3).fill(path.length));
  assertEquals(Deno.readTextFileSync(path), "...");
});

test("A thread that an item has left busy is replaced, and the log says by which", async ({ folder }) => {
  const leave = {
    timer: function timer(path: string) {
      setTimeout(() => {
        Deno.writeTextFileSync(path, "");
        for (;;);
      }, 0);
      return 1;
    },
    promise: function promise(path: string) {
      void Promise.resolve().then(() => {
        Deno.writeTextFileSync(path, "");
        for (;;);
      });
      return 1;
    },
  };
  for (const [name, busy] of Object.entries(leave)) {
    await using dispatcher = new JobDispatcher({ scheduler });
    const path = `${folder}/${name}`;
    using log = new Log();
    assertEquals(await dispatcher.map(busy, [path], { retries: 0 }), [1]);
    await until("busy", () => entries(folder).includes(name));
    // Their time does not count before they begin.
    const next = { timeout: 1000, retries: 0 };
    assertEquals(await dispatcher.map((x) => 2 * x, [1, 2], next), [2, 4]);
    assertStringIncludes(log.text, `that ${name}[0] or an item before it left behind`);
    assertStringIncludes(log.text, "kept the thread busy for 5000 ms");
  }
});

test("What an item leaves behind may take its time, and a worker may be stopped", async ({ folder }) => {
  await using dispatcher = new JobDispatcher({ scheduler });
  const path = `${folder}/busy`;
  const [pid] = await dispatcher.map((path) => {
    setTimeout(() => {
      Deno.writeTextFileSync(path, "");
      for (const end = performance.now() + 1500; performance.now() < end;);
    }, 0);
    return Deno.pid;
  }, [path]);
  await until("busy", () => entries(folder).includes("busy"));
  const next = dispatcher.map(() => Deno.pid, [0]);
  await new Promise((resolve) => setTimeout(resolve, 500));
  Deno.kill(pid!, "SIGSTOP");
  try {
    // Longer than a thread may keep others waiting.
    await new Promise((resolve) => setTimeout(resolve, 6000));
  } finally {
    Deno.kill(pid!, "SIGCONT");
  }
  assertEquals(await next, [pid]);
});

test("A thread that stands still behind an item of a Job is replaced, too", async () => {
  await using dispatcher = new JobDispatcher({ scheduler });
  const stop = () => {
    setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0), 0);
    return "stopped";
  };
  const jobs = [new Job({ target: stop }), new Job({ target: () => "next" })];
  for (const job of jobs) {
    job.start(dispatcher);
    await job.join();
  }
  assertEquals(jobs.map(({ exitCode }) => exitCode), [0, 0]);
});

test("A rejected promise that nobody awaits is told of the last item, as of those before", async () => {
  const told: string[] = [];
  const onLog = ({ index, line }: LogLine) => {
    if (line.startsWith("Unhandled")) told.push(`${index}: ${line}`);
  };
  const ways: Record<string, (x: number) => unknown> = {
    once: (x: number) => {
      void Promise.reject(new Error(`of ${x}`));
      return x;
    },
    later: async (x: number) => {
      const fails = async () => {
        for (let i = 0; i < 5; i++) await null;
        throw new Error(`of ${x}`);
      };
      void fails();
      return await x;
    },
  };
  for (const leave of Object.values(ways)) {
    told.length = 0;
    await map(leave, [0, 1], { scheduler, chunkSize: 1, onLog });
    // What items of one message have left is told at its end. That is after the result.
    assertEquals(told.map((line) => line.replace(/^0/, "1")), [
      "1: Unhandled rejection in a job: Error: of 0",
      "1: Unhandled rejection in a job: Error: of 1",
    ]);
  }
});

test("What onLog throws for what an item has left behind ends nothing, and is logged", async () => {
  const leave = (x: number) => {
    void Promise.reject(new Error("of its own"));
    return x;
  };
  const onLog = () => {
    throw new Error("of the callback");
  };
  /** On a slow machine the line may come before the result: then it ends the run. */
  const withResultFirst = async <T>(run: () => Promise<T>): Promise<T> => {
    for (let tries = 1;; tries++) {
      try {
        return await run();
      } catch (error) {
        assertEquals([(error as Error).message, tries < 50], ["of the callback", true]);
      }
    }
  };
  using log = new Log();
  const results = () => map(leave, [7], { scheduler, onLog });
  assertEquals(await withResultFirst(results), [7]);
  const name = "left behind";
  const code = await withResultFirst(async () => {
    await using dispatcher = new JobDispatcher({ scheduler });
    const job = new Job({ target: leave, args: [8], name, onLog });
    job.start(dispatcher);
    assertEquals(await job.result, 8);
    await dispatcher.close();
    return job.exitCode;
  });
  assertEquals(code, 0);
  assertEquals(
    log.text,
    ["leave", name].map((name) =>
      `gridengine: onLog threw after "${name}" had ended: of the callback\n`
    ).join(""),
  );
});
