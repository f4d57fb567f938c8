/**
 * The parts of an array job: a list of workers, a start script, and log files.
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

/** How long the file server may take to write the files, in milliseconds. */
const WRITE_LIMIT = 30_000;
/** How long it may take to remove a file, in milliseconds. */
const REVOKE_LIMIT = 5000;

/** An array job that can be submitted. */
export interface ArrayJob {
  /** The attributes to submit. */
  attributes: JobAttributes;
  /** The log file of each task. */
  logFiles: string[];
  /** The file of each task to which it writes its limits. */
  limitsFiles: string[];
  /** Makes tasks that start from now on exit at once. */
  revoke(): Promise<void>;
}

/**
 * Writes the files that the tasks of an array job need to a run's directory.
 *
 * @param spec How to start a worker.
 * @param options The options of the scheduler; `nativeSpecification` has all options of the
 * submit command.
 * @param number A number that no other array job of the run has.
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
      `Cannot write to the run's directory "${directory}" within ${WRITE_LIMIT} ms: check ` +
        `that its file server answers`,
    );
  }
  const logs = logDirectory === undefined
    ? join(directory, `log-${number}`)
    : join(logDirectory, `${name}-${workers[0]!}`);
  return {
    attributes: {
      // Not /bin/sh with arguments: some queues feed the command to their own shell.
      remoteCommand: script,
      jobName: name,
      workingDirectory,
      outputPath: `:${logs}.${PLACEHOLDERS.index}`,
      joinFiles: true,
      ...(nativeSpecification && { nativeSpecification }),
    },
    logFiles: workers.map((_, i) => `${logs}.${i + 1}`),
    limitsFiles: workers.map((_, i) => `${limits}.${i + 1}`),
    // Without the list a task assumes that the run is over.
    revoke: () => within(REVOKE_LIMIT, Deno.remove(list).catch(() => {}), undefined),
  };
}

/** The part of this program's environment that nodes need: where Deno's cache is. */
function usualEnv(): Record<string, string> {
  const found = Deno.env.get("DENO_DIR");
  return { NO_COLOR: "1", ...(found !== undefined && { DENO_DIR: found }) };
}
