/**
 * What a user asks the cluster for, and how the cluster is told.
 *
 * @module
 */

import {
  aText,
  type Checks,
  ports,
  shown,
  valuesByName,
  wholeFrom,
} from "../../common/checks.ts";
import { SchedulerError } from "../../errors.ts";
import { settings } from "../../settings.ts";
import {
  bytesOf,
  memoryValue,
  type ResourceValue,
  resourceWords,
  word,
} from "../resources.ts";

/** Options of a {@linkcode GridEngineScheduler}. */
export interface GridEngineSchedulerOptions {
  /**
   * The most workers at once of each map or dispatcher by itself; those that are to share
   * workers are given one dispatcher. There are never more than there are items.
   * @default {100}
   */
  workers?: number;
  /** What each job asks for, as `-l` takes it, such as `{ h_rt: 3600 }`. */
  resources?: Record<string, ResourceValue>;
  /**
   * What one worker may hold: bytes, or such as `"2G"`, of 1024³. It is asked for as
   * `mem_free`, unless `resources` says how much of that, and the worker sees to it.
   */
  memory?: number | string;
  /** Options of the submit command, as they are, such as `"-P project"`. */
  nativeSpecification?: string;
  /** The job's name; by default that of the function. */
  name?: string;
  /** The queues to run in, such as `"all.q"`. */
  queue?: string;
  /** The parallel environment of each task, and its slots, such as `"smp 4"`. */
  parallelEnvironment?: string;
  /** Environment variables for the workers. */
  env?: Record<string, string>;
  /**
   * Where the workers run.
   * @default {Deno.cwd()}
   */
  workingDirectory?: string;
  /**
   * Where logs of workers that failed are kept; a directory that is there.
   * @default {undefined} None is kept; their last lines are in the error.
   */
  logDirectory?: string;
  /** The address of this machine that workers reach. Default: all are tried. */
  interface?: string;
  /** The TCP ports to choose from, such as `"40000-40100"`. */
  ports?: string;
  /**
   * The `deno` that nodes run.
   * @default {Deno.execPath()}
   */
  denoPath?: string;
  /** The path of libdrmaa. Default: `DRMAA_LIBRARY_PATH`, or it is looked for. */
  drmaaLibrary?: string;
  /** How long a worker may wait in the queue, in milliseconds; by default for ever. */
  queueTimeout?: number;
}

/** What the options have to be. */
export const CHECKS: Checks<GridEngineSchedulerOptions> = {
  workers: wholeFrom(1),
  resources: valuesByName("{ h_rt: 3600 }", "string", "number", "boolean"),
  memory: (_, value) => void bytesOf(value as string),
  nativeSpecification: aText,
  name: aText,
  queue: aText,
  parallelEnvironment: aText,
  env: valuesByName('{ OMP_NUM_THREADS: "1" }', "string"),
  workingDirectory: aText,
  logDirectory: aText,
  interface: aText,
  ports,
  denoPath: aText,
  drmaaLibrary: aText,
  queueTimeout(name, value) {
    if (typeof value === "number" && value > 0) return;
    throw new RangeError(
      `${name} is ${shown(value)}: milliseconds from above 0 are expected`,
    );
  },
};

/** What is asked for with `-l`. */
export function resourcesOf(
  options: GridEngineSchedulerOptions,
): Record<string, ResourceValue> {
  return { ...settings.defaultResources, ...options.resources };
}

/**
 * The options of the submit command.
 *
 * @throws {SchedulerError} When the cluster would refuse an option, or misread it.
 */
export function submitOptions(options: GridEngineSchedulerOptions): string {
  const { queue, parallelEnvironment, nativeSpecification, memory } = options;
  const asked = resourcesOf(options);
  const resources = memory === undefined || "mem_free" in asked
    ? asked
    : { ...asked, mem_free: memoryValue(bytesOf(memory)) };
  const words = resourceWords(resources);
  if (queue !== undefined) words.push("-q", word("queue", queue));
  if (parallelEnvironment !== undefined) {
    const [name = "", slots = "", ...rest] = parallelEnvironment.trim().split(/\s+/);
    if (!/^\d+(-\d+)?$/.test(slots) || rest.length > 0) {
      throw new SchedulerError(
        `The parallelEnvironment is "${parallelEnvironment}": its name and a number of ` +
          `slots are expected, such as "smp 4"`,
      );
    }
    words.push("-pe", word("parallelEnvironment", name), slots);
  }
  if (nativeSpecification !== undefined) words.push(nativeSpecification);
  return words.join(" ");
}
