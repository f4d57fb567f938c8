/**
 * What starts the workers: a scheduler, or a number of processes.
 *
 * @module
 */

import { bestAvailable } from "./best_available.ts";
import { ProcessScheduler } from "./scheduler/process.ts";
import type { SchedulerLike } from "./scheduler/scheduler.ts";

/** What starts the workers. */
interface Source {
  scheduler?: SchedulerLike;
  workers?: number;
}

/**
 * Refuses a scheduler together with a number of workers.
 *
 * @throws {TypeError} If both are given.
 */
export function checkSource({ scheduler, workers }: Source): void {
  if (!scheduler || workers === undefined) return;
  throw new TypeError(
    "scheduler and workers are both given: pass workers to the scheduler itself",
  );
}

/**
 * The scheduler that options ask for.
 *
 * @throws {TypeError} If they ask in two ways.
 */
export function schedulerOf(source: Source): SchedulerLike {
  checkSource(source);
  const { scheduler, workers } = source;
  if (workers === undefined) return scheduler ?? bestAvailable;
  return () => new ProcessScheduler({ workers });
}
