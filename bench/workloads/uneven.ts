/**
 * Whether all workers end together though the long items come last. The functions sleep:
 * so the ideal is known, whatever else the machine does, which is 90 short and then 10
 * long items for each of the two.
 */

import type { Workload } from "../workload.ts";

const WORKERS = 2;
const SLEEPS = [[180, 1], [20, 100]] as const;

export const workload: Workload = {
  title: "180 tasks of 1 ms, then 20 of 100 ms",
  task: { do: "sleep", items: SLEEPS.map((row) => [...row]) },
  per: [1, "ms"],
  targets: [{ beside: "ideal", ratio: 1.02 }],
  ideal: SLEEPS.reduce((sum, [count, each]) => sum + count * each, 0) / WORKERS,
};
