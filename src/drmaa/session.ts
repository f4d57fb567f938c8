/**
 * A DRMAA session: submits jobs, acts on them, and waits for their end.
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

/** For `wait`: whichever job of the session ends next. */
export const ANY_JOB = "DRMAA_JOB_IDS_SESSION_ANY";
/** For `control` and `synchronize`: every job that the session has submitted. */
export const ALL_JOBS = "DRMAA_JOB_IDS_SESSION_ALL";

/** How a session is opened. */
export interface SessionOptions {
  /** Which cluster, or which session to return to, as the library's manual says. */
  contact?: string;
  /** The path of libdrmaa. Default: `DRMAA_LIBRARY_PATH`, or it is looked for. */
  library?: string;
}

/**
 * A session with the cluster. DRMAA allows one at a time in a process; a second one is
 * refused with `ALREADY_ACTIVE_SESSION`.
 *
 * Close it: a session that is only left remains with the cluster's master for a while.
 * Jobs outlive their session.
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
   * @throws {DrmaaError} `LIBRARY_NOT_OPENED`, or what the library says, such as
   * `DRM_COMMUNICATION_FAILURE` or `ALREADY_ACTIVE_SESSION`.
   */
  static async open(options: SessionOptions = {}): Promise<Session> {
    const library = new DrmaaLibrary(options.library);
    const contact = options.contact === undefined ? null : cString(options.contact);
    await library.start("drmaa_init", [contact]);
    return new Session(library);
  }

  /** How to reach this session again, as the library says. */
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

  /** The attributes of job templates that this cluster knows, under DRMAA's names. */
  attributeNames(): string[] {
    return this.#names("drmaa_get_attribute_names");
  }

  /** The vector attributes of job templates that this cluster knows. */
  vectorAttributeNames(): string[] {
    return this.#names("drmaa_get_vector_attribute_names");
  }

  /**
   * A new job template.
   *
   * @param attributes Attributes to set.
   * @throws {DrmaaError} When an attribute cannot be set.
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
   * @returns Its id.
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
   * Submits a bulk job: one task for each number from `start` to `end`.
   *
   * @param job A template, or the attributes of one.
   * @param start The first number, from 1.
   * @param end The last number that a task may have.
   * @param step How far it is from one number to the next. Default: 1.
   * @returns The ids of the tasks, in order.
   * @throws {DrmaaError} As of {@linkcode Session.run}.
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
            `The tasks of a bulk job have whole numbers from 1, not ${number}`,
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
   * Acts on a job. The cluster has taken note when this returns, and may still be at it.
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
        throw drmaaError("INVALID_ARGUMENT", `An action is one of ${known}`);
      }
      return this.#library.start("drmaa_control", [cString(jobId), number], jobId);
    });
  }

  /**
   * What a job is doing.
   *
   * @throws {DrmaaError} `INVALID_JOB` when the cluster does not know it, any more.
   */
  status(jobId: string): Promise<JobState> {
    return this.#during(async () => {
      const state = new Int32Array(new ArrayBuffer(4));
      await this.#library.start("drmaa_job_ps", [cString(jobId), state], jobId);
      return STATES[state[0]!] ?? "undetermined";
    });
  }

  /**
   * Waits until a job has ended, and reaps it: the library then forgets it. Of several
   * waits at once, each job is reported to one.
   *
   * @param jobId A job, a task, or {@linkcode ANY_JOB}, the default.
   * @throws {DrmaaError} `EXIT_TIMEOUT` when time is up; `INVALID_JOB` when the job is
   * unknown or reaped, and for `ANY_JOB` when none is left; `NO_ACTIVE_SESSION` when the
   * session is closed meanwhile. Also the signal's reason, when it is aborted.
   */
  wait(jobId: string = ANY_JOB, options: WaitOptions = {}): Promise<JobInfo> {
    const slice = (seconds: bigint) => reap(this.#library, jobId, seconds);
    return this.#during(() => this.#waits.wait("drmaa_wait", jobId, options, slice));
  }

  /**
   * Waits until all of the jobs have ended, well or not.
   *
   * @param jobIds Jobs and tasks; by default every job that the session has submitted.
   * @param options How long to wait; `dispose` for jobs that nobody will `wait` for, so
   * that the library forgets them. Default: false.
   * @throws {DrmaaError} As of {@linkcode Session.wait}.
   */
  async synchronize(
    jobIds: readonly string[] = [ALL_JOBS],
    { dispose = false, ...options }: WaitOptions & { dispose?: boolean } = {},
  ): Promise<void> {
    const about = jobIds.length > 3 ? `${jobIds.length} jobs` : jobIds.join(", ");
    const slice = async (seconds: bigint) => {
      // A job that one call disposes of is unknown to the next, so the last one does.
      const call = (seconds: bigint, dispose: number) =>
        this.#library.start(
          "drmaa_synchronize",
          [cStrings(jobIds), seconds, dispose],
          about,
        );
      await call(seconds, 0);
      if (!dispose) return;
      await call(0n, 1);
      // Grid Engine leaves what had ended before the call.
      if (jobIds.includes(ALL_JOBS)) await this.#reapAll();
    };
    await this.#during(() =>
      this.#waits.wait("drmaa_synchronize", about, options, slice)
    );
  }

  /**
   * Ends the waits that are on, deletes the job templates, and closes the session. Jobs
   * go on.
   *
   * @throws {DrmaaError} What the library says; the session counts as closed even so.
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

  /** Asks the library something that it answers at once. */
  #ask<T>(question: (library: DrmaaLibrary) => T): T {
    if (this.#closing) {
      throw drmaaError("NO_ACTIVE_SESSION", "The DRMAA session is closed");
    }
    return question(this.#library);
  }

  /** Does something that `close` has to wait for. */
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
