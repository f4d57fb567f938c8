/**
 * How workers come into the queue: as an array job, or several where the cluster takes no
 * such large one; and again and again while it says that it takes none just now.
 *
 * @module
 */

import { DrmaaError } from "../../errors.ts";
import { KeeperLost } from "./keeper/client.ts";
import { log } from "../../common/log.ts";
import { type ArrayJob, writeArrayJob } from "./array_job.ts";
import { Backoff } from "./backoff.ts";
import type { GridEngineSchedulerOptions } from "./options.ts";
import type { KeeperSession } from "./keeper_session.ts";
import type { WorkerListener, WorkerSpec } from "../scheduler.ts";

/** A task of an array job. */
export interface Task {
  /** The worker that it is. */
  worker: string;
  /** Who is told of it. */
  listener: WorkerListener;
  /** Its id, once it is submitted. */
  job: string | undefined;
  /** Where its output goes. */
  logFile: string;
  /** Where it writes which limits it has. */
  limitsFile: string;
  /** Whether its script runs, or did. */
  started: boolean;
  /** How often it was seen that a node had begun with it, and not come to the script. */
  looks: number;
  /** Since when it is back in the queue, by `performance.now()`. */
  backSince?: number | undefined;
  /** Whether it is to end. */
  stopping: boolean;
  /** Ends the wait for its end. */
  timer?: ReturnType<typeof setTimeout>;
}

/** How long the cluster may take to answer until that is told, in milliseconds. */
const SLOW = 10_000;
/** Systems that do not know Grid Engine's options. */
const OTHERS = /slurm|pbs|torque|lsf|condor/i;
/** So many nodes are left out at most. */
const MOST_SHUNNED = 16;
/** So often in a row a submission may be lost with its keeper. */
const MOST_LOST = 3;

/** What a submission needs. */
export interface SubmissionContext {
  session: KeeperSession;
  options: GridEngineSchedulerOptions;
  spec: WorkerSpec;
  /** What the cluster is called. */
  name(): string;
  /** A number for an array job. */
  nextNumber(): number;
  /** The nodes on which workers could not begin, the latest last. */
  shunned: ReadonlySet<string>;
  /** Tasks have ids. */
  submitted(tasks: Task[]): void;
  /** Nothing is tried again from then on. */
  signal: AbortSignal;
}

/** Submits the workers that were asked for at once. */
export class Submission {
  readonly #context: SubmissionContext;
  readonly #backoff = new Backoff();
  #lost = 0;
  /** What was last told of why there is no job. */
  #told = "";
  /** What the cluster said where it knows no queue that suits, and was told not to look. */
  #unsuited: string | undefined;

  /** @param context What it needs. */
  constructor(context: SubmissionContext) {
    this.#context = context;
  }

  /**
   * Submits tasks; those that are to end meanwhile are left out, or terminated.
   *
   * @throws {DrmaaError} When the cluster does not take them, for good.
   */
  async submit(tasks: Task[]): Promise<void> {
    const { session, signal } = this.#context;
    for (;;) {
      const wanted = tasks.filter(({ stopping }) => !stopping);
      if (wanted.length === 0 || signal.aborted) return;
      const array = await this.#write(wanted);
      try {
        const jobs = await this.#answered(
          session.submit(array.attributes, wanted.length),
          wanted,
        );
        return this.#submitted(wanted, jobs, array);
      } catch (error) {
        // It may be in the queue all the same, where the answer was lost.
        await array.revoke();
        if (isTooLarge(error, wanted.length)) {
          const half = wanted.length >> 1;
          await this.submit(wanted.slice(0, half));
          return await this.submit(wanted.slice(half));
        }
        if (signal.aborted) return;
        if (this.#unsuited === undefined && isUnsuited(error)) {
          this.#unsuited = (error as Error).message;
          continue;
        }
        if (!this.#isPassing(error)) throw error;
        this.#tell(wanted, (error as Error).message);
      }
      await this.#backoff.pause(signal);
    }
  }

  #write(tasks: Task[]): ReturnType<typeof writeArrayJob> {
    const { spec, options, nextNumber, shunned } = this.#context;
    const workers = tasks.map(({ worker }) => worker);
    const isGridEngine = !OTHERS.test(this.#context.name());
    const nativeSpecification = [
      // The defaults of a site or a user may say otherwise.
      ...(isGridEngine ? ["-b y"] : []),
      ...(isGridEngine && shunned.size > 0 ? [otherThan([...shunned])] : []),
      // As for qsub: load values are not looked at, and a job may wait for those.
      ...(this.#unsuited === undefined ? [] : ["-w n"]),
      options.nativeSpecification,
    ].filter(Boolean).join(" ");
    return writeArrayJob(
      spec,
      { ...options, nativeSpecification },
      nextNumber(),
      workers,
    );
  }

  #submitted(tasks: Task[], jobs: string[], array: ArrayJob): void {
    const { session, submitted } = this.#context;
    const number = jobs[0]!.split(".")[0];
    log("debug", `submitted ${jobs.length} tasks as job ${number}`);
    if (this.#told) log("info", `${this.#context.name()} has taken job ${number}`);
    tasks.forEach((task, i) => {
      task.job = jobs[i]!;
      task.logFile = array.logFiles[i]!;
      task.limitsFile = array.limitsFiles[i]!;
    });
    const wanted = tasks.filter(({ stopping }) => !stopping);
    session.terminate(
      tasks.filter(({ stopping }) => stopping).map(({ job }) => job!),
    );
    submitted(wanted);
    const delay = this.#unsuited && `no queue suits it, as far as the cluster knows ` +
        `(${this.#unsuited}); nativeSpecification "-w n" silences this, "-w e" has the job refused`;
    if (delay) {
      log("info", `job ${number} of "${this.#context.spec.name}" waits: ${delay}`);
    }
    for (const { worker, listener } of wanted) listener.delayed?.(worker, delay);
  }

  /** Tells, too, when an answer takes long. */
  async #answered<T>(answer: Promise<T>, tasks: Task[]): Promise<T> {
    const timer = setTimeout(() => {
      this.#tell(tasks, `it has not answered for ${SLOW / 1000} s`);
    }, SLOW);
    try {
      return await answer;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Whether the next try may succeed. */
  #isPassing(error: unknown): boolean {
    if (!(error instanceof KeeperLost)) {
      return error instanceof DrmaaError && error.transient;
    }
    return ++this.#lost < MOST_LOST;
  }

  #tell(tasks: Task[], why: string): void {
    for (const { worker, listener, stopping } of tasks) {
      if (!stopping) listener.delayed?.(worker, why);
    }
    if (why === this.#told) return;
    this.#told = why;
    const { name, spec } = this.#context;
    log("info", `${name()} does not take the job "${spec.name}" yet: ${why}`);
  }
}

/** A wish for other nodes than these. It is a wish only, for there may be no others. */
export function otherThan(hosts: string[]): string {
  const names = hosts.slice(-MOST_SHUNNED).map((host) => host.split(".", 1)[0]!)
    .flatMap((name) => [name, `${name}.*`]);
  return `-soft -l h=!(${names.join("|")}) -hard`;
}

/** Whether the cluster has looked for a queue, and found none: `qsub` does not ask that. */
function isUnsuited(error: unknown): boolean {
  return error instanceof DrmaaError && /no suitable queues/.test(error.message);
}

function isTooLarge(error: unknown, count: number): boolean {
  return error instanceof DrmaaError && !error.transient && count > 1 &&
    /max_aj_tasks|array|tasks/i.test(error.message);
}
