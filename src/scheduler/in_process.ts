/**
 * No workers: functions run in the program itself.
 *
 * @module
 */

import { stays } from "../common/staying.ts";
import { aBoolean, checkOptions, type Checks } from "../common/checks.ts";
import { SchedulerError } from "../errors.ts";
import type { Scheduler } from "./scheduler.ts";

/** Options of an {@linkcode InProcessScheduler}. */
export interface InProcessSchedulerOptions {
  /**
   * Whether items, results and messages are copied, as if they had travelled. Then a value
   * that cannot travel is refused here, too, and what a function changes in its item stays
   * unseen. With `false` they are passed as they are.
   * @default {true}
   */
  copy?: boolean;
}

const CHECKS: Checks<InProcessSchedulerOptions> = { copy: aBoolean };

/**
 * Runs functions in this program, one after the other, to find faults in them: breakpoints
 * hold, stacks are those of the program, and `console` is its own. The function itself is
 * called, with the variables that it has then; it is not sent anywhere. No process is
 * started.
 *
 * @example
 * ```ts
 * import { InProcessScheduler, map } from "jsr:@x/gridengine";
 * import { deepEqual as assertEquals } from "node:assert/strict";
 *
 * const scheduler = new InProcessScheduler();
 * const square = (x: number) => {
 *   debugger; // stops here under `deno run --inspect-wait`
 *   return x * x;
 * };
 * assertEquals(await map(square, [1, 2, 3], { scheduler }), [1, 4, 9]);
 * ```
 */
export class InProcessScheduler implements Scheduler {
  /** The scheduler's name in messages. */
  readonly name = "this process";
  /** One item runs at a time. */
  readonly workers = 1;
  /** Nothing leaves the program. */
  readonly transport = "local";
  /** Whether items, results and messages are copied. */
  readonly copy: boolean;

  /**
   * Makes a scheduler. There is nothing to close.
   *
   * @throws {TypeError} If an option is unknown or has the wrong type.
   */
  constructor(options: InProcessSchedulerOptions = {}) {
    checkOptions("InProcessScheduler", options, CHECKS);
    this.copy = options.copy ?? true;
  }

  /**
   * Is not called, unless by another scheduler.
   *
   * @throws {SchedulerError} Always, because it has no workers.
   */
  start(): never {
    throw new SchedulerError(
      "An InProcessScheduler starts no workers: pass it as the scheduler itself, not " +
        "inside another one",
    );
  }

  /** Does nothing, because it has no workers. */
  stop(): void {}

  /** Resolves at once. */
  join(): Promise<void> {
    return Promise.resolve();
  }

  /** Resolves at once. */
  killall(): Promise<void> {
    return Promise.resolve();
  }

  /** Resolves at once. */
  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Resolves at once. */
  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

stays(InProcessScheduler);
