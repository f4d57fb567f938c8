/**
 * The options of a `Job`.
 *
 * @module
 */

import { aBoolean, type Checks, shown } from "./common/checks.ts";
import { checkFunction } from "./closure/capture/root.ts";
import { COMMON_CHECKS } from "./calls/options.ts";
import type { Returns } from "./calls/returns.ts";
import type { JobDispatcher } from "./dispatcher.ts";
import type { LogOptions } from "./engine/job_output.ts";
import { PLACE_CHECKS } from "./place.ts";
import type { SchedulerLike } from "./scheduler/scheduler.ts";

/** Options of a `Job`. `A` are the types of the parameters of `target`. */
// deno-lint-ignore no-explicit-any -- then the arguments are not checked
export interface JobOptions<R, A extends readonly unknown[] = any[]>
  extends LogOptions {
  /** The function to run. A subclass that overrides `run` needs none. */
  target?: (...args: A) => Returns<R> | Promise<Returns<R>>;
  /**
   * The arguments of `target`.
   * @default {[]}
   */
  args?: NoInfer<Arguments<A>>;
  /** An object that is passed to `target` as its last argument. */
  kwargs?: Record<string, unknown> & NoInfer<Kwargs<A>>;
  /**
   * The job's name.
   * @default {"Job-1", "Job-2" …}
   */
  name?: string;
  /**
   * Whether the program may end before the job. The job then ends with it.
   * @default {false}
   */
  daemon?: boolean;
  /**
   * Whether the fields of the job object are copied back when the job has ended. If setting
   * a field throws an error, the job fails with it.
   * @default {false}
   */
  mutable?: boolean;
  /**
   * How long the job may run, in milliseconds.
   * @default {undefined} No limit.
   */
  timeout?: number;
  /**
   * How often the job is run again if its worker is lost.
   * @default {2}
   */
  retries?: number;
  /**
   * The seed of the random numbers of `currentJob().random`: a whole number from 0.
   * @default {undefined} A new seed for each job.
   */
  seed?: number;
  /**
   * The scheduler that starts the worker. Jobs with the same scheduler share its workers.
   * @default {bestAvailable}
   */
  scheduler?: SchedulerLike;
  /** An open dispatcher to run on, instead of a scheduler. */
  dispatcher?: JobDispatcher;
}

/**
 * What `args` may be for a function of these parameters.
 *
 * @internal
 */
export type Arguments<A extends readonly unknown[]> =
  | readonly [...A]
  | BeforeKwargs<A>
  | ListOf<A>;

/**
 * The arguments that are left if the last one comes from `kwargs`; `never` if that cannot be,
 * because the last parameter takes no object.
 */
type BeforeKwargs<A extends readonly unknown[]> = A extends
  readonly [...infer Before, infer Last]
  ? Last extends object ? readonly [...Before] : never
  : never;

/**
 * An array of unknown length, as a variable has it, that holds such arguments. A tuple is
 * none, because it has an element 0.
 */
type ListOf<A extends readonly unknown[]> = readonly A[number][] & { 0?: never };

/**
 * What the last parameter takes.
 *
 * @internal
 */
export type Kwargs<A extends readonly unknown[]> = A extends
  readonly [...unknown[], infer Last] ? Last : unknown;

/**
 * That `args` must be given, if the function cannot do without.
 *
 * @internal
 */
export type NeedsArgs<A extends readonly unknown[]> = [] extends A | BeforeKwargs<A>
  ? unknown
  : { args: unknown };

/** The checks of these options. */
export const JOB_CHECKS: Checks<JobOptions<unknown>> = {
  target: (_, value) => checkFunction(value),
  args(name, value) {
    if (Array.isArray(value)) return;
    throw new TypeError(
      `${name} is ${shown(value)}: an array of arguments is expected`,
    );
  },
  kwargs(name, value) {
    if (typeof value === "object" && value !== null) return;
    throw new TypeError(`${name} is ${shown(value)}: an object is expected`);
  },
  daemon: aBoolean,
  mutable: aBoolean,
  ...COMMON_CHECKS,
  ...PLACE_CHECKS,
};
