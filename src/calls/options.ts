/**
 * The options of a map.
 *
 * @module
 */

import {
  aBoolean,
  aFunction,
  anInstance,
  aText,
  checkOptions,
  type Checks,
  oneOf,
  shown,
  someMilliseconds,
  wholeFrom,
} from "../common/checks.ts";
import { LOG_MODES } from "../protocol/messages.ts";
import type { RunSettings } from "../core/events.ts";
import type { LogOptions } from "../engine/job_output.ts";
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

/** What the options of a map and of a `Job` have to be that both have. */
export const COMMON_CHECKS = {
  name: aText,
  retries: wholeFrom(0),
  timeout: someMilliseconds,
  seed: wholeFrom(0),
  logs: oneOf(...LOG_MODES),
  onLog: aFunction,
} as const;

/** What the options of a map have to be. */
export const DISPATCH_CHECKS: Checks<DispatchOptions> = {
  reraise: aBoolean,
  into(name, value) {
    if (value === Float64Array) return;
    const what = typeof value === "function" ? value.name : shown(value);
    throw new TypeError(`${name} is ${what}: Float64Array is expected`);
  },
  chunkSize(name, value) {
    if (value !== "auto") wholeFrom(1)(name, value);
  },
  ...COMMON_CHECKS,
  retryErrors: wholeFrom(0),
  signal: anInstance(AbortSignal),
  progress(name, value) {
    if (typeof value === "boolean" || typeof value === "function") return;
    throw new TypeError(
      `${name} is ${shown(value)}: true, false or a function is expected`,
    );
  },
  report(name, value) {
    if (typeof value === "string" && value !== "") return;
    throw new TypeError(
      `${name} is ${shown(value)}: a path such as "run.html" is expected`,
    );
  },
  dashboard(name, value) {
    if (typeof value === "boolean") return;
    checkOptions(name, value as { port?: number }, {
      port: (part, value) => wholeFrom(0, 65_535)(`${name}.${part}`, value),
    });
  },
};

/**
 * The settings of a run.
 *
 * @param options What the user said, which was checked.
 * @param expected See `RunSettings.expected`.
 */
export function runSettings(
  options: DispatchOptions,
  expected: number,
): Omit<RunSettings, "id"> {
  const { chunkSize = "auto", retries = DEFAULT_RETRIES, retryErrors = 0 } = options;
  const { timeout = 0 } = options;
  return { retries, retryErrors, timeout, chunkSize, expected, exclusive: false };
}
