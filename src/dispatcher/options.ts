/**
 * The options of a map.
 *
 * @module
 */

import { freshSeed } from "../random.ts";
import type { RunSettings } from "./events.ts";
import type { LogOptions } from "./job_output.ts";
import type { ProgressOption } from "./progress_text.ts";

/** How a dispatcher runs a function over items. */
export interface DispatchOptions extends LogOptions {
  /**
   * Whether the first failure ends the map and is thrown. If not, everything runs, and
   * each failure stands as the error itself at its index among the results.
   * @default {true}
   */
  reraise?: boolean;
  /**
   * `Float64Array` where all results are numbers and an array of them is wanted, which
   * takes eight bytes for each. Failures are thrown: it cannot be had with
   * `reraise: false`.
   * @default {undefined} An `Array`.
   */
  into?: Float64ArrayConstructor;
  /**
   * How many items are handed out together; `"auto"` for about 10 ms of work, by what is
   * measured.
   * @default {"auto"}
   */
  chunkSize?: number | "auto";
  /**
   * How often an item is tried again whose worker was lost while the item was the only
   * one with it.
   * @default {2}
   */
  retries?: number;
  /**
   * How often an item is tried again whose function threw.
   * @default {0}
   */
  retryErrors?: number;
  /**
   * How long one item may run, in milliseconds.
   * @default {undefined} As long as it takes.
   */
  timeout?: number;
  /** Ends the map, which then throws the signal's reason. */
  signal?: AbortSignal;
  /**
   * What the map is called in errors and by `currentJob()`.
   * @default {f.name}
   */
  name?: string;
  /**
   * `true` draws a line on the terminal: how many items are done and have failed, how
   * fast, how long it still takes, and how many workers run and wait in the queue. Where
   * standard error is no terminal it writes a line every 10 s and at the end. A callback
   * gets the same as data, four times a second and at the end; what it throws ends the
   * map, and is thrown there.
   * @default {false}
   */
  progress?: ProgressOption;
  /**
   * What the random numbers of `currentJob().random` are made of: a whole number from 0.
   * With the same seed each item has the same numbers, whichever worker runs it.
   * @default {undefined} Another one each time.
   */
  seed?: number;
  /**
   * Where to write a page that shows the run when it is over, however that came to be: a
   * path such as `"run.html"`.
   * @default {undefined} Nowhere.
   */
  report?: string;
  /**
   * Whether to show that page while the run goes on, at an address of this machine that
   * is printed to standard error, and on which port.
   * @default {false}
   */
  dashboard?: boolean | { port?: number };
}

/** How often an item is tried again, by default, whose worker was lost. */
export const DEFAULT_RETRIES = 2;
/** The longest time that a timer takes, in milliseconds: about 24 days. */
export const LONGEST_TIME = 2 ** 31 - 1;

/**
 * The settings of a run.
 *
 * @param options What the user said.
 * @param expected See `RunSettings.expected`.
 * @throws {RangeError} When a number is out of range.
 * @throws {TypeError} When `progress` is none.
 */
export function runSettings(
  options: DispatchOptions,
  expected: number,
): Omit<RunSettings, "id"> {
  const { chunkSize = "auto", retries = DEFAULT_RETRIES, retryErrors = 0 } = options;
  const { timeout, progress } = options;
  if (chunkSize !== "auto") mustBeWhole("chunkSize", chunkSize, 1);
  mustBeWhole("retries", retries, 0);
  mustBeWhole("retryErrors", retryErrors, 0);
  if (timeout !== undefined && !(timeout > 0 && timeout <= LONGEST_TIME)) {
    throw new RangeError(
      `timeout is ${timeout}: milliseconds from above 0 to ${LONGEST_TIME} are expected`,
    );
  }
  if (!["undefined", "boolean", "function"].includes(typeof progress)) {
    throw new TypeError(
      `progress is of type ${typeof progress}: true, false or a function is expected`,
    );
  }
  const exclusive = false;
  return {
    retries,
    retryErrors,
    timeout: timeout ?? 0,
    chunkSize,
    expected,
    exclusive,
  };
}

/**
 * The seed of a run.
 *
 * @throws {RangeError} When it is out of range.
 */
export function runSeed(seed: number = freshSeed()): number {
  mustBeWhole("seed", seed, 0);
  return seed;
}

function mustBeWhole(name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new RangeError(`${name} is ${value}: a whole number from ${least} is expected`);
}
