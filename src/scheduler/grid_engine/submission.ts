/**
 * Submits workers: as one array job, or as several if the cluster accepts none of that
 * size. The submission is repeated while the cluster accepts no jobs for the moment.
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
  /** The identity of its worker. */
  worker: string;
  /** Receives the reports about the worker. */
  listener: WorkerListener;
  /** The task's id, once it is submitted. */
  job: string | undefined;
  /** The file for its output. */
  logFile: string;
  /** The file to which it writes its limits. */
  limitsFile: string;
  /** Whether its script is running, or has run. */
  started: boolean;
  /** How often a check found it taken by a node, but its script not started. */
  looks: number;
  /** Since when it is back in the queue, by `performance.now()`. */
  backSince?: number | undefined;
  /** Whether it was told to end. */
  stopping: boolean;
  /** The timer that ends the wait for its end. */
  timer?: ReturnType<typeof setTimeout>;
}

/** An answer that takes longer than this, in milliseconds, is reported as delayed. */
const SLOW = 10_000;
/** Systems that do not know Grid Engine's options. */
const OTHERS = /slurm|pbs|torque|lsf|condor/i;
/** The most nodes that are avoided. */
const MOST_SHUNNED = 16;
/** How many times in a row a submission may be lost with its keeper. */
const MOST_LOST = 3;

/** What a submission needs. */
export interface SubmissionContext {
  session: KeeperSession;
  options: GridEngineSchedulerOptions;
  spec: WorkerSpec;
  /** The name of the cluster's software. */
  name(): string;
  /** Returns a new number for an array job. */
  nextNumber(): number;
  /** The nodes on which workers could not start, the latest last. */
  shunned: ReadonlySet<string>;
  /** Called when tasks are submitted and have ids. */
  submitted(tasks: Task[]): void;
  /** When it is aborted, nothing is tried again. */
  signal: AbortSignal;
}

/** Submits workers that were requested together. */
export class Submission {
  readonly #context: SubmissionContext;
  readonly #backoff = new Backoff();
  #lost = 0;
  /** The last reason that was logged for a delay. */
  #told = "";
  /** The cluster's message if it found no suitable queue. Later jobs skip that check. */
  #unsuited: string | undefined;

  /** @param context What it needs. */
  constructor(context: SubmissionContext) {
    this.#context = context;
  }

  /**
   * Submits tasks. Those that are told to end meanwhile are left out, or terminated.
   *
   * @throws {DrmaaError} If the cluster refuses the tasks for good.
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
        // The job may be in the queue nevertheless, if only the answer was lost.
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
      // Defaults of a site or a user may differ.
      ...(isGridEngine ? ["-b y"] : []),
      ...(isGridEngine && shunned.size > 0 ? [otherThan([...shunned])] : []),
      // As with qsub: load values are not checked, and a job may wait for them.
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
    if (this.#told) log("info", `${this.#context.name()} has accepted job ${number}`);
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

  /** Waits for an answer, and reports if it takes long. */
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

  /** Whether the next attempt may succeed. */
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
    log("info", `${name()} does not accept the job "${spec.name}" yet: ${why}`);
  }
}

/** A soft request for other nodes than these. It is soft because there may be no others. */
export function otherThan(hosts: string[]): string {
  const names = hosts.slice(-MOST_SHUNNED).map((host) => host.split(".", 1)[0]!)
    .flatMap((name) => [name, `${name}.*`]);
  return `-soft -l h=!(${names.join("|")}) -hard`;
}

/** Whether the cluster found no suitable queue. `qsub` does not have it check that. */
function isUnsuited(error: unknown): boolean {
  return error instanceof DrmaaError && /no suitable queues/.test(error.message);
}

function isTooLarge(error: unknown, count: number): boolean {
  return error instanceof DrmaaError && !error.transient && count > 1 &&
    /max_aj_tasks|array|tasks/i.test(error.message);
}
