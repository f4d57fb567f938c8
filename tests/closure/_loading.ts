/**
 * A module that maps over its own functions while it is loaded.
 *
 * @module
 */

import { JobDispatcher, ProcessScheduler } from "../../mod.ts";
import { mapAll } from "./_loading_circle.ts";
import { countLoads } from "./_loads.ts";

countLoads();

/** What is mapped over. */
export function twice(x: number): number {
  return 2 * x;
}

const scheduler = () => new ProcessScheduler({ workers: 1 });
await using dispatcher = new JobDispatcher({ scheduler });
const own = await dispatcher.map(twice, [1, 2]);
console.log(JSON.stringify([own, ...await mapAll(dispatcher)]));

/** It has no value before. */
export const later = 3;
