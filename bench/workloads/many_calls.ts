/** What a call costs when nothing but the calls costs anything: chunks as they come. */

import type { Workload } from "../workload.ts";

const CALLS = 1_000_000;

export const workload: Workload = {
  title: "10⁶ calls of x => x * x, warm, default chunks, results in one ordered array",
  task: { do: "square", items: CALLS },
  per: [CALLS / 1000, "µs/call"],
  targets: [
    { beside: "multiprocessing.Pool, fork", ratio: 0.6 },
    { beside: "tinypool, threads", ratio: 0.6 },
  ],
};
