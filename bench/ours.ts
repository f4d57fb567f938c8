/**
 * The library as a contender, on a transport, and the built-in map as another:
 * `ours.ts local|network|built-in`.
 */

import { JobDispatcher, ProcessScheduler } from "@x/gridengine";
import { serve } from "./serve.mjs";
import type { Task } from "./workload.ts";

/** A record of `serve.mjs`. */
interface Sample {
  id: number;
  name: string;
  x: number;
  y: number;
  good: boolean;
}

const functions: Record<Task["do"], (item: never) => unknown> = {
  square: (x: number) => x * x,
  record: ({ id, name, x, y, good }: Sample) => ({ id, name, x: y, y: x, good: !good }),
  line: (text: string) => text.length,
  length: (array: Float64Array) => array.length,
  array: (length: number) => new Float64Array(length),
  sleep: (ms: number) => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
    return ms;
  },
};

const kind = Deno.args[0] as "local" | "network" | "built-in";
await serve(kind === "built-in" ? builtIn() : dispatcher(kind));

function dispatcher(transport: "local" | "network") {
  const dispatcher = new JobDispatcher({
    scheduler: () => new ProcessScheduler({ workers: 2, transport }),
  });
  return {
    map: (name: Task["do"], items: never[], oneByOne: boolean) =>
      dispatcher.map(functions[name], items, oneByOne ? { chunkSize: 1 } : {}),
    close: () => dispatcher.close(),
  };
}

function builtIn() {
  return {
    map: (name: Task["do"], items: never[]) =>
      items.map((item) => functions[name](item)),
    close: () => {},
  };
}
