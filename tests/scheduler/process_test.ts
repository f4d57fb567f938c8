import {
  assert,
  assertEquals,
  assertStringIncludes,
  assertThrows,
} from "../fixtures/assert.ts";
import {
  ProcessScheduler,
  SchedulerError,
  settings,
  type WorkerLoss,
  type WorkerSpec,
} from "../../mod.ts";
import { Gate } from "../fixtures/gate.ts";
import { isAlive } from "../fixtures/processes.ts";
import { test } from "../fixtures/ground.ts";

/** What a scheduler told of its workers. */
class Listener {
  readonly startedWorkers: string[] = [];
  readonly ends: [worker: string, loss: WorkerLoss][] = [];

  started(worker: string): void {
    this.startedWorkers.push(worker);
  }

  ended(worker: string, loss: WorkerLoss): void {
    this.ends.push([worker, loss]);
  }
}

/** Workers that come to a gate, and leave when they are let through. */
function spec(gate: Gate): WorkerSpec {
  return {
    name: "test",
    module: new URL("./_standing_worker.ts", import.meta.url).href,
    flags: ["--allow-all", "--quiet"],
    runFile: `${gate.port}`,
  };
}

/** Starts workers, and waits until they stand at the gate; gives their process ids. */
async function startAll(
  scheduler: ProcessScheduler,
  gate: Gate,
  workers: string[],
  listener: Listener,
): Promise<Map<string, { pid: number; letGo: () => void }>> {
  scheduler.start(spec(gate), workers, listener);
  const found = new Map<string, { pid: number; letGo: () => void }>();
  for (const { text, letGo } of await gate.take(workers.length)) {
    const [worker, pid] = text.split(" ");
    found.set(worker!, { pid: Number(pid), letGo });
  }
  assertEquals([...found.keys()].toSorted(), workers.toSorted());
  return found;
}

test("A ProcessScheduler starts one process for each identity, and tells how each ends", async () => {
  await using gate = new Gate();
  await using scheduler = new ProcessScheduler({ workers: 1 });
  const listener = new Listener();
  const workers = await startAll(scheduler, gate, ["a", "b"], listener);
  assertEquals(listener.startedWorkers, ["a", "b"]);
  assertEquals(listener.ends, []);
  workers.get("b")!.letGo();
  workers.get("a")!.letGo();
  await scheduler.join();
  assertEquals(listener.ends.map(([worker]) => worker).toSorted(), ["a", "b"]);
  for (const [worker, loss] of listener.ends) {
    const { wallClock, log, ...rest } = loss;
    assertEquals(rest, {
      cause: "exit",
      detail: "its process exited with status 3",
      exitStatus: 3,
      pid: workers.get(worker)!.pid,
      host: Deno.hostname(),
    });
    assert(wallClock! > 0);
    assert(log!.includes(`${worker} leaves`), log);
  }
});

test("stop ends one worker by SIGKILL, and no other", async () => {
  await using gate = new Gate();
  await using scheduler = new ProcessScheduler();
  const listener = new Listener();
  const workers = await startAll(scheduler, gate, ["a", "b"], listener);
  scheduler.stop("a");
  scheduler.stop("a");
  scheduler.stop("nobody");
  workers.get("b")!.letGo();
  await scheduler.join();
  const ends = new Map(listener.ends);
  assertEquals(ends.size, 2);
  const { cause, signal, signalNumber, detail } = ends.get("a")!;
  assertEquals({ cause, signal, signalNumber, detail }, {
    cause: "signal",
    signal: "SIGKILL",
    signalNumber: 9,
    detail: "its process was ended by SIGKILL",
  });
  assertEquals(ends.get("b")!.exitStatus, 3);
  scheduler.stop("a");
});

test("join waits for workers that are started while it waits", async () => {
  await using gate = new Gate();
  await using scheduler = new ProcessScheduler();
  const listener = new Listener();
  await scheduler.join();
  const first = await startAll(scheduler, gate, ["a"], listener);
  const joined = scheduler.join();
  const second = await startAll(scheduler, gate, ["b"], listener);
  first.get("a")!.letGo();
  second.get("b")!.letGo();
  await joined;
  assertEquals(listener.ends.length, 2);
});

test("killall ends every worker, and others may be started after it", async () => {
  await using gate = new Gate();
  await using scheduler = new ProcessScheduler();
  const listener = new Listener();
  const workers = await startAll(scheduler, gate, ["a", "b", "c"], listener);
  await scheduler.killall();
  assertEquals([...workers.values()].filter(({ pid }) => isAlive(pid)), []);
  assertEquals(listener.ends.map(([, { signal }]) => signal), [
    "SIGKILL",
    "SIGKILL",
    "SIGKILL",
  ]);
  const more = await startAll(scheduler, gate, ["d"], listener);
  more.get("d")!.letGo();
  await scheduler.join();
  assertEquals(listener.ends.at(-1)![1].exitStatus, 3);
  await scheduler.killall();
});

test("close ends every worker, and nothing can be started after it", async () => {
  await using gate = new Gate();
  const scheduler = new ProcessScheduler();
  const listener = new Listener();
  const workers = await startAll(scheduler, gate, ["a", "b"], listener);
  await scheduler.close();
  assertEquals([...workers.values()].filter(({ pid }) => isAlive(pid)), []);
  assertEquals(listener.ends.length, 2);
  assertThrows(
    () => scheduler.start(spec(gate), ["c"], listener),
    SchedulerError,
    "The scheduler is closed",
  );
  assertEquals(listener.startedWorkers, ["a", "b"]);
  await scheduler.close();
  await scheduler[Symbol.asyncDispose]();
});

test("A process that cannot be started is told as never started, after start has returned", async () => {
  await using gate = new Gate();
  // More than the system lets a program be started with.
  const env = { HUGE: "x".repeat(1 << 20) };
  await using scheduler = new ProcessScheduler({ env });
  const ended = Promise.withResolvers<[string, WorkerLoss]>();
  let returned = false;
  scheduler.start(spec(gate), ["a"], {
    started: () => ended.reject(new Error("It was told as started")),
    ended: (worker, loss) =>
      returned ? ended.resolve([worker, loss]) : ended.reject(new Error("too early")),
  });
  returned = true;
  const [worker, { cause, detail }] = await ended.promise;
  assertEquals([worker, cause], ["a", "never started"]);
  assert(detail.startsWith("its process cannot be started: "), detail);
  await scheduler.join();
});

test("A ProcessScheduler refuses what is no number of workers, and no transport", async () => {
  for (const workers of [0, -1, 1.5, NaN, Infinity, "2" as unknown as number]) {
    assertThrows(
      () => new ProcessScheduler({ workers }),
      RangeError,
      `workers is ${Deno.inspect(workers)}: a whole number from 1 is expected`,
    );
  }
  const transport = "tcp" as "local";
  assertThrows(
    () => new ProcessScheduler({ transport }),
    TypeError,
    '"local" or "network" is expected',
  );
  for (const permissions of [{ network: true }, "all"] as unknown[] as "none"[]) {
    assertThrows(
      () => new ProcessScheduler({ permissions }),
      TypeError,
      '"inherit", "none" or an object of net, read',
    );
  }
  const refused: [unknown, string][] = [
    [{ worker: 2 }, 'ProcessScheduler has no option "worker": it has workers'],
    [
      { queue: "all.q" },
      "it belongs to a scheduler, new GridEngineScheduler({ queue })",
    ],
    [4, "ProcessScheduler takes its options as an object, not 4"],
    [{ env: { A: 1 } }, "env.A is 1: a value of type string is expected"],
  ];
  for (const [options, text] of refused) {
    assertThrows(
      () => new ProcessScheduler(options as { workers: number }),
      TypeError,
      text,
    );
  }
  await using scheduler = new ProcessScheduler();
  assertEquals(scheduler.workers, settings.workers);
  assertEquals([scheduler.transport, scheduler.permissions], ["local", "inherit"]);
});

/** What a program of `programs.ts` prints that may have so many files open. */
async function limited(files: number, name: string, options = {}): Promise<string> {
  const program = new URL("../fixtures/programs.ts", import.meta.url).pathname;
  const line = `ulimit -n ${files}; exec "${Deno.execPath()}" run -A "$@"`;
  const words = ["-c", line, "sh", program, name, JSON.stringify(options)];
  const { stdout } = await new Deno.Command("sh", { args: words }).output();
  return new TextDecoder().decode(stdout).trimEnd();
}

for (const transport of ["local", "network"]) {
  test(`More workers than the process may have open files are refused, and the limit named (${transport})`, async () => {
    assertEquals(
      await limited(96, "crowd", { workers: 30, transport }),
      "ZeromqError: 30 workers need 184 open files, and the limit is 96: raise it by " +
        "ulimit -n, or have fewer workers",
    );
    assertEquals(
      await limited(100, "crowd", { workers: 9, transport }),
      "0,1,2,3,4,5,6,7,8",
    );
  });
}

test("Workers that a program with too many open files asks for are refused, and come later", async () => {
  const [refused = "", results] = (await limited(128, "manyFiles")).split("\n");
  assertStringIncludes(refused, "files open, its workers need");
  assertStringIncludes(refused, "and the limit is 128: raise it by ulimit -n");
  assertEquals(results, "1,2");
});
