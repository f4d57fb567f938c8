/** Why items fail on a real Grid Engine: each cause is told with what is known of it. */

import { assert, assertEquals, assertMatch } from "../fixtures/assert.ts";
import { head, HOME, outputAs } from "../cluster/cluster.ts";
import { processes, programOf } from "../fixtures/processes.ts";
import { until } from "../fixtures/waiting.ts";
import type { WorkerLoss } from "../../mod.ts";
import type { Place } from "./_cluster_functions.ts";
import { MemoryGroup } from "./_memory_group.ts";
import { Ground, onlyFailure } from "./_ground.ts";
import { jobs, onCluster } from "../fixtures/on_cluster.ts";
import type { Failed, MapOrder } from "./_map_program.ts";

const test = onCluster();

/** Runs a map of one item, which fails, and gives its error. */
async function failure(order: Partial<MapOrder>): Promise<Failed> {
  const scheduler = { workers: 1, ...order.scheduler };
  await using ground = await Ground.start({
    run: "place",
    items: 1,
    retries: 0,
    ...order,
    scheduler,
  });
  await ground.opened();
  const outcome = await ground.outcome();
  await ground.closed();
  return onlyFailure(outcome);
}

/** The one loss of an item that lost its worker. */
async function lossOf(order: Partial<MapOrder>): Promise<WorkerLoss> {
  const { error, message, attempts } = await failure(order);
  assertEquals(error, "WorkerLostError", message);
  assertEquals(attempts.length, 1);
  assert(message.includes(attempts[0]!.detail), message);
  return attempts[0]!;
}

/** A directory that all hosts see, while something is done with it. */
async function withDirectory(work: (path: string) => Promise<void>): Promise<void> {
  const path = (await outputAs("user", ["mktemp", "-d", "-p", HOME])).trim();
  try {
    await work(path);
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}

/** The process of Grid Engine that watches over a task: the one above what it runs. */
function shepherdOf(pid: number): number {
  for (let parent = pid; parent > 1;) {
    if (programOf(parent).startsWith("sge_shepherd")) return parent;
    const status = Deno.readTextFileSync(`/proc/${parent}/status`);
    parent = Number(/^PPid:\s+(\d+)/m.exec(status)![1]);
  }
  throw new Error(`No shepherd is above the process ${pid}`);
}

/** One item that waits on the only worker, and is not tried again. */
const ONE = { run: "wait", items: 1, retries: 0, scheduler: { workers: 1 } } as const;

test("A signal, with the figures and the last words, and the log is kept", async () => {
  await withDirectory(async (logDirectory) => {
    const loss = await lossOf({ run: "leave", scheduler: { logDirectory } });
    assertEquals([loss.cause, loss.signal, loss.signalNumber], [
      "signal",
      "SIGKILL",
      9,
    ]);
    assert(loss.wallClock! >= 0 && loss.maxMemory! > 2 ** 24, Deno.inspect(loss));
    assertMatch(loss.host!, /^node\d$/);
    assertMatch(loss.log!, /These are the last words of item 0/);
    const [log, ...others] = [...Deno.readDirSync(logDirectory)];
    assertEquals(others, []);
    const path = `${logDirectory}/${log!.name}`;
    assert(loss.detail.includes(path), loss.detail);
    assertMatch(await Deno.readTextFile(path), /the last words/);
  });
});

test("The log of what went well is removed", async () => {
  await withDirectory(async (logDirectory) => {
    const scheduler = { workers: 2, logDirectory };
    await using ground = await Ground.start({ run: "place", items: 2, scheduler });
    await ground.opened();
    await ground.outcome();
    await ground.closed();
    assertEquals([...Deno.readDirSync(logDirectory)], []);
  });
});

test("A deletion by somebody", async () => {
  await using ground = await Ground.start(ONE);
  await ground.opened();
  await ground.begun(1);
  const [job] = await jobs();
  await outputAs("user", ["qdel", job!]);
  const [loss] = onlyFailure(await ground.outcome()).attempts;
  assertEquals(loss!.cause, "deleted");
  assert(loss!.detail.includes(`its job was deleted (job ${job}.1)`), loss!.detail);
  await ground.closed();
});

test("An end that nobody can explain, and the worker that lives on ends", async () => {
  await using ground = await Ground.start(ONE);
  await ground.opened();
  const [{ pid }] = await ground.begun(1) as [Place];
  Deno.kill(shepherdOf(pid), "SIGKILL");
  const outcome = await ground.outcome();
  const { attempts: [loss], message } = onlyFailure(outcome);
  assertEquals(loss!.cause, "unknown", message);
  assertMatch(message, /the cluster reports the end of its job, but neither/);
  await until("the worker has ended", () => !processes((one) => one === pid).length);
  assertEquals(outcome.violations, 0);
  await ground.closed();
});

test("A run time limit that was exceeded", async () => {
  const loss = await lossOf({
    run: "spin",
    scheduler: { resources: { h_rt: "0:0:2" } },
  });
  assertEquals(loss.cause, "run time limit", Deno.inspect(loss));
  assertMatch(loss.detail, /run time limit of 2 s/);
  assert(loss.wallClock! >= 2000, Deno.inspect(loss));
});

test("A run time limit is held against no item but the one that needs more", async () => {
  const items = 12;
  const scheduler = { workers: 2, resources: { h_rt: "0:0:7" } };
  const order = { run: "uneven" as const, items, retries: 0, scheduler };
  await using ground = await Ground.start(order);
  await ground.opened();
  const { results } = await ground.outcome();
  for (const [item, result] of results.entries()) {
    if (item !== 9) {
      assert("item" in result && result.item === item, Deno.inspect(result));
    } else {
      const { message } = result as Failed;
      assertMatch(message, /\[9\] needs more than the run time limit: it had all the/);
      assertMatch(
        message,
        /it reached its run time limit of 7 s \(h_rt\).*; ask for a longer/,
      );
    }
  }
  // Once where others had been before it, and once with all the time.
  assert(ground.attempts(9) <= 2, `${ground.attempts(9)}`);
  await ground.closed();
});

test("A run time limit that is asked for in the native specification", async () => {
  const [killed, notified] = await Promise.all(
    ["-l h_rt=2", "-notify -l h_rt=2"].map((nativeSpecification) =>
      lossOf({ run: "spin", scheduler: { nativeSpecification } })
    ),
  );
  assertEquals([killed!.cause, killed!.signal], ["run time limit", "SIGKILL"]);
  assertEquals([notified!.cause, notified!.signal], ["run time limit", "SIGUSR2"]);
  for (const { detail } of [killed!, notified!]) {
    assertMatch(detail, /run time limit of 2 s \(h_rt\)/);
  }
});

test("A limit of processor time that was exceeded", async () => {
  const loss = await lossOf({ run: "spin", scheduler: { resources: { h_cpu: 3 } } });
  assertEquals(loss.cause, "run time limit", Deno.inspect(loss));
  assertMatch(loss.detail, /limit of 3 s of processor time \(h_cpu\)/);
});

test("A run time limit that the queue has, and nobody asked for", async () => {
  const limit = (value: string) =>
    outputAs("root", ["qconf", "-mattr", "queue", "h_rt", value, "all.q"]);
  await limit("0:0:2");
  try {
    const loss = await lossOf({ run: "spin" });
    assertEquals(loss.cause, "run time limit", Deno.inspect(loss));
    assertMatch(loss.detail, /run time limit of 2 s \(h_rt\)/);
  } finally {
    await limit("INFINITY");
  }
});

test("A hard limit of the data is not one of the address space", async () => {
  const { cause, detail } = await lossOf({
    scheduler: { resources: { h_data: "300M" } },
  });
  assertEquals(cause, "out of memory");
  assertMatch(detail, /limit on private memory \(h_data/);
});

test("More memory than the scheduler's option allows, with the figures", async () => {
  const [arrays, heap] = await Promise.all([
    lossOf({ run: "fillArrays", scheduler: { memory: "200M" } }),
    lossOf({ run: "fillHeap", scheduler: { memory: "200M" } }),
  ]);
  assertEquals([arrays.cause, heap.cause], ["out of memory", "out of memory"]);
  assertMatch(arrays.detail, /used \d{3} MB of memory where 200 MB are allowed/);
  assertMatch(heap.detail, /where 200 MB are allowed|heap was full/);
  assert(arrays.maxMemory! > 200 * 2 ** 20, Deno.inspect(arrays));
});

test("More memory than the control group of its node allows", async () => {
  // Whether one can be made is the machine's affair, as is whether nodes have any.
  if (!MemoryGroup.canBeMade()) return;
  using group = new MemoryGroup(500 * 2 ** 20);
  for (const pid of processes((pid) => programOf(pid) === "sge_execd")) group.add(pid);
  const loss = await lossOf({ run: "fillArrays" });
  assertEquals([loss.cause, loss.signal], ["out of memory", "SIGKILL"]);
  assertMatch(
    loss.detail,
    /memory killer, because its control group is limited to 500 MB; its peak memory was \d{3} MB$/,
  );
  const { cause, detail } = await lossOf({ run: "leave" });
  assertEquals(cause, "signal", detail);
});

test("A hard limit of the address space, with what to ask for instead", async () => {
  const { cause, detail } = await lossOf({
    scheduler: { resources: { h_vmem: "2G" } },
  });
  assertEquals(cause, "out of memory");
  assertMatch(detail, /request memory by mem_free, and limit it by .* memory option/);
});

test("A submission that is refused, with the cluster's words", async () => {
  const [resource, queue] = await Promise.all([
    lossOf({ scheduler: { resources: { nonsense: 1 } } }),
    lossOf({ scheduler: { queue: "nowhere.q" } }),
  ]);
  for (const { cause } of [resource, queue]) assertEquals(cause, "never started");
  assertMatch(resource.detail, /unknown resource "nonsense"/);
  assertMatch(queue.detail, /nowhere\.q/);
});

test("A directory that the nodes do not see", async () => {
  const mine = (await outputAs("user", ["mktemp", "-d"])).trim();
  try {
    const [log, working] = await Promise.all([
      lossOf({ scheduler: { logDirectory: mine } }),
      lossOf({ scheduler: { workingDirectory: mine } }),
    ]);
    for (const { cause, detail } of [log, working]) {
      assertEquals(cause, "never started");
      assertMatch(detail, /directory or file that it names is missing/);
    }
  } finally {
    await outputAs("user", ["rmdir", mine]);
  }
});

test("A queue that has no room for too long", async () => {
  const scheduler = { workers: 8 };
  await using others = await Ground.start({ run: "wait", items: 8, scheduler });
  await others.opened();
  await others.begun(8);
  const loss = await lossOf({ scheduler: { queueTimeout: 1000 } });
  others.open();
  await others.outcome();
  await others.closed();
  assertEquals(loss.cause, "never started");
  assertMatch(loss.detail, /did not start within 1000 ms/);
});

test("A host that the nodes cannot reach, with the addresses that were tried", async () => {
  const lonely = "198.51.100.1";
  const onHead = (...words: string[]) =>
    outputAs("root", ["ip", "address", ...words, `${lonely}/32`, "dev", "lo"], {
      host: head,
    });
  await onHead("add");
  try {
    const loss = await lossOf({
      scheduler: { interface: lonely },
      settings: { startTimeout: 1000 },
    });
    assertEquals(loss.cause, "unreachable", Deno.inspect(loss));
    assertMatch(loss.detail, /could not reach the host at tcp:\/\/198\.51\.100\.1:\d+/);
  } finally {
    await onHead("delete");
  }
});

test("A worker that is started and never comes", async () => {
  await withDirectory(async (directory) => {
    const denoPath = `${directory}/deno`;
    await Deno.writeTextFile(denoPath, "#!/bin/sh\nsleep 300\n");
    await Deno.chmod(denoPath, 0o755);
    await using ground = await Ground.start({
      run: "place",
      items: 3,
      scheduler: { workers: 3, denoPath },
      settings: { startTimeout: 1000 },
    });
    await ground.opened();
    const { results } = await ground.outcome();
    for (const result of results) {
      const { cause, detail, host } = (result as Failed).attempts[0]!;
      assertEquals(cause, "unreachable");
      assertMatch(detail, /started and did not reach the host/);
      assertMatch(host!, /^node\d$/);
    }
    await ground.closed();
  });
});
