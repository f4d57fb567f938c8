/** Standard output and error that take nothing: what is printed is lost, and nothing else. */

import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../fixtures/assert.ts";
import {
  GridEngineError,
  JobDispatcher,
  map,
  ProcessScheduler,
  settings,
  type WorkerListener,
  type WorkerSpec,
} from "../../mod.ts";
import { Gate } from "../fixtures/gate.ts";
import { entries, test } from "../fixtures/ground.ts";
import { isAlive } from "../fixtures/processes.ts";
import { until } from "../fixtures/waiting.ts";

const PROGRAM = new URL("./_printing_program.ts", import.meta.url).pathname;
const RESULTS = JSON.stringify([[1, 4, 9], [1, 4, 9], 1]);

/** Runs a program of a shell in which `"$@"` prints in every way. */
async function run(
  { folder, runs }: { folder: string; runs: string },
  script: string,
  ...args: string[]
): Promise<{ code: number; results: string; stdout: string; stderr: string }> {
  const file = `${folder}/results`;
  const program = [Deno.execPath(), "run", "-A", "--quiet", PROGRAM, file, ...args];
  const process = new Deno.Command("/bin/sh", {
    args: ["-c", script, "sh", ...program],
    env: { GRIDENGINE_TEMP_DIRECTORY: runs, NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  // Nobody reads before the end.
  const { code } = await process.status;
  const [stdout, stderr] = await Promise.all(
    [process.stdout, process.stderr].map((stream) => new Response(stream).text()),
  );
  let results = "";
  try {
    results = Deno.readTextFileSync(file);
  } catch {
    // It has come to nothing.
  }
  return { code, results, stdout: stdout!, stderr: stderr! };
}

test("A full disk behind standard output and error costs no results", async (ground) => {
  const { code, results } = await run(ground, 'exec "$@" >/dev/full 2>&1');
  assertEquals([code, results], [0, RESULTS]);
});

test("What a full disk behind standard output has cost is said at the end, once", async (ground) => {
  const { code, results, stderr } = await run(ground, 'exec "$@" >/dev/full');
  assertEquals([code, results], [0, RESULTS]);
  const last = stderr.trimEnd().split("\n").at(-1)!;
  assertStringIncludes(last, "gridengine: output was dropped");
  assertStringIncludes(last, "No space left on device");
  assertEquals(stderr.split("was dropped").length, 2);
});

test("Pipes that are full and do not wait cost no results", async (ground) => {
  const { code, results } = await run(ground, 'exec "$@"', "pipes");
  assertEquals([code, results], [0, RESULTS]);
});

test("A reader who has left costs no results", async (ground) => {
  // The program begins when `true` has ended, and what is printed is refused.
  const refused = '(trap "" PIPE; while echo; do :; done) 2>/dev/null';
  const script = `{ { ${refused}; "$@"; echo $? >&3; } 2>&1 | true; } 3>&1`;
  const { stdout, results } = await run(ground, script);
  assertEquals([stdout, results], ["0\n", RESULTS]);
});

test("A terminal that is gone costs no results", async (ground) => {
  await using gate = new Gate();
  const program = ["run", "-A", "--quiet", PROGRAM, `${ground.folder}/results`];
  const words = [Deno.execPath(), ...program, "terminal", `${gate.port}`];
  const command = words.map((word) => `'${word}'`).join(" ");
  const terminal = new Deno.Command("script", {
    // Who is told that the terminal hangs up goes on, as by disown.
    args: [
      "-qefc",
      `trap '' HUP; stty cols 100 rows 30; echo $$; ${command}; true`,
      "/dev/null",
    ],
    env: { GRIDENGINE_TEMP_DIRECTORY: ground.runs },
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const output = terminal.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let seen = "";
  while (!/waits .*0\/1/.test(seen)) {
    const { value, done } = await output.read();
    if (done) throw new Error(`It has ended, and shown ${seen}`);
    seen += value;
  }
  const pid = Number(/\d+/.exec(seen)![0]);
  const visitor = await gate.next();
  terminal.kill("SIGKILL");
  await terminal.status;
  await output.cancel();
  visitor.letGo();
  await until("ended", () => !isAlive(pid));
  assertEquals(Deno.readTextFileSync(`${ground.folder}/results`), "[0]");
});

/** Starts workers whose own output is a full disk, as their log on a cluster may be. */
class OnFullDisk extends ProcessScheduler {
  override start(spec: WorkerSpec, workers: string[], listener: WorkerListener): void {
    const script = 'exec "$@" >/dev/full 2>&1';
    for (const worker of workers) {
      const deno = [Deno.execPath(), "run", ...spec.flags];
      const process = new Deno.Command("/bin/sh", {
        args: ["-c", script, "sh", ...deno, spec.module, spec.runFile, worker],
        stdin: "null",
      }).spawn();
      queueMicrotask(() => listener.started(worker));
      void process.status.then(({ code: exitStatus }) => {
        const detail = `it exited with status ${exitStatus}`;
        listener.ended(worker, { cause: "exit", detail, exitStatus });
      });
    }
  }
}

test("A full disk behind a worker's own output costs no results", async () => {
  const f = (x: number) => {
    console.log("out");
    console.error("err");
    Promise.reject(new Error("left behind"));
    setTimeout(() => {
      throw new Error("left behind");
    }, 0);
    return Deno.pid - x;
  };
  const dispatcher = new JobDispatcher({ scheduler: new OnFullDisk({ workers: 1 }) });
  const pids: number[] = [];
  for (let i = 0; i < 2; i++) {
    pids.push(...await dispatcher.map(f, [0], { logs: "inherit" }));
  }
  await dispatcher.close();
  assertEquals(pids[0], pids[1], "what it left behind did not end it");
});

test("A disk that is full when the run begins is named, and what to do", async ({ folder, runs }) => {
  const disk = `${folder}/disk`;
  Deno.mkdirSync(disk);
  await command("mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", disk);
  try {
    Deno.writeTextFileSync(`${disk}/all`, "x".repeat(4096));
    settings.tempDirectory = disk;
    const scheduler = () => new ProcessScheduler({ workers: 1 });
    const failed = await assertRejects(
      () => map((x: number) => x, [1], { scheduler }),
      GridEngineError,
    );
    assertStringIncludes(failed.message, "No space left on device");
    assertStringIncludes(failed.message, disk);
    assertStringIncludes(failed.message, "set GRIDENGINE_TEMP_DIRECTORY");
    assertEquals(entries(disk), ["all"]);
  } finally {
    settings.tempDirectory = runs;
    await command("umount", disk);
  }
});

async function command(name: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(name, { args }).output();
  assert(success, new TextDecoder().decode(stderr));
}
