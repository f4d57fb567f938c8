/**
 * The command line of the doctor.
 *
 * @module
 */

import { parseArgs } from "node:util";

/** What to check. */
export interface DoctorOptions {
  /** Whether to check this machine only. */
  local: boolean;
  /** Whether it is a failure if there is no cluster. */
  cluster: boolean;
  /** How long each step of the cluster may take, in milliseconds. */
  timeout: number;
  /** See `GridEngineSchedulerOptions`. */
  queue: string | undefined;
  /** See `GridEngineSchedulerOptions`. */
  nativeSpecification: string | undefined;
  /** See `GridEngineSchedulerOptions`. */
  denoPath: string | undefined;
}

/** How the doctor is used. */
export const USAGE = `deno run -A jsr:@x/gridengine/doctor [OPTIONS]
  --local            check this machine only
  --cluster          fail if there is no cluster
  --queue=QUEUE      the queue of the probe job, such as all.q or all.q@node7
  --native=OPTIONS   further options of the submit command, such as "-l h_rt=60"
  --deno=PATH        the path of deno on the nodes; by default that of this deno
  --timeout=SECONDS  how long each step of the cluster may take; by default 60
The environment variables of a map apply: GRIDENGINE_PORTS and the others.
Exit status: 0 when maps run, 1 when a check failed, 2 for wrong options.`;

/** The command line is not valid. */
export class UsageError extends Error {}

/**
 * Reads the command line.
 *
 * @param args The arguments.
 * @param has Whether an environment variable is set.
 * @throws {UsageError} If the command line is not valid.
 */
export function parseOptions(
  args: string[],
  has: (variable: string) => boolean,
): DoctorOptions {
  const { local, queue, native, deno, timeout, cluster } = parse(args);
  if (local && cluster) {
    throw new UsageError("--local and --cluster exclude each other");
  }
  const seconds = Number(timeout);
  if (!(seconds > 0 && seconds <= 86_400)) {
    throw new UsageError(`--timeout is "${timeout}": seconds up to 86400 are expected`);
  }
  const asked = cluster || [queue, native, deno].some((value) => value !== undefined);
  return {
    local,
    cluster: asked || has("SGE_ROOT") || has("DRMAA_LIBRARY_PATH"),
    timeout: seconds * 1000,
    queue,
    nativeSpecification: native,
    denoPath: deno,
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        local: { type: "boolean", default: false },
        cluster: { type: "boolean", default: false },
        queue: { type: "string" },
        native: { type: "string" },
        deno: { type: "string" },
        timeout: { type: "string", default: "60" },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
