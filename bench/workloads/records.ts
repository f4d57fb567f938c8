/** What it costs to bring many small objects to a function, and others back. */

import type { Workload } from "../workload.ts";

const RECORDS = 200_000;

export const workload: Workload = {
  title: "2·10⁵ objects of five fields in, and as many out",
  task: { do: "record", items: RECORDS },
  per: [RECORDS / 1000, "µs/record"],
  targets: [],
};
