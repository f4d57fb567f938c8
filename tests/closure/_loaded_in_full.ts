/**
 * A module that maps over its own function as the last thing when it is loaded.
 *
 * @module
 */

import { JobDispatcher, ProcessScheduler } from "../../mod.ts";

const loads = Deno.env.get("TEST_LOADS")!;
Deno.writeTextFileSync(loads, ".", { append: true });
if (Deno.statSync(loads).size > 20) throw new Error("It is loaded again and again");

/** What is mapped over. */
export function twice(x: number): number {
  return 2 * x;
}

await using dispatcher = new JobDispatcher({
  scheduler: new ProcessScheduler({ workers: 1 }),
});
console.log(JSON.stringify(await dispatcher.map(twice, [1, 2])));
