/**
 * The dispatcher of jobs that were given none: all jobs of one scheduler share one. It
 * closes itself when the last of its jobs has ended.
 *
 * @module
 */

import { bestAvailable } from "./best_available.ts";
import { JobDispatcher } from "./dispatcher.ts";
import type { SchedulerLike } from "./scheduler/scheduler.ts";

const shared = new Map<SchedulerLike, SharedDispatcher>();

/** A dispatcher that counts the jobs that use it. */
export class SharedDispatcher extends JobDispatcher {
  readonly #scheduler: SchedulerLike;
  #holders = 0;

  /** @param scheduler The one whose jobs share it. */
  constructor(scheduler: SchedulerLike) {
    super({ scheduler, name: "jobs" });
    this.#scheduler = scheduler;
  }

  /** A job has begun. */
  hold(): void {
    this.#holders++;
  }

  /** A job has ended. */
  release(): void {
    if (--this.#holders > 0) return;
    shared.delete(this.#scheduler);
    void this.close();
  }

  /** Resolves when it is closed; at once while it has jobs. */
  async left(): Promise<void> {
    if (this.#holders === 0) await this.close();
  }
}

/** The dispatcher of a scheduler's jobs; of the best available one by default. */
export function sharedDispatcher(
  scheduler: SchedulerLike = bestAvailable,
): SharedDispatcher {
  let dispatcher = shared.get(scheduler);
  if (!dispatcher) shared.set(scheduler, dispatcher = new SharedDispatcher(scheduler));
  return dispatcher;
}
