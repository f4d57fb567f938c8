/** What it costs to bring much data back. */

import type { Workload } from "../workload.ts";

const ARRAYS = 200;

export const workload: Workload = {
  title: "200 numbers in, an array of 1 MB each out",
  task: { do: "array", items: ARRAYS },
  per: [ARRAYS, "ms/array"],
  targets: [{ beside: "tinypool, processes", ratio: 0.6 }],
  large: true,
};
