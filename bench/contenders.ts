/**
 * What is measured: the library on both transports, the built-in map, and npm packages
 * that do the like, each with two workers.
 */

import { JobDispatcher, ProcessScheduler } from "@x/gridengine";
import { Piscina } from "piscina";
import workerpool from "workerpool";

/** Somebody who does the workloads. */
export interface Contender {
  name: string;
  squares(numbers: number[]): Promise<number[]>;
  lengths(arrays: Float64Array[]): Promise<number[]>;
  arrays(lengths: number[]): Promise<Float64Array[]>;
  close(): Promise<unknown>;
}

const WORKERS = 2;
/** What a user of a package without chunks of its own would do by hand. */
const HAND_MADE_CHUNK = 10_000;

/** All contenders, ours first. */
export async function open(): Promise<Contender[]> {
  const contenders = [
    ours("gridengine, local processes", "local"),
    ours("gridengine, processes over CURVE", "network"),
    builtIn(),
    piscina(),
    pool("workerpool, threads", "thread"),
    pool("workerpool, processes", "process"),
  ];
  for (const contender of contenders) await contender.squares([1, 2]);
  return contenders;
}

function ours(name: string, transport: "local" | "network"): Contender {
  const dispatcher = new JobDispatcher({
    scheduler: () => new ProcessScheduler({ workers: WORKERS, transport }),
  });
  return {
    name,
    squares: (numbers) => dispatcher.map((x: number) => x * x, numbers),
    lengths: (arrays) => dispatcher.map((a: Float64Array) => a.length, arrays),
    arrays: (lengths) => dispatcher.map((n: number) => new Float64Array(n), lengths),
    close: () => dispatcher.close(),
  };
}

function builtIn(): Contender {
  return {
    name: "Array.map, this thread",
    squares: (numbers) => Promise.resolve(numbers.map((x) => x * x)),
    lengths: (arrays) => Promise.resolve(arrays.map((a) => a.length)),
    arrays: (lengths) => Promise.resolve(lengths.map((n) => new Float64Array(n))),
    close: () => Promise.resolve(),
  };
}

function piscina(): Contender {
  const threads = new Piscina({
    filename: new URL("./peer_worker.mjs", import.meta.url).href,
    minThreads: WORKERS,
    maxThreads: WORKERS,
  });
  const run = <R>(name: string, items: unknown[]): Promise<R[]> =>
    Promise.all(items.map((item) => threads.run(item, { name })));
  return {
    name: "piscina, threads",
    squares: async (numbers) =>
      (await run<number[]>("squares", chunks(numbers))).flat(),
    lengths: (arrays) => run<number>("length", arrays),
    arrays: (lengths) => run<Float64Array>("array", lengths),
    close: () => threads.destroy(),
  };
}

function pool(name: string, workerType: "thread" | "process"): Contender {
  const script = new URL("./peer_worker.mjs", import.meta.url).pathname;
  const workers = workerpool.pool(script, { maxWorkers: WORKERS, workerType });
  const run = <R>(name: string, items: unknown[]): Promise<R[]> =>
    Promise.all(items.map((item) => workers.exec(name, [item]) as Promise<R>));
  return {
    name,
    squares: async (numbers) =>
      (await run<number[]>("squares", chunks(numbers))).flat(),
    lengths: (arrays) => run<number>("length", arrays),
    arrays: (lengths) => run<Float64Array>("array", lengths),
    close: async () => await workers.terminate(),
  };
}

function chunks(numbers: number[]): number[][] {
  const found: number[][] = [];
  for (let i = 0; i < numbers.length; i += HAND_MADE_CHUNK) {
    found.push(numbers.slice(i, i + HAND_MADE_CHUNK));
  }
  return found;
}
