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
import { aRetry, type RetryErrors, retrySettings } from "./retry_errors.ts";

/** How a dispatcher runs a function over items. */
export interface DispatchOptions extends LogOptions {
  /**
   * Whether the first failure ends the map and is thrown. If not, all items run, and the
   * result of an item that failed is its error.
   * @default {true}
   */
  reraise?: boolean;
  /**
   * `Float64Array` if all results are numbers: then the results are such an array, which
   * takes eight bytes for each. It cannot be combined with `reraise: false`.
   * @default {undefined} An `Array`.
   */
  into?: Float64ArrayConstructor;
  /**
   * How many items are handed out together; `"auto"` for about 10 ms of work, as
   * measured.
   * @default {"auto"}
   */
  chunkSize?: number | "auto";
  /**
   * How often an item is tried again if its worker was lost while the worker had no other
   * item.
   * @default {2}
   */
  retries?: number;
  /**
   * How often an item is tried again if the function threw; or an object that also says
   * for which errors, and after how long, such as
   * `{ times: 3, delay: 1000, factor: 2, if: (error) => error instanceof TypeError }`.
   * @default {0}
   */
  retryErrors?: number | RetryErrors;
  /**
   * How long one item may run, in milliseconds.
   * @default {undefined} As long as it takes.
   */
  timeout?: number;
  /** Ends the map, which then throws the signal's reason. */
  signal?: AbortSignal;
  /**
   * The name of the map in errors and in `currentJob()`.
   * @default {f.name}
   */
  name?: string;
  /**
   * `true` draws a line on the terminal: how many items are done and have failed, how
   * fast, how long it still takes, and how many workers run and wait in the queue. If
   * standard error is no terminal, it writes a line every 10 s and at the end. In a
   * notebook the line is an output of the cell. A callback
   * gets the same as data, four times a second and at the end. If it throws, the map ends
   * and throws that error.
   * @default {false}
   */
  progress?: ProgressOption;
  /**
   * The seed for the random numbers of `currentJob().random`: a whole number from 0. With
   * the same seed each item has the same numbers, whichever worker runs it.
   * @default {undefined} A new one each time.
   */
  seed?: number;
  /**
   * Where to write a page that shows the run when it is over, however it ended: a path
   * such as `"run.html"`; in a notebook also `"inline"`: then it is an output of the cell.
   * @default {undefined} Nowhere.
   */
  report?: string;
  /**
   * Whether to show that page while the run goes on, and on which port. Its address on
   * this machine is printed to standard error.
   * @default {false}
   */
  dashboard?: boolean | { port?: number };
}

/** How a dispatcher runs a function over items, and tells results from failures. */
export interface DispatchSettledOptions
  extends Omit<DispatchOptions, "reraise" | "into"> {
  /** Cannot be given: no failure of an item is thrown. */
  reraise?: never;
  /** Cannot be given: what comes are objects, not numbers. */
  into?: never;
}

/** How often an item is tried again by default if its worker was lost. */
export const DEFAULT_RETRIES = 2;

/** The checks of options that a map and a `Job` have in common. */
export const COMMON_CHECKS = {
  name: aText,
  retries: wholeFrom(0),
  timeout: someMilliseconds,
  seed: wholeFrom(0),
  logs: oneOf(...LOG_MODES),
  onLog: aFunction,
} as const;

/** The checks of the options of a map. */
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
  retryErrors: aRetry,
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

const { reraise: _, into: __, ...settledChecks } = DISPATCH_CHECKS;

/** The checks of the options of a `mapSettled`. */
export const SETTLED_CHECKS: Checks<DispatchSettledOptions> = settledChecks;

/** The checks of the options of an `imapSettled`. */
export const STREAM_SETTLED_CHECKS: Checks<
  DispatchSettledOptions & { ordered?: boolean }
> = { ...SETTLED_CHECKS, ordered: aBoolean };

/**
 * The settings of a run.
 *
 * @param options The options of the user, which were checked.
 * @param expected See `RunSettings.expected`.
 */
export function runSettings(
  options: DispatchOptions,
  expected: number,
): Omit<RunSettings, "id"> {
  const { chunkSize = "auto", retries = DEFAULT_RETRIES, retryErrors = 0 } = options;
  const { timeout = 0 } = options;
  const errors = retrySettings(retryErrors);
  return { retries, ...errors, timeout, chunkSize, expected, exclusive: false };
}
