/** What it costs to bring much data to a function. */

import type { Workload } from "../workload.ts";

const ARRAYS = 200;

export const workload: Workload = {
  title: "200 arrays of 1 MB in, a number each out",
  task: { do: "length", items: ARRAYS },
  per: [ARRAYS, "ms/array"],
  targets: [{ beside: "loky", ratio: 0.6 }],
  large: true,
};
