/** A small map on workers that are there: what a loop of maps pays for each. */

import type { Workload } from "../workload.ts";

export const workload: Workload = {
  title: "Map over 5 items on warm workers, from the second on",
  task: { do: "square", items: 5, repeat: 20 },
  per: [1, "ms"],
  targets: [{ beside: "ProcessPoolExecutor", ratio: 0.5 }],
};
