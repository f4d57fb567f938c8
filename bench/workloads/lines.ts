/** What it costs to bring many strings to a function. */

import type { Workload } from "../workload.ts";

const LINES = 200_000;

export const workload: Workload = {
  title: "2·10⁵ strings in, a number each out",
  task: { do: "line", items: LINES },
  per: [LINES / 1000, "µs/line"],
  targets: [],
};
