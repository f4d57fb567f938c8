/**
 * Where a map or a job runs: the options that say so.
 *
 * @module
 */

import { anInstance, anything, type Checks } from "./common/checks.ts";
import { JobDispatcher } from "./dispatcher.ts";
import type { SchedulerLike } from "./scheduler/scheduler.ts";
import { checkSource } from "./source.ts";

/** Where something runs. */
export interface Place {
  /** The scheduler that starts the workers. */
  scheduler?: SchedulerLike;
  /** The dispatcher whose workers are used. */
  dispatcher?: JobDispatcher;
}

/** Checks of a place. The scheduler is checked when the dispatcher makes it. */
export const PLACE_CHECKS: Checks<Place> = {
  scheduler: anything,
  dispatcher: anInstance(JobDispatcher),
};

/**
 * Refuses more than one way to say where something runs.
 *
 * @throws {TypeError} If more than one is given.
 */
export function checkPlace(options: Place & { workers?: number }): void {
  checkSource(options);
  const { scheduler, workers, dispatcher } = options;
  if (!dispatcher) return;
  if (scheduler) {
    throw new TypeError(
      "scheduler and dispatcher are both given: pass only one of them, because a " +
        "dispatcher has its own scheduler",
    );
  }
  if (workers !== undefined) {
    throw new TypeError(
      "workers and dispatcher are both given: pass only one of them, because a " +
        "dispatcher has its own workers",
    );
  }
}
