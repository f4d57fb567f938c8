/**
 * What a user requests from the cluster, and how that is passed to the cluster.
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
   * The most workers at once for each dispatcher, and so for each map without one. To share
   * workers between maps, pass them the same dispatcher. There are never more workers than
   * items.
   * @default {100}
   */
  workers?: number;
  /** The resources that each job requests by `-l`, such as `{ h_rt: 3600 }`. */
  resources?: Record<string, ResourceValue>;
  /**
   * The memory limit of one worker: a number of bytes, or a string such as `"2G"` (G is
   * 1024³); at least 64M. The worker enforces it. It is also requested as `mem_free`, unless
   * `resources` has a `mem_free`.
   * @default {undefined} No limit.
   */
  memory?: number | string;
  /** Further options of the submit command, passed on unchanged, such as `"-P project"`. */
  nativeSpecification?: string;
  /** The job's name. Default: the name of the function. */
  name?: string;
  /** The queues to run in, such as `"all.q"`. */
  queue?: string;
  /** The parallel environment of each task and its number of slots, such as `"smp 4"`. */
  parallelEnvironment?: string;
  /** Environment variables for the workers. */
  env?: Record<string, string>;
  /**
   * The directory in which the workers run.
   * @default {Deno.cwd()}
   */
  workingDirectory?: string;
  /**
   * An existing directory in which logs of failed workers are kept.
   * @default {undefined} No log is kept; its last lines are in the error.
   */
  logDirectory?: string;
  /**
   * The address of this machine that workers connect to. Default: `settings.interface`; if
   * that is not set either, workers try all addresses.
   */
  interface?: string;
  /** The TCP ports to choose from, such as `"40000-40100"`. Default: `settings.ports`. */
  ports?: string;
  /**
   * The path of `deno` on the nodes.
   * @default {Deno.execPath()}
   */
  denoPath?: string;
  /** The path of libdrmaa. Default: `DRMAA_LIBRARY_PATH`; if unset, it is searched for. */
  drmaaLibrary?: string;
  /** How long a worker may wait in the queue, in milliseconds. Default: no limit. */
  queueTimeout?: number;
}

/** The checks of the options. */
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
      `${name} is ${shown(value)}: milliseconds above 0 are expected`,
    );
  },
};

/** The resources to request by `-l`. */
export function resourcesOf(
  options: GridEngineSchedulerOptions,
): Record<string, ResourceValue> {
  return { ...settings.defaultResources, ...options.resources };
}

/**
 * The options of the submit command.
 *
 * @throws {SchedulerError} If the cluster would refuse an option, or misread it.
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
        `parallelEnvironment is "${parallelEnvironment}": a name and a number of slots are ` +
          `expected, such as "smp 4"`,
      );
    }
    words.push("-pe", word("parallelEnvironment", name), slots);
  }
  if (nativeSpecification !== undefined) words.push(nativeSpecification);
  return words.join(" ");
}
