/**
 * How the host fares with many workers, which are simulated by sockets in a few processes
 * (`many_workers_fake.ts`):
 *
 *     deno run -A bench/many_workers.ts [--network]
 *
 * Each line is a program of its own. "Flat out": a worker answers at once; this is as
 * fast as the host can. "100 ms": each chunk takes so long and there is none waiting with
 * the worker, so the time from its results to its next chunk is time that it lost.
 */

import {
  JobDispatcher,
  type Scheduler,
  type WorkerListener,
  type WorkerSpec,
} from "@x/gridengine";
import process from "node:process";
import { lines } from "./lines.ts";
import { merge, quantile, type Seen } from "./many_workers_seen.ts";
import { figure } from "./report.ts";

const PROCESSES = 4;
/** Workers, chunks of one item, milliseconds that each takes. */
const LINES = [
  [10, 100_000, 0],
  [100, 100_000, 0],
  [1000, 1_000_000, 0],
  [10, 2000, 100],
  [100, 20_000, 100],
  [1000, 200_000, 100],
] as const;

/** Starts nothing, but tells processes that are there which workers they are to be. */
class SimulatedWorkers implements Scheduler {
  readonly name = "simulation";
  readonly workers: number;
  readonly transport: "local" | "network";
  readonly #processes: Process[];
  #listener: WorkerListener | undefined;
  #next = 0;

  constructor(workers: number, transport: "local" | "network", pause: number) {
    this.workers = workers;
    this.transport = transport;
    const left = (worker: string) =>
      this.#listener!.ended(worker, { cause: "exit", detail: "it left" });
    this.#processes = Array.from({ length: PROCESSES }, () => new Process(pause, left));
  }

  start({ runFile }: WorkerSpec, workers: string[], listener: WorkerListener): void {
    this.#listener = listener;
    const shares: string[][] = this.#processes.map(() => []);
    for (const worker of workers) shares[this.#next++ % PROCESSES]!.push(worker);
    for (const [i, share] of shares.entries()) {
      if (share.length > 0) this.#processes[i]!.add(runFile, share);
    }
    queueMicrotask(() => {
      for (const worker of workers) listener.started(worker);
    });
  }

  stop(worker: string): void {
    throw new Error(`The dispatcher gave up the worker ${worker}`);
  }

  /** What all workers saw, when they have left. */
  async seen(): Promise<Seen> {
    return merge(await Promise.all(this.#processes.map(({ seen }) => seen)));
  }

  async join(): Promise<void> {
    await this.seen();
  }

  killall(): Promise<void> {
    return this.close();
  }

  async close(): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** A process that is many workers. */
class Process {
  readonly seen: Promise<Seen>;
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;

  constructor(pause: number, left: (worker: string) => void) {
    const script = `${import.meta.dirname}/many_workers_fake.ts`;
    this.#process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", script, `${pause}`],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.seen = this.#listen(left);
  }

  add(runFile: string, workers: string[]): void {
    const line = `${JSON.stringify({ runFile, workers })}\n`;
    void this.#input.write(new TextEncoder().encode(line));
  }

  async close(): Promise<void> {
    await this.#input.close();
    await this.#process.status;
  }

  async #listen(left: (worker: string) => void): Promise<Seen> {
    for await (const line of lines(this.#process.stdout)) {
      if (line.startsWith("{")) return JSON.parse(line);
      left(line);
    }
    throw new Error("A process of workers has ended");
  }
}

/** One line of the table. */
async function measure(
  workers: number,
  chunks: number,
  pause: number,
  transport: "local" | "network",
): Promise<void> {
  await using scheduler = new SimulatedWorkers(workers, transport, pause);
  await using dispatcher = new JobDispatcher({ scheduler });
  const square = (x: number) => x * x;
  let there = performance.now();
  // Until all have come, and it is known how long an item takes.
  await dispatcher.map(square, Array(4 * workers).fill(0), { chunkSize: 1 });
  const start = (performance.now() - there) / 1000;
  const before = dispatcher.stats().messages;
  const [cpu, memory] = [processorTime(), Deno.memoryUsage().rss / 1e6];
  there = performance.now();
  const items = Array(chunks).fill(0);
  let most = 0;
  const sampling = setInterval(() => {
    most = Math.max(most, Deno.memoryUsage().rss / 1e6);
  }, 100);
  await dispatcher.map(square, items, { chunkSize: 1 });
  clearInterval(sampling);
  const seconds = (performance.now() - there) / 1000;
  const messages = dispatcher.stats().messages - before;
  const busy = processorTime() - cpu;
  const after = Deno.memoryUsage().rss / 1e6;
  await dispatcher.close();
  const seen = await scheduler.seen();
  const perWorker = seen.perWorker.toSorted((a, b) => a - b);
  console.log(row([
    `${workers}`,
    chunks.toLocaleString("en"),
    pause === 0 ? "flat out" : `${pause} ms`,
    start.toFixed(2),
    figure(seconds),
    figure(messages / seconds),
    figure(1e6 * busy / messages),
    figure(quantile(seen, 0.5)),
    figure(quantile(seen, 0.99)),
    `${perWorker[0]}–${perWorker.at(-1)}`,
    [memory, most, after].map((megabytes) => megabytes.toFixed(0)).join(" / "),
  ]));
}

/** The processor time of this process so far, in seconds. */
function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function row(cells: string[]): string {
  const widths = [7, 9, 8, 8, 7, 10, 8, 7, 7, 12, 22];
  return cells.map((cell, i) => cell.padStart(widths[i]!)).join("  ");
}

const [workers, chunks, pause] = Deno.args.filter((arg) => /^\d+$/.test(arg)).map(
  Number,
);
const network = Deno.args.includes("--network");
if (workers !== undefined) {
  await measure(workers, chunks!, pause!, network ? "network" : "local");
} else {
  console.log(row([
    "workers",
    "chunks",
    "a chunk",
    "start s",
    "s",
    "messages/s",
    "µs CPU/m",
    "p50 ms",
    "p99 ms",
    "items/worker",
    "MB before/most/after",
  ]));
  for (const line of LINES) {
    const args = [...line.map(String), ...(network ? ["--network"] : [])];
    await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", import.meta.filename!, ...args],
      stdout: "inherit",
      stderr: "inherit",
    }).output();
  }
}
