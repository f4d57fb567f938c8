/**
 * The running job, as its own function sees it.
 *
 * @module
 */

import { GridEngineError } from "./errors.ts";

/** The running job, as its own function sees it on the worker. */
export interface JobController {
  /** The attempt's id: unique among all attempts of all jobs of a dispatcher. */
  readonly id: string;
  /** The name of the `Job`, or of the `map`. */
  readonly name: string;
  /** The index of the item within its `map`; 0 for a `Job`. */
  readonly index: number;
  /** The attempt number, from 1. */
  readonly attempt: number;
  /** The name of the machine that runs the job. */
  readonly host: string;
  /** Aborted when `terminate()` asks the job to stop. */
  readonly signal: AbortSignal;
  /**
   * The seed for random numbers: a whole number of 53 bits that depends only on the run's
   * `seed` and the item's `index`. It is the same for every attempt of an item.
   */
  readonly seed: number;
  /**
   * Returns a random number from 0 (included) to 1 (excluded), as `Math.random` does. The
   * numbers depend only on {@linkcode JobController.seed}. Use them for simulations, not
   * for secrets.
   */
  readonly random: () => number;
  /**
   * The values that the host sends with `job.send()`, in order, until the job has ended.
   * Each attempt receives all of them.
   */
  readonly messages: AsyncIterable<unknown>;
  /**
   * Sends a value to the host, which reads it from `job.messages`.
   *
   * @throws {SerializationError} If the value cannot be sent to the host.
   * @throws {GridEngineError} In an item of a `map`, which cannot send messages.
   */
  readonly send: (value: unknown) => void;
}

/**
 * Where the running job is stored. The user's code may load another copy of this module
 * than the worker does, so all copies share this place.
 */
const CURRENT = Symbol.for("gridengine.currentJob");
const place = globalThis as { [CURRENT]?: () => JobController | undefined };

/**
 * The job that is running in this thread.
 *
 * @example The attempt number
 * ```ts
 * import { currentJob } from "jsr:@x/gridengine";
 *
 * function work(x: number) {
 *   const job = currentJob();
 *   return `${job?.name} ${x}, attempt ${job?.attempt}`;
 * }
 * ```
 *
 * @returns `undefined` outside a job, such as on the host.
 */
export function currentJob(): JobController | undefined {
  return place[CURRENT]?.();
}

/**
 * Adds a way to find the running job, which is tried before the present one. For jobs that
 * run in the program itself, which may be a worker's function.
 */
export function findJobFirst(find: () => JobController | undefined): void {
  const before = place[CURRENT];
  place[CURRENT] = () => find() ?? before?.();
}

/** What `send` throws in an item of a map. */
export function cannotSend(name: string): GridEngineError {
  return new GridEngineError(
    `send() was called in an item of map "${name}", where nobody listens; return the ` +
      `value, or use a Job`,
  );
}

/** Sets how the running job is found. For the worker's thread only. */
export function setCurrentJob(find: () => JobController | undefined): void {
  place[CURRENT] = find;
}
