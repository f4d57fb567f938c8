/** What a call costs when each is handed out alone. */

import type { Workload } from "../workload.ts";

const CALLS = 10_000;

export const workload: Workload = {
  title: "10⁴ calls of x => x * x, warm, chunkSize 1",
  task: { do: "square", items: CALLS, oneByOne: true },
  per: [CALLS / 1000, "µs/call"],
  targets: [
    { beside: "multiprocessing.Pool, fork", ratio: 0.7 },
    { beside: "tinypool, threads", ratio: 0.7 },
  ],
};
