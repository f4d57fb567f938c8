/**
 * A map in a memory control group of 400 MB: one item takes more, another ends its worker
 * itself. Prints how the two workers were lost.
 */

import { map, ProcessScheduler, WorkerLostError } from "../../mod.ts";
import { instanceOf } from "../fixtures/tools.ts";
import { functions, type Item } from "./_cluster_functions.ts";

await using scheduler = new ProcessScheduler({ workers: 1 });
const losses = [];
for (const run of [functions.fillArrays, functions.leave]) {
  const items = [{ item: 0, ground: "" }];
  const options = { scheduler, reraise: false, retries: 0 };
  const [result] = await map<Item, unknown>(run, items, options);
  losses.push(...instanceOf(result, WorkerLostError).attempts);
}
console.log(JSON.stringify(losses));
