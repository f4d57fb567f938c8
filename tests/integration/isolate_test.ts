/** Hosts that end though their process goes on: only a part of it was the host. */

import { assertEquals } from "../fixtures/assert.ts";
import { Gate } from "../fixtures/gate.ts";
import { entries, type Ground, HOST_DEATH, test } from "../fixtures/ground.ts";
import { gone } from "../fixtures/processes.ts";
import { until } from "../fixtures/waiting.ts";
import { portsOf, socketFilesOf } from "./_sockets.ts";

const ROOT = new URL("../../", import.meta.url);

/** Both of its workers run functions that never end. */
function endless(transport: string, port: number): string {
  return `
import { map, ProcessScheduler } from "${new URL("mod.ts", ROOT)}";
import { passAndSpin } from "${new URL("tests/fixtures/gate_functions.ts", ROOT)}";

const scheduler = () => new ProcessScheduler({ workers: 2, transport: "${transport}" });
await map(passAndSpin, [${port}, ${port}], { scheduler });
`;
}

/** Runs a map in a Web Worker, and ends that when it gets a signal; goes on itself. */
const TERMINATING = `
const worker = new Worker(import.meta.resolve("./endless.ts"), { type: "module" });
Deno.addSignalListener("SIGUSR2", () => worker.terminate());
setInterval(() => {}, 1000);
`;

/** A program of these texts. */
class TextProgram implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;

  constructor(ground: Ground, flags: string[], main: string) {
    const config = new URL("deno.json", ROOT).pathname;
    this.#process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", ...flags, "--config", config, main],
      env: { NO_COLOR: "1", GRIDENGINE_TEMP_DIRECTORY: ground.runs },
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Kills it, and waits until its workers are gone, too. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.status;
  }
}

/** How many pieces of memory a process shares with workers. */
function sharedBy(pid: number): number {
  return Deno.readTextFileSync(`/proc/${pid}/maps`).split("memfd:gridengine").length -
    1;
}

/** Lets two functions begin that never end; the processes that run them. */
async function spinning(gate: Gate): Promise<number[]> {
  const visitors = await gate.take(2);
  for (const visitor of visitors) visitor.letGo();
  return visitors.map(({ text }) => Number(text));
}

for (const transport of ["local", "network"] as const) {
  const listenersOf = transport === "local" ? socketFilesOf : portsOf;

  test(`When deno run --watch starts a program anew, its old workers are gone in 2 s (${transport})`, async (ground) => {
    await using gate = new Gate();
    const path = `${ground.folder}/endless.ts`;
    const text = endless(transport, gate.port);
    Deno.writeTextFileSync(path, text);
    await using program = new TextProgram(ground, ["--watch"], path);
    let pids = await spinning(gate);
    // Twice: what one restart leaves behind shows in the next.
    for (const saved of ["// Saved.", "// Saved again."]) {
      Deno.writeTextFileSync(path, `${text}${saved}\n`);
      const next = await spinning(gate);
      await gone(pids, HOST_DEATH);
      await until("only the new run is there", () => entries(ground.runs).length === 1);
      assertEquals(
        listenersOf(program.pid).length,
        1,
        "nothing of the old one listens",
      );
      const shared = transport === "local" ? 2 : 0;
      assertEquals(sharedBy(program.pid), shared, "nothing of the old one is shared");
      pids = next;
    }
  });

  test(`When a Web Worker is terminated in the middle of a map, its workers are gone in 2 s (${transport})`, async (ground) => {
    await using gate = new Gate();
    const path = `${ground.folder}/terminating.ts`;
    const text = endless(transport, gate.port);
    Deno.writeTextFileSync(`${ground.folder}/endless.ts`, text);
    Deno.writeTextFileSync(path, TERMINATING);
    await using program = new TextProgram(ground, [], path);
    const pids = await spinning(gate);
    Deno.kill(program.pid, "SIGUSR2");
    await gone(pids, HOST_DEATH);
    assertEquals(entries(ground.runs), []);
  });
}
