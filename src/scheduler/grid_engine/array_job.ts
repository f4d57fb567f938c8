/**
 * What an array job consists of: a list of workers, a script, and where logs go.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { type JobAttributes, PLACEHOLDERS } from "../../drmaa/attributes.ts";
import type { GridEngineSchedulerOptions } from "./options.ts";
import { SchedulerError } from "../../errors.ts";
import { within } from "../../common/within.ts";
import { jobName } from "../resources.ts";
import type { WorkerSpec } from "../scheduler.ts";
import { startScript } from "./start_script.ts";

/** How long the directory's server may take to write a file, in milliseconds. */
const WRITE_LIMIT = 30_000;
/** And to remove one. */
const REVOKE_LIMIT = 5000;

/** An array job that can be submitted. */
export interface ArrayJob {
  /** What to submit. */
  attributes: JobAttributes;
  /** For each task, where its output goes. */
  logFiles: string[];
  /** For each task, where it writes which limits it has. */
  limitsFiles: string[];
  /** Its tasks, whenever they start, leave at once from now on. */
  revoke(): Promise<void>;
}

/**
 * Writes what the tasks of an array job need to a run's directory.
 *
 * @param spec How to start a worker.
 * @param options What the scheduler was made with; `nativeSpecification` is all that the
 * submit command is told.
 * @param number A number that no other array of the run has.
 * @param workers The identity of each task's worker.
 */
export async function writeArrayJob(
  spec: WorkerSpec,
  options: GridEngineSchedulerOptions,
  number: number,
  workers: string[],
): Promise<ArrayJob> {
  const { env = {}, workingDirectory = Deno.cwd(), logDirectory } = options;
  const { nativeSpecification } = options;
  const directory = dirname(spec.runFile);
  const name = jobName(options.name, spec.name);
  const list = join(directory, `workers-${number}`);
  const script = join(directory, `start-${number}.sh`);
  const deno = options.denoPath ?? Deno.execPath();
  const limits = join(directory, `limits-${number}`);
  const text = startScript({
    spec,
    deno,
    env: { ...usualEnv(), ...env },
    list,
    script,
    limits,
  });
  const write = async () => {
    await Deno.writeTextFile(list, workers.map((worker) => `${worker}\n`).join(""));
    await Deno.writeTextFile(script, text, { mode: 0o700 });
    return true;
  };
  if (!await within(WRITE_LIMIT, write(), false)) {
    throw new SchedulerError(
      `The run's directory "${directory}" takes no file within ${WRITE_LIMIT} ms: its file ` +
        `server does not answer`,
    );
  }
  const logs = logDirectory === undefined
    ? join(directory, `log-${number}`)
    : join(logDirectory, `${name}-${workers[0]!}`);
  return {
    attributes: {
      // Not /bin/sh: some queues have their shell read what is to be run.
      remoteCommand: script,
      jobName: name,
      workingDirectory,
      outputPath: `:${logs}.${PLACEHOLDERS.index}`,
      joinFiles: true,
      ...(nativeSpecification && { nativeSpecification }),
    },
    logFiles: workers.map((_, i) => `${logs}.${i + 1}`),
    limitsFiles: workers.map((_, i) => `${limits}.${i + 1}`),
    // Without the list a task takes the run for over.
    revoke: () => within(REVOKE_LIMIT, Deno.remove(list).catch(() => {}), undefined),
  };
}

/** What of this program's environment the nodes need: where the modules are. */
function usualEnv(): Record<string, string> {
  const found = Deno.env.get("DENO_DIR");
  return { NO_COLOR: "1", ...(found !== undefined && { DENO_DIR: found }) };
}
