/**
 * All workloads.
 *
 * @module
 */

import type { Workload } from "./workload.ts";
import { workload as arraysIn } from "./workloads/arrays_in.ts";
import { workload as arraysOut } from "./workloads/arrays_out.ts";
import { workload as cold } from "./workloads/cold.ts";
import { workload as lines } from "./workloads/lines.ts";
import { workload as loneCall } from "./workloads/lone_call.ts";
import { workload as manyCalls } from "./workloads/many_calls.ts";
import { workload as oneByOne } from "./workloads/one_by_one.ts";
import { workload as records } from "./workloads/records.ts";
import { workload as secondMap } from "./workloads/second_map.ts";
import { workload as uneven } from "./workloads/uneven.ts";

/** All workloads, by the names that `--only` takes. */
export const workloads: Record<string, Workload> = {
  "cold": cold,
  "many-calls": manyCalls,
  "one-by-one": oneByOne,
  "records": records,
  "lines": lines,
  "arrays-in": arraysIn,
  "arrays-out": arraysOut,
  "uneven": uneven,
  "second-map": secondMap,
  "lone-call": loneCall,
};
