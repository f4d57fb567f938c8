/**
 * A map by workers that each start by a command of their own, as on other machines. It
 * prints a line of JSON for each worker that has ended, and one for what came of the map.
 *
 * @module
 */

import {
  map,
  ProcessScheduler,
  type Scheduler,
  type WorkerListener,
  type WorkerSpec,
} from "../../mod.ts";

/** What to do. */
export interface Order {
  /** For each worker, the first words of its command. */
  commands: string[][];
  /** Where functions and the test meet. */
  folder: string;
  items: number;
}

/** What it prints. */
export type Told =
  | { tell: "ended" }
  | { tell: "results"; results: (number | string)[] };

function tell(told: Told): void {
  console.log(JSON.stringify(told));
}

/** Starts each worker by the next one of the commands; none is started twice. */
class CommandScheduler implements Scheduler {
  readonly name = "commands";
  readonly transport = "network";
  readonly workers: number;
  readonly #commands: string[][];
  readonly #processes = new Map<string, Deno.ChildProcess>();

  constructor(commands: string[][]) {
    this.workers = commands.length;
    this.#commands = [...commands];
  }

  start(spec: WorkerSpec, workers: string[], listener: WorkerListener): void {
    for (const worker of workers) {
      const command = this.#commands.shift();
      if (!command) {
        const detail = "there is no more command";
        queueMicrotask(() =>
          listener.ended(worker, { cause: "never started", detail })
        );
        continue;
      }
      const [program, ...args] = [
        ...command,
        Deno.execPath(),
        "run",
        ...spec.flags,
        spec.module,
        spec.runFile,
        worker,
      ];
      const process = new Deno.Command(program!, {
        args,
        stdin: "null",
        stdout: "null",
        stderr: "piped",
      }).spawn();
      this.#processes.set(worker, process);
      void this.#follow(worker, process, listener);
      queueMicrotask(() => listener.started(worker));
    }
  }

  async #follow(
    worker: string,
    process: Deno.ChildProcess,
    listener: WorkerListener,
  ): Promise<void> {
    const { code, signal, stderr } = await process.output();
    this.#processes.delete(worker);
    const log = new TextDecoder().decode(stderr);
    const detail = `it ended with ${signal ?? code}`;
    tell({ tell: "ended" });
    listener.ended(worker, { cause: "exit", detail, exitStatus: code, log });
  }

  stop(worker: string): void {
    this.#processes.get(worker)?.kill("SIGKILL");
  }

  async join(): Promise<void> {
    await Promise.all([...this.#processes.values()].map(({ status }) => status));
  }

  async killall(): Promise<void> {
    for (const worker of this.#processes.keys()) this.stop(worker);
    await this.join();
  }

  async close(): Promise<void> {
    await this.killall();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

interface Item {
  i: number;
  folder: string;
}

/** Begins, and waits until the test has opened the gate. */
async function wait({ i, folder }: Item): Promise<number> {
  Deno.writeTextFileSync(`${folder}/${i}`, `${Deno.pid}`);
  for (;;) {
    try {
      Deno.statSync(`${folder}/open`);
      return i;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

if (import.meta.main) {
  const { commands, folder, items }: Order = JSON.parse(Deno.args[0]!);
  const scheduler = commands.length > 0
    ? new CommandScheduler(commands)
    : new ProcessScheduler({ workers: 1, transport: "network" });
  const args = Array.from({ length: items }, (_, i) => ({ i, folder }));
  const options = { scheduler, retries: 0, reraise: false, chunkSize: 1 };
  const results: unknown[] = await map(wait, args, options);
  await scheduler.close();
  tell({
    tell: "results",
    results: results.map((result) =>
      result instanceof Error ? result.message : result as number
    ),
  });
}
