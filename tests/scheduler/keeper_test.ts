/** What becomes of a program whose DRMAA session's process dies, hangs, or is refused. */

import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
} from "../fixtures/assert.ts";
import {
  DrmaaError,
  GridEngineScheduler,
  map,
  type Progress,
  settings,
  type WorkerListener,
  type WorkerLoss,
  WorkerLostError,
  type WorkerSpec,
} from "../../mod.ts";
import { dirname } from "node:path";
import { until } from "../fixtures/waiting.ts";
import { bounded } from "../fixtures/tools.ts";
import { type FakeCluster, test } from "../fixtures/fake_cluster.ts";

const PROGRAM = new URL("_keeper_program.ts", import.meta.url).pathname;

/** Runs a user's program to its end. */
async function run(cluster: FakeCluster, args: string[], deno = Deno.execPath()) {
  const { env } = cluster;
  const command = new Deno.Command(deno, {
    args: ["run", "-A", PROGRAM, ...args],
    env: {
      ...env,
      DENO_DIR: Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME")}/.cache/deno`,
    },
    stdin: "null",
  });
  const { code, stdout, stderr } = await bounded(command.output());
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), error: text(stderr) };
}

/** A scheduler whose runs lie in the cluster's directory. */
function schedulerOf(cluster: FakeCluster, more = {}): GridEngineScheduler {
  return new GridEngineScheduler({ drmaaLibrary: cluster.library, ...more });
}

/** What a scheduler tells of workers. */
class Heard implements WorkerListener {
  readonly losses = new Map<string, WorkerLoss>();
  readonly delays = new Map<string, string | undefined>();
  readonly begun = new Set<string>();
  started(worker: string): void {
    this.begun.add(worker);
  }
  delayed(worker: string, why: string | undefined): void {
    this.delays.set(worker, why);
  }
  ended(worker: string, loss: WorkerLoss): void {
    this.losses.set(worker, loss);
  }
}

/** Has runs lie in the cluster's directory, so that it is seen what is left of them. */
async function inHome<T>(cluster: FakeCluster, work: () => Promise<T>): Promise<T> {
  const usual = settings.tempDirectory;
  settings.tempDirectory = `${cluster.path}/home/.gridengine`;
  try {
    return await work();
  } finally {
    settings.tempDirectory = usual;
  }
}

/** What is asked for in place of a run. */
async function specIn(cluster: FakeCluster): Promise<WorkerSpec> {
  const directory = `${cluster.path}/home/.gridengine/run`;
  await Deno.mkdir(directory, { recursive: true });
  const module = new URL("../../worker.ts", import.meta.url).href;
  return { name: "f", module, flags: [], runFile: `${directory}/run.json` };
}

const DEATHS: Record<string, [plan: string, says: RegExp[]]> = {
  "exits": ["exit 1 no licence", [/ended with status 1 before .* open/, /no licence/]],
  "prints and exits well": ["exit 0 good bye", [/ended with status 0/, /good bye/]],
  "crashes": ["crash what is this", [/was ended by SIGSEGV/, /what is this/]],
};

for (const [death, [plan, says]] of Object.entries(DEATHS)) {
  for (const call of ["load", "init"] as const) {
    test(`A library that ${death} in ${call} fails a map, which can catch it`, async (cluster) => {
      await cluster.plan(call, plan);
      const { code, out, error } = await run(cluster, ["named", "map"]);
      assertMatch(out, /^caught DrmaaError: /, error);
      for (const words of says) assertMatch(out, words, error);
      assertEquals(code, 0, error);
    });
  }

  test(`bestAvailable() falls back where a library ${death}, and says why`, async (cluster) => {
    await cluster.plan("init", plan);
    const { code, out, error } = await run(cluster, ["best", "use"]);
    assertEquals([code, out], [0, "scheduler processes\nresults 2 3\n"], error);
    for (const words of says) assertMatch(error, words);
  });
}

test("bestAvailable() falls back on a host that may not submit, and says why", async (cluster) => {
  const words = `denied: host "node1" is not a submit host`;
  await cluster.plan("run_bulk_jobs", `fail 17 ${words}`);
  const { code, out, error } = await run(cluster, ["best", "use"]);
  assertEquals([code, out], [0, "scheduler processes\nresults 2 3\n"], error);
  assertMatch(error, new RegExp(`local processes: .*${words}`));
});

test("Whether a host may submit is asked without a job that stays", async (cluster) => {
  await using scheduler = schedulerOf(cluster);
  await cluster.plan("run_bulk_jobs", `fail 17 unknown resource "x"`);
  await scheduler.checkSubmitHost();
  await cluster.plan("run_bulk_jobs");
  await scheduler.checkSubmitHost();
  await until("there is no job", () => cluster.jobs.length === 0);
  assertEquals(cluster.calls("run_bulk_jobs").length, 2);
});

test("A keeper that cannot be started fails a map, which can catch it", async (cluster) => {
  const deno = `${cluster.path}/deno`;
  await Deno.copyFile(Deno.execPath(), deno);
  await Deno.chmod(deno, 0o755);
  const { code, out, error } = await run(cluster, ["named", "vanish"], deno);
  assertMatch(out, /caught DrmaaError: .* cannot be started: /, error);
  assertEquals(code, 0, error);
});

test("A session that does not open is an error, and the next try may do", async (cluster) => {
  await cluster.plan("init", "fail 10 no");
  await using scheduler = schedulerOf(cluster);
  await assertRejects(() => scheduler.open(), DrmaaError, "no (DRMS_INIT_FAILED)");
  await cluster.plan("init");
  await scheduler.open();
});

for (const text of ["half a line", '{"tell":', '{"tell":"open"}', "{}"]) {
  test(`A library may print ${text}`, async (cluster) => {
    await cluster.plan("init", `say ${text}`);
    await using scheduler = schedulerOf(cluster);
    await scheduler.open();
    assertEquals(scheduler.name, "Fake 1.0");
  });
}

test("A keeper that dies is replaced, and the next one has its jobs", async (cluster) => {
  await using scheduler = schedulerOf(cluster);
  const heard = new Heard();
  scheduler.start(await specIn(cluster), ["a", "b"], heard);
  await until("they are submitted", () => heard.delays.has("b"));
  const pid = scheduler.keeperPid!;
  Deno.kill(pid, "SIGKILL");
  await cluster.called("init", 2);
  assertEquals(cluster.calls("init"), ["", "session=fake"]);
  await until("there is another keeper", () => scheduler.keeperPid !== pid);
  await cluster.end("1.1");
  await until("its end is told", () => heard.losses.has("a"));
  assertEquals([...heard.losses.keys()], ["a"]);
  scheduler.stop("b");
  await until("its end is told", () => heard.losses.has("b"));
});

test("What a keeper submitted whose answer was lost is ended, and not run", async (cluster) => {
  await cluster.plan("run_bulk_jobs", "given");
  {
    await using scheduler = schedulerOf(cluster);
    const heard = new Heard();
    const spec = await specIn(cluster);
    scheduler.start(spec, ["a", "b"], heard);
    await until("there are jobs", () => cluster.jobs.length === 2);
    Deno.kill(scheduler.keeperPid!, "SIGKILL");
    await until("the loss is told", () => heard.delays.has("a"));
    await cluster.plan("run_bulk_jobs");
    await until("there are other jobs", () => cluster.jobs.length === 4);
    const lists = [...Deno.readDirSync(dirname(spec.runFile))]
      .map(({ name }) => name).filter((name) => name.startsWith("workers-"));
    assertEquals(lists, ["workers-2"]);
    assertEquals(heard.losses.size, 0);
  }
  assertEquals(cluster.jobs, []);
});

test("A task that ends before its submission is answered is not forgotten", async (cluster) => {
  await using scheduler = schedulerOf(cluster);
  const heard = new Heard();
  // It is looked whether the cluster has it, which takes longer than it lives.
  await cluster.plan("job_ps", "block");
  scheduler.start(await specIn(cluster), ["a", "b"], heard);
  await cluster.called("job_ps");
  await cluster.end("1.1", 7);
  await until("its end is heard of", () => cluster.isReaped("1.1"));
  await cluster.plan("job_ps");
  await until("its end is told", () => heard.losses.has("a"));
  assertEquals(heard.losses.get("a")!.exitStatus, 7);
  assertEquals([...heard.losses.keys()], ["a"]);
  scheduler.stop("b");
});

test("A session that another keeper is slow to open again loses no job", async (cluster) => {
  await using scheduler = schedulerOf(cluster);
  const heard = new Heard();
  scheduler.start(await specIn(cluster), ["a"], heard);
  await until("it is submitted", () => heard.delays.has("a"));
  await cluster.plan("init", "block");
  // The seconds of the next keeper's limit are shorter.
  const { setInterval } = globalThis;
  globalThis.setInterval =
    ((work: () => void, milliseconds: number) =>
      setInterval(work, milliseconds / 50)) as typeof globalThis.setInterval;
  try {
    const pid = scheduler.keeperPid!;
    Deno.kill(pid, "SIGKILL");
    await until("two were too slow", () => cluster.calls("init").length === 3);
  } finally {
    globalThis.setInterval = setInterval;
  }
  await cluster.plan("init");
  await until("one keeper is left", () => cluster.keepers().length === 1);
  await cluster.end("1.1");
  await until("the end of its job is told", () => heard.losses.has("a"));
  assertEquals(heard.losses.get("a")!.cause, "deleted");
});

test("A keeper that dies again and again is not replaced for ever", async (cluster) => {
  await using scheduler = schedulerOf(cluster);
  const heard = new Heard();
  await scheduler.open();
  scheduler.start(await specIn(cluster), ["a"], heard);
  await until("it is submitted", () => heard.delays.has("a"));
  await cluster.plan("wait", "exit 7 out of luck");
  await until("the worker is given up", () => heard.losses.has("a"));
  const { cause, detail } = heard.losses.get("a")!;
  assertEquals(cause, "unreachable");
  assertMatch(detail, /session was lost: .* ended with status 7 .*out of luck/s);
  await cluster.plan("wait");
  // What comes later may try again.
  scheduler.start(await specIn(cluster), ["b"], heard);
  await until("there is another job", () => cluster.jobs.length === 2);
  await cluster.end("1.1");
});

test("A keeper that is stopped is replaced, and what it was told is not lost", async (cluster) => {
  await using scheduler = schedulerOf(cluster);
  const heard = new Heard();
  scheduler.start(await specIn(cluster), ["a", "b"], heard);
  await until("they are submitted", () => heard.delays.has("b"));
  const pid = scheduler.keeperPid!;
  Deno.kill(pid, "SIGSTOP");
  scheduler.stop("a");
  await cluster.called("init", 2);
  await until("what was to end has", () => !cluster.jobs.includes("1.1"));
  await until("there is another keeper", () => scheduler.keeperPid !== pid);
  assertEquals(cluster.jobs, ["1.2"]);
});

Deno.test("A keeper whose library does not answer ends, and says so", async () => {
  const program = new URL("_stuck_call.ts", import.meta.url).pathname;
  const args = ["run", "-A", program];
  const command = new Deno.Command(Deno.execPath(), { args, env: { NO_COLOR: "1" } });
  const { signal, stdout, stderr } = await bounded(command.output());
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assertEquals(signal, "SIGKILL");
  assertEquals(text(stdout), "one has answered\n");
  assertEquals(text(stderr), "drmaa_control has not returned within 120 s\n");
});

test("A worker that is not submitted ends when it is stopped, and its job later", async (cluster) => {
  await using scheduler = schedulerOf(cluster);
  const heard = new Heard();
  await cluster.plan("run_bulk_jobs", "block");
  scheduler.start(await specIn(cluster), ["a", "b"], heard);
  await cluster.called("run_bulk_jobs");
  scheduler.stop("a");
  assertEquals(heard.losses.get("a")?.cause, "deleted");
  await cluster.plan("run_bulk_jobs");
  await cluster.called("control");
  await until("its job has ended", () => cluster.jobs.length === 1);
  assertEquals(cluster.jobs, ["1.2"]);
});

test("A program ends though its cluster answers nothing and its scheduler is not closed", async (cluster) => {
  await cluster.plan("run_bulk_jobs", "block");
  const { code, out, error } = await run(cluster, ["unclosed"]);
  assertEquals([code, out], [0, "caught AbortError\nthe end\n"], error);
  await cluster.plan("run_bulk_jobs");
  await until("the keeper has left", () => cluster.keepers().length === 0);
});

test("close() leaves a submission to the keeper, which ends what it gives", async (cluster) => {
  const scheduler = schedulerOf(cluster);
  const heard = new Heard();
  await cluster.plan("run_bulk_jobs", "block");
  scheduler.start(await specIn(cluster), ["a", "b"], heard);
  await cluster.called("run_bulk_jobs");
  await bounded(scheduler.close(), 6);
  assertEquals([...heard.losses.keys()], ["a", "b"]);
  // A process that it has just made may still look like it.
  assert(cluster.keepers().length > 0);
  await cluster.plan("run_bulk_jobs");
  await until("the keeper has left", () => cluster.keepers().length === 0);
  // It is told again every 2 s, as long as they have not ended.
  assertEquals([...new Set(cluster.calls("control"))], ["1.1", "1.2"]);
});

test("close() does not wait for a master that keeps the session", async (cluster) => {
  await cluster.plan("exit", "block");
  const scheduler = schedulerOf(cluster);
  await scheduler.open();
  await bounded(scheduler.close(), 6);
  await until("the keeper is gone all the same", () => cluster.keepers().length === 0);
});

test("close() does not wait for a session that does not open", async (cluster) => {
  await cluster.plan("init", "block");
  const scheduler = schedulerOf(cluster);
  const opening = assertRejects(() => scheduler.open(), DrmaaError, "was closed");
  await cluster.called("init");
  await bounded(scheduler.close(), 6);
  await opening;
  await until("the keeper is gone", () => cluster.keepers().length === 0);
});

for (const signal of ["SIGKILL", "SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const) {
  test(`A program that ${signal} ends during a submission leaves no job`, async (cluster) => {
    await cluster.plan("run_bulk_jobs", "block");
    const [program, ...args] = ["setsid", Deno.execPath(), "run", "-A", PROGRAM];
    const process = new Deno.Command(program!, {
      args: [...args, "named", "map"],
      env: {
        ...cluster.env,
        DENO_DIR: Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME")}/.cache/deno`,
      },
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    await cluster.called("run_bulk_jobs");
    // To all of its process group, as a terminal does.
    await new Deno.Command("kill", {
      args: ["-s", signal.slice(3), "--", `-${process.pid}`],
    })
      .output();
    await process.status;
    assertEquals(cluster.keepers().length, 1);
    await cluster.plan("run_bulk_jobs");
    await until("the keeper has left", () => cluster.keepers().length === 0);
    assertEquals([...new Set(cluster.calls("control"))], ["1.1", "1.2"]);
  });
}

for (const code of [2, 16]) {
  test(`What is refused with ${code} is told at once, and tried again`, async (cluster) => {
    await cluster.plan("run_bulk_jobs", `fail ${code} one job is enough`);
    await using scheduler = schedulerOf(cluster);
    const heard = new Heard();
    scheduler.start(await specIn(cluster), ["a"], heard);
    await until("it is told", () => heard.delays.get("a") !== undefined);
    assertMatch(heard.delays.get("a")!, /one job is enough/);
    await cluster.called("run_bulk_jobs", 2);
    await cluster.plan("run_bulk_jobs");
    await until("there is a job", () => cluster.jobs.length === 1);
    await until("that is told", () => heard.delays.get("a") === undefined);
    assertEquals(heard.losses.size, 0);
  });
}

test("queueTimeout counts from the request, and its error has the cluster's words", async (cluster) => {
  await cluster.plan("run_bulk_jobs", "fail 16 one job is enough");
  await using scheduler = schedulerOf(cluster, { queueTimeout: 500 });
  const seen: Progress[] = [];
  const options = { scheduler, progress: (now: Progress) => void seen.push(now) };
  const error = await assertRejects(
    () => inHome(cluster, () => map((x: number) => x, [1], options)),
    WorkerLostError,
    "did not start within 500 ms: drmaa_run_bulk_jobs: one job is enough (TRY_LATER)",
  );
  assertEquals(error.lossCause, "never started");
  assertMatch(seen.map(({ delay }) => delay).join(" "), /one job is enough/);
});

test("An abort is thrown while the cluster takes no job, and while it is being asked", async (cluster) => {
  for (const plan of ["fail 16 later", "block"]) {
    await cluster.plan("run_bulk_jobs", plan);
    const { length } = cluster.calls("run_bulk_jobs");
    await using scheduler = schedulerOf(cluster);
    const controller = new AbortController();
    const options = { scheduler, signal: controller.signal };
    const mapping = inHome(cluster, () => map((x: number) => x, [1], options));
    const aborted = assertRejects(() => mapping, Error, "enough");
    await cluster.called("run_bulk_jobs", length + 1);
    controller.abort(new Error("enough"));
    await bounded(aborted, 5);
    await bounded(scheduler.close(), 6);
    await cluster.plan("run_bulk_jobs");
    await until("the keeper has left", () => cluster.keepers().length === 0);
  }
});

test("A cluster that is slow to answer is told of", async (cluster) => {
  await cluster.plan("run_bulk_jobs", "block");
  await using scheduler = schedulerOf(cluster);
  const heard = new Heard();
  scheduler.start(await specIn(cluster), ["a"], heard);
  await until("it is told", () => heard.delays.get("a") !== undefined);
  assertEquals(heard.delays.get("a"), "it has not answered for 10 s");
  await cluster.plan("run_bulk_jobs");
  await until("it has answered", () => heard.delays.get("a") === undefined);
});

test("What is refused is not tried again once it is stopped", async (cluster) => {
  await cluster.plan("run_bulk_jobs", "fail 16 later");
  await using scheduler = schedulerOf(cluster);
  const heard = new Heard();
  scheduler.start(await specIn(cluster), ["a"], heard);
  await until("it is told", () => heard.delays.has("a"));
  scheduler.stop("a");
  assertEquals(heard.losses.get("a")?.cause, "deleted");
  scheduler.start(await specIn(cluster), ["b"], heard);
  await cluster.called("run_bulk_jobs", 3);
  await scheduler.close();
  assertEquals(heard.losses.get("b")?.cause, "deleted");
});

test("Numbers without jobs are an error, and not waited for", async (cluster) => {
  await cluster.plan("run_bulk_jobs", "phantom");
  await using scheduler = schedulerOf(cluster);
  const heard = new Heard();
  scheduler.start(await specIn(cluster), ["a", "b"], heard);
  await until("both have ended", () => heard.losses.size === 2);
  const { cause, detail } = heard.losses.get("a")!;
  assertEquals(cause, "never started");
  assertMatch(detail, /"-w v" .* only verify/);
});

test("What no queue suits waits as with qsub, and that is told", async (cluster) => {
  await cluster.plan("run_bulk_jobs", "unsuited");
  await using scheduler = schedulerOf(cluster, { nativeSpecification: "-P x" });
  const heard = new Heard();
  scheduler.start(await specIn(cluster), ["a"], heard);
  await until("it is told", () => heard.delays.has("a") || heard.losses.has("a"));
  assertEquals(heard.losses.get("a"), undefined);
  assertMatch(
    heard.delays.get("a")!,
    /^no queue suits it, .*: no suitable queues .*-w e/,
  );
  assertEquals(cluster.jobs, ["2.1"]);
});

test("What no queue suits is refused where the user says so", async (cluster) => {
  await cluster.plan("run_bulk_jobs", "fail 17 error: no suitable queues");
  await using scheduler = schedulerOf(cluster, { nativeSpecification: "-w e" });
  const heard = new Heard();
  scheduler.start(await specIn(cluster), ["a"], heard);
  await until("it has ended", () => heard.losses.has("a"));
  assertMatch(
    heard.losses.get("a")!.detail,
    /did not accept its job: .*suitable queues/,
  );
  const asked = cluster.calls("set_attribute").filter((text) => text.startsWith("-"));
  // What the user says comes last, and holds.
  assertEquals(asked, ["-b y -w e", "-b y -w n -w e"]);
});

test("A task's command is a script, for some queues feed it to their shell", async (cluster) => {
  await using scheduler = schedulerOf(cluster);
  const heard = new Heard();
  const spec = await specIn(cluster);
  scheduler.start(spec, ["a"], heard);
  await until("it is submitted", () => heard.delays.has("a"));
  const script = `${dirname(spec.runFile)}/start-1.sh`;
  assertEquals(cluster.calls("set_attribute").toSorted(), ["-b y", script]);
});

test("A node that lacks something is named, and left out from then on", async (cluster) => {
  await using scheduler = schedulerOf(cluster, { nativeSpecification: "-P x" });
  const heard = new Heard();
  const spec = await specIn(cluster);
  scheduler.start(spec, ["a", "b"], heard);
  await until("they are submitted", () => heard.delays.has("b"));
  const ran = (task: number, host: string) =>
    Deno.writeTextFile(
      `${dirname(spec.runFile)}/limits-1.${task}`,
      `unlimited\nunlimited\nall.q@${host}\n`,
    );
  await ran(1, "node7.example");
  await cluster.end("1.1", 127);
  await until("one has ended", () => heard.losses.has("a"));
  const { exitStatus, host } = heard.losses.get("a")!;
  assertEquals([exitStatus, host], [127, "node7.example"]);
  await ran(2, "node8.example");
  await cluster.end("1.2", 3);
  await until("the other has ended", () => heard.losses.has("b"));
  scheduler.start(spec, ["c"], heard);
  await until("the next is submitted", () => heard.delays.has("c"));
  const asked = cluster.calls("set_attribute").filter((text) => text.startsWith("-"));
  const other = "-soft -l h=!(node7|node7.*) -hard";
  assertEquals(asked, ["-b y -P x", `-b y ${other} -P x`]);
});

test("A task that a node could not start is told of, and given up if it stays so", async (cluster) => {
  await using scheduler = schedulerOf(cluster);
  const heard = new Heard();
  const spec = await specIn(cluster);
  scheduler.start(spec, ["a", "b"], heard);
  await until("they are submitted", () => heard.delays.has("b"));
  // A node has made its log, and then could not run its script. The other one runs.
  const directory = dirname(spec.runFile);
  await cluster.plan("job_ps", "queued");
  await Deno.writeTextFile(`${directory}/log-1.1`, "");
  await Deno.writeTextFile(`${directory}/log-1.2`, "");
  await Deno.writeTextFile(`${directory}/limits-1.2`, "");
  await until("it is told", () => heard.delays.get("a") !== undefined);
  assertMatch(heard.delays.get("a")!, /^it waits in the queue, because .*prolog/);
  const usual = settings.startTimeout;
  settings.startTimeout = 1;
  try {
    await until("it is given up", () => heard.losses.has("a"));
  } finally {
    settings.startTimeout = usual;
  }
  const { cause, detail } = heard.losses.get("a")!;
  assertEquals(cause, "never started");
  assertMatch(detail, /^it waits in the queue, because .*prolog/);
  assertEquals([...heard.begun], ["b"]);
  await until("its job is gone", () => cluster.jobs.length === 1);
});
