/** From call to result of a single call on a warm worker. */

import type { Workload } from "../workload.ts";

export const workload: Workload = {
  title: "A lone call on a warm worker, from call to result",
  task: { do: "square", items: 1, repeat: 50 },
  per: [1, "ms"],
  targets: [],
};
