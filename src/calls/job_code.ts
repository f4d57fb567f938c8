/**
 * The code of a job whose class overrides `run`: then the job itself is sent.
 *
 * @module
 */

import { inspectPrivates, mayInspect } from "../closure/capture/inspector.ts";
import { rootOf } from "../closure/capture/root.ts";
import type { AnyFunction } from "../closure/capture/texts.ts";
import type { Code } from "../closure/capture/capture.ts";
import type { JobOutcome, Slot, Task } from "../closure/payload.ts";
import { log } from "../common/log.ts";
import { currentJob, type JobController } from "../job_controller.ts";

/** The class `Job`. Workers have their own. */
type JobClass = AnyFunction & (new (options: { name: string }) => object);

/** What is captured with a job. */
export interface JobParts {
  /** The name of the job. */
  name: string;
  /** What `super.run()` calls, if it was given a target. */
  target: AnyFunction | undefined;
  /** The arguments for the target. */
  args: readonly unknown[];
  /** Whether its fields come back. */
  mutable: boolean;
}

/**
 * Notes what a job has captured, as it is now.
 *
 * @param job The job.
 * @param base The class `Job`.
 * @returns Makes the code for workers, serialized.
 */
export function captureJob(
  job: object,
  { name, target, args, mutable }: JobParts,
  base: JobClass,
): () => Promise<Code> {
  const root = rootOf(job.constructor as AnyFunction);
  const values: { name: string; value: unknown }[] = [
    { name: `${name} → this`, value: job },
  ];
  if (target) {
    values.push({ name: `${name} → target`, value: target });
    values.push({ name: `${name} → args`, value: [...args] });
  }
  const task = ([_, job, target, args]: Slot[]): Task => ({
    kind: "job",
    job: job!,
    mutable,
    ...(target && { target }),
    ...(args && { args }),
  });
  return async () => {
    if (mutable) warnOfPrivates(job, name, base);
    const { capture } = await import("../closure/capture/capture.ts");
    return await capture(await root, task, values, base);
  };
}

/** Calls `run` of the job itself, in the program. Its fields are then as it leaves them. */
export function callJob(
  job: { run(controller?: JobController): unknown },
): () => Promise<JobOutcome> {
  return async () => ({ result: await job.run(currentJob()) });
}

/** Warns that private fields do not come back from a worker. */
function warnOfPrivates(job: object, name: string, base: JobClass): void {
  if (!mayInspect()) return;
  // The private fields of the class Job come first.
  const count = inspectPrivates(new base({ name: "" })).length;
  const names = inspectPrivates(job).slice(count).map(([name]) => name);
  if (names.length === 0) return;
  log(
    "info",
    `job "${name}" is mutable, but what it sets in ${names.join(", ")} stays on ` +
      `the worker: use fields that are not private`,
  );
}
