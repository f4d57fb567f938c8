/**
 * A DRMAA session: submits jobs, controls them, and waits for their end.
 *
 * @module
 */

import type { JobAttributes } from "./attributes.ts";
import { type JobInfo, reap } from "./job_info.ts";
import {
  cString,
  cStrings,
  drmaaError,
  DrmaaLibrary,
  hasCode,
  PointerCell,
  TextBuffer,
} from "./library.ts";
import { ACTIONS, type JobAction, type JobState, STATES } from "./symbols.ts";
import { JobTemplate } from "./template.ts";
import { type WaitOptions, Waits } from "./waits.ts";

/** For `wait`: the next job of the session that ends. */
export const ANY_JOB = "DRMAA_JOB_IDS_SESSION_ANY";
/** For `control` and `synchronize`: every job that was submitted in the session. */
export const ALL_JOBS = "DRMAA_JOB_IDS_SESSION_ALL";

/** Options of {@linkcode Session.open}. */
export interface SessionOptions {
  /** Which cluster to use, or which session to reopen; see the library's manual. */
  contact?: string;
  /** The path of libdrmaa. Default: `DRMAA_LIBRARY_PATH`; if unset, it is searched for. */
  library?: string;
}

/**
 * A session with the cluster. DRMAA allows one session at a time in a process; a second
 * one is refused with `ALREADY_ACTIVE_SESSION`.
 *
 * Close the session: otherwise the cluster's master keeps it for a while. Jobs outlive
 * their session.
 */
export class Session implements AsyncDisposable {
  readonly #library: DrmaaLibrary;
  readonly #templates = new Set<JobTemplate>();
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #waits = new Waits(() => this.#ask(() => {}));
  #closing: Promise<void> | undefined;

  /** Use {@linkcode Session.open}. */
  private constructor(library: DrmaaLibrary) {
    this.#library = library;
  }

  /**
   * Opens a session.
   *
   * @throws {DrmaaError} `LIBRARY_NOT_OPENED`, or an error of the library, such as
   * `DRM_COMMUNICATION_FAILURE` or `ALREADY_ACTIVE_SESSION`.
   */
  static async open(options: SessionOptions = {}): Promise<Session> {
    const library = new DrmaaLibrary(options.library);
    const contact = options.contact === undefined ? null : cString(options.contact);
    await library.start("drmaa_init", [contact]);
    return new Session(library);
  }

  /** The library's contact string, by which this session can be reopened. */
  get contact(): string {
    return this.#ask((library) => library.about("drmaa_get_contact"));
  }

  /** The cluster's software, such as `"SGE 8.1.9"`. */
  get drmSystem(): string {
    return this.#ask((library) => library.about("drmaa_get_DRM_system"));
  }

  /** The implementation of DRMAA, such as `"SGE 8.1.9"`. */
  get drmaaImplementation(): string {
    return this.#ask((library) => library.about("drmaa_get_DRMAA_implementation"));
  }

  /** The version of DRMAA, such as `"1.0"`. */
  get version(): string {
    return this.#ask((library) => library.version);
  }

  /** The attributes of job templates that this cluster supports, by their DRMAA names. */
  attributeNames(): string[] {
    return this.#names("drmaa_get_attribute_names");
  }

  /** The vector attributes that this cluster supports, by their DRMAA names. */
  vectorAttributeNames(): string[] {
    return this.#names("drmaa_get_vector_attribute_names");
  }

  /**
   * Makes a job template.
   *
   * @param attributes Attributes to set.
   * @throws {DrmaaError} If an attribute cannot be set.
   */
  jobTemplate(attributes: JobAttributes = {}): JobTemplate {
    return this.#ask((library) => {
      const forget = (template: JobTemplate) => this.#templates.delete(template);
      const template = new JobTemplate(library, forget);
      this.#templates.add(template);
      try {
        template.set(attributes);
      } catch (error) {
        template.dispose();
        throw error;
      }
      return template;
    });
  }

  /**
   * Submits a job.
   *
   * @param job A template, or the attributes of one.
   * @returns The job's id.
   * @throws {DrmaaError} Such as `DENIED_BY_DRM`, or `TRY_LATER`, which is `transient`.
   */
  run(job: JobTemplate | JobAttributes): Promise<string> {
    return this.#submit(job, async (template) => {
      const id = new TextBuffer();
      await this.#library.start("drmaa_run_job", [id.bytes, id.size, template]);
      return id.text;
    });
  }

  /**
   * Submits an array job ("bulk job" in DRMAA): one task for each number from `start` to
   * `end`.
   *
   * @param job A template, or the attributes of one.
   * @param start The first number, from 1.
   * @param end The largest number that a task may have.
   * @param step The difference between two numbers. Default: 1.
   * @returns The ids of the tasks, in order.
   * @throws {DrmaaError} `INVALID_ARGUMENT` if a number is not a whole number from 1, or
   * as {@linkcode Session.run}.
   */
  runBulk(
    job: JobTemplate | JobAttributes,
    start: number,
    end: number,
    step = 1,
  ): Promise<string[]> {
    return this.#submit(job, async (template) => {
      for (const number of [start, end, step]) {
        if (!Number.isInteger(number) || number < 1 || number > 0x7fffffff) {
          throw drmaaError(
            "INVALID_ARGUMENT",
            `start, end and step of a bulk job must be whole numbers from 1, not ${number}`,
          );
        }
      }
      const ids = new PointerCell();
      const args = [ids.bytes, template, start, end, step] as const;
      await this.#library.start("drmaa_run_bulk_jobs", [...args]);
      return this.#library.strings("job_id", ids.pointer);
    });
  }

  /**
   * Controls a job. When the promise resolves, the cluster has accepted the action, but
   * may not have finished it.
   *
   * @param jobId A job, a task, or {@linkcode ALL_JOBS}.
   * @param action What to do.
   * @throws {DrmaaError} Such as `INVALID_JOB` or `HOLD_INCONSISTENT_STATE`.
   */
  control(jobId: string, action: JobAction): Promise<void> {
    return this.#during(() => {
      const number = ACTIONS.indexOf(action);
      if (number < 0) {
        const known = ACTIONS.join(", ");
        throw drmaaError(
          "INVALID_ARGUMENT",
          `Unknown action ${Deno.inspect(action)}: use one of ${known}`,
        );
      }
      return this.#library.start("drmaa_control", [cString(jobId), number], jobId);
    });
  }

  /**
   * The state of a job.
   *
   * @throws {DrmaaError} `INVALID_JOB` if the cluster does not know the job, or no longer.
   */
  status(jobId: string): Promise<JobState> {
    return this.#during(async () => {
      const state = new Int32Array(new ArrayBuffer(4));
      await this.#library.start("drmaa_job_ps", [cString(jobId), state], jobId);
      return STATES[state[0]!] ?? "undetermined";
    });
  }

  /**
   * Waits until a job has ended, and reaps it: the library then forgets the job. If several
   * calls wait at once, each job is reported to one of them.
   *
   * @param jobId A job, a task, or {@linkcode ANY_JOB}, the default.
   * @throws {DrmaaError} `EXIT_TIMEOUT` when the timeout has passed; `INVALID_JOB` if the
   * job is unknown or already reaped, or for `ANY_JOB` if no job is left;
   * `NO_ACTIVE_SESSION` if the session is closed meanwhile.
   * @throws The signal's reason, if the signal is aborted.
   */
  wait(jobId: string = ANY_JOB, options: WaitOptions = {}): Promise<JobInfo> {
    const slice = (seconds: bigint) => reap(this.#library, jobId, seconds);
    return this.#during(() => this.#waits.wait("drmaa_wait", jobId, options, slice));
  }

  /**
   * Waits until all of the jobs have ended, successfully or not.
   *
   * @param jobIds Jobs and tasks; by default {@linkcode ALL_JOBS}.
   * @param options How long to wait. With `dispose: true` the library forgets the jobs, so
   * that nobody need `wait` for them. Default: false.
   * @throws As {@linkcode Session.wait}.
   */
  async synchronize(
    jobIds: readonly string[] = [ALL_JOBS],
    { dispose = false, ...options }: WaitOptions & { dispose?: boolean } = {},
  ): Promise<void> {
    const about = jobIds.length > 3 ? `${jobIds.length} jobs` : jobIds.join(", ");
    const slice = async (seconds: bigint) => {
      // A job that is disposed of is unknown to the next call, so only the last disposes.
      const call = (seconds: bigint, dispose: number) =>
        this.#library.start(
          "drmaa_synchronize",
          [cStrings(jobIds), seconds, dispose],
          about,
        );
      await call(seconds, 0);
      if (!dispose) return;
      await call(0n, 1);
      // Grid Engine does not dispose of jobs that had ended before the call.
      if (jobIds.includes(ALL_JOBS)) await this.#reapAll();
    };
    await this.#during(() =>
      this.#waits.wait("drmaa_synchronize", about, options, slice)
    );
  }

  /**
   * Ends running waits, deletes the job templates, and closes the session. Jobs go on.
   *
   * @throws {DrmaaError} An error of the library. The session is closed even then.
   */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  /** {@linkcode Session.close} */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#underWay);
    try {
      for (const template of this.#templates) template.dispose();
    } finally {
      await this.#library.start("drmaa_exit", []);
    }
  }

  /** Makes a call of the library that returns at once. */
  #ask<T>(question: (library: DrmaaLibrary) => T): T {
    if (this.#closing) {
      throw drmaaError("NO_ACTIVE_SESSION", "The DRMAA session is closed");
    }
    return question(this.#library);
  }

  /** Does something that `close` must wait for. */
  async #during<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#ask(work);
    this.#underWay.add(done);
    try {
      return await done;
    } finally {
      this.#underWay.delete(done);
    }
  }

  #names(name: "drmaa_get_attribute_names" | "drmaa_get_vector_attribute_names") {
    return this.#ask((library) => {
      const cell = new PointerCell();
      library.call(name, [cell.bytes]);
      return library.strings("attr_name", cell.pointer);
    });
  }

  #submit<T>(
    job: JobTemplate | JobAttributes,
    submission: (pointer: Deno.PointerValue) => Promise<T>,
  ): Promise<T> {
    return this.#during(async () => {
      if (job instanceof JobTemplate) return await job.submit(submission);
      using template = this.jobTemplate(job);
      return await template.submit(submission);
    });
  }

  /** Makes the library forget every job that has ended. */
  async #reapAll(): Promise<void> {
    try {
      for (;;) await reap(this.#library, ANY_JOB, 0n);
    } catch (error) {
      if (!hasCode(error, "INVALID_JOB") && !hasCode(error, "EXIT_TIMEOUT")) {
        throw error;
      }
    }
  }
}
