/**
 * A module that maps over its own function as the last thing when it is loaded.
 *
 * @module
 */

import { JobDispatcher, ProcessScheduler } from "../../mod.ts";
import { countLoads } from "./_loads.ts";

countLoads();

/** What is mapped over. */
export function twice(x: number): number {
  return 2 * x;
}

const scheduler = () => new ProcessScheduler({ workers: 1 });
await using dispatcher = new JobDispatcher({ scheduler });
console.log(JSON.stringify(await dispatcher.map(twice, [1, 2])));
