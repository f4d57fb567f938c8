/** A program as one writes it first: from its start to its end, with nothing warm. */

import type { Workload } from "../workload.ts";

export const workload: Workload = {
  title: "Whole program, cold: map(x => x * x, [1, 2, 3, 4, 5])",
  per: [1, "ms"],
  targets: [
    { beside: "multiprocessing.Pool, spawn", ratio: 0.9 },
    { beside: "piscina", ratio: 0.9 },
  ],
};
