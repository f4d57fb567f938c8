/**
 * What a running function knows of the job that it is.
 *
 * @module
 */

/** The running job, as its own function sees it: on the worker, while it runs. */
export interface JobController {
  /** Different for every job and every try of it, within its dispatcher. */
  readonly id: string;
  /** The name of the `Job`, or of the `map`. */
  readonly name: string;
  /** The index of the item within its `map`; 0 for a `Job`. */
  readonly index: number;
  /** The attempt number, from 1. */
  readonly attempt: number;
  /** The name of the machine that it runs on. */
  readonly host: string;
  /** Aborted when `terminate()` asks the job to come to an end. */
  readonly signal: AbortSignal;
  /**
   * What to make random numbers of: a whole number of 53 bits that depends on the run's
   * `seed` and the item's `index` only. Every try of an item has the same.
   */
  readonly seed: number;
  /**
   * Gives random numbers from 0, included, to 1, not included, as `Math.random` does;
   * which ones depends on {@linkcode JobController.seed} only. For simulations, not for
   * secrets.
   */
  readonly random: () => number;
  /**
   * What the host sent with `job.send()`, in order, until the job has ended. Each try has
   * all of it.
   */
  readonly messages: AsyncIterable<unknown>;
  /**
   * Sends a value to the host, where `job.messages` gives it.
   *
   * @throws {SerializationError} When the value cannot travel.
   * @throws {GridEngineError} In an item of a `map`, where nobody listens.
   */
  readonly send: (value: unknown) => void;
}

/**
 * Where to ask for the running job. The user's code may have loaded another copy of this
 * module than the worker has, so it is a place that all copies share.
 */
const CURRENT = Symbol.for("gridengine.currentJob");
const place = globalThis as { [CURRENT]?: () => JobController | undefined };

/**
 * The job that is running in this thread.
 *
 * @example Which try is it?
 * ```ts
 * import { currentJob } from "jsr:@x/gridengine";
 *
 * function work(x: number) {
 *   const job = currentJob();
 *   return `${job?.name} ${x}, try ${job?.attempt}`;
 * }
 * ```
 *
 * @returns `undefined` outside of a job, such as on the host.
 */
export function currentJob(): JobController | undefined {
  return place[CURRENT]?.();
}

/** Says how the running job is found. For the worker's thread only. */
export function setCurrentJob(find: () => JobController | undefined): void {
  place[CURRENT] = find;
}
