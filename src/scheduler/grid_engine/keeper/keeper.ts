/**
 * The program that holds a DRMAA session. It is a separate process because a session must
 * outlive the program that uses it, until everything is cleaned up.
 *
 * It submits and terminates jobs as requested over standard input, and reports how they
 * end. When standard input ends, because the program has closed it or is gone, the keeper
 * waits for running submissions, terminates the jobs that are left, closes the session, and
 * removes the run's files. When the cluster's master is away, the keeper waits for it.
 *
 * @module
 */

import { within } from "../../../common/within.ts";
import { DrmaaError } from "../../../errors.ts";
import { pause, Watch } from "./watch.ts";
import {
  BEAT,
  type KeeperReport,
  type KeeperRequest,
  type KeeperStart,
} from "./messages.ts";
import type { JobInfo } from "../../../drmaa/job_info.ts";
import { ALL_JOBS, ANY_JOB, Session } from "../../../drmaa/session.ts";

/** Milliseconds between attempts while the master is away, at first and at most. */
const RETRY = 500;
const LONGEST_RETRY = 5000;
/** How long one call waits for the end of a job, in milliseconds. */
const WAIT = 5000;
/** How long the end of all jobs may take at the end, in milliseconds. */
const FAREWELL = 180_000;
/** The interval at which jobs are terminated again, in milliseconds. */
const REMINDER = 2000;
/** How long removing the directories may take, in milliseconds. */
const REMOVE = 10_000;
/** How long closing the session may take, in milliseconds. */
const LEAVE = 5000;
/** How late a job's end may be reported after the master has forgotten it, in ms. */
const NEWS = 1500;
/** How many times a new job is looked up that the cluster does not know. */
const LOOKS = 4;
/** The pause between two of these look-ups, in milliseconds. */
const LOOK_AGAIN = 700;

class Keeper {
  #session: Session;
  readonly #start: KeeperStart;
  readonly #contact: string;
  readonly #watch: Watch;
  readonly #jobs: Set<string>;
  /** The jobs that are to be terminated. */
  readonly #ending: Set<string>;
  readonly #directories: Set<string>;
  readonly #submissions = new Set<Promise<unknown>>();
  readonly #end = new AbortController();
  #submitted = Promise.withResolvers<void>();
  #reminded = Promise.withResolvers<void>();
  readonly #reaping: Promise<void>;

  constructor(session: Session, start: KeeperStart, watch: Watch) {
    this.#session = session;
    this.#start = start;
    this.#watch = watch;
    this.#contact = session.contact;
    this.#jobs = new Set(start.jobs);
    this.#ending = new Set(start.ending);
    this.#directories = new Set(start.directories);
    if (this.#jobs.size > 0) {
      this.#submitted.resolve();
      // The ends of jobs that ended while there was no keeper are never reported.
      setTimeout(() => void this.#forgetGone(), NEWS);
    }
    this.#reaping = this.#reap();
    void this.#remind();
  }

  /** Carries out a request, and answers it. */
  async take(request: KeeperRequest): Promise<void> {
    const { id } = request;
    try {
      report({ tell: "done", id, value: await this.#do(request) });
    } catch (error) {
      report({ tell: "failed", id, ...described(error) });
    }
  }

  async #do(request: KeeperRequest): Promise<string[]> {
    switch (request.do) {
      case "submit": {
        const submission = this.#submit(request);
        this.#submissions.add(submission);
        try {
          return await submission;
        } finally {
          this.#submissions.delete(submission);
        }
      }
      case "terminate":
        for (const job of request.jobs) if (this.#jobs.has(job)) this.#ending.add(job);
        this.#reminded.resolve();
        return [];
      case "status":
        return [await this.#state(request.job)];
      case "remove":
        this.#directories.add(request.directory);
        return [];
      default:
        return request satisfies never;
    }
  }

  async #submit(
    { attributes, count }: KeeperRequest & { do: "submit" },
  ): Promise<string[]> {
    const session = this.#session;
    const jobs = await this.#watch.during(
      "drmaa_run_bulk_jobs",
      () => session.runBulk(attributes, 1, count),
    );
    for (const job of jobs) this.#jobs.add(job);
    this.#submitted.resolve();
    const [first] = jobs;
    if (first !== undefined && await this.#isTaken(first)) return jobs;
    for (const job of jobs) this.#gone(job);
    throw new DrmaaError(
      17,
      "DENIED_BY_DRM",
      "The cluster accepted a submission but made no job of it, as it does if " +
        'nativeSpecification, or the defaults of the user or the site, contain "-w v" or ' +
        '"-w p", which only verify: set nativeSpecification to "-w e" (DENIED_BY_DRM)',
    );
  }

  /** Whether the cluster really has a job to which it has just given a number. */
  async #isTaken(job: string): Promise<boolean> {
    for (let look = 1;; look++) {
      if (!this.#jobs.has(job)) return true;
      const state = await this.#state(job).catch(() => undefined);
      if (state !== "undetermined") return true;
      if (look === LOOKS) return false;
      await pause(LOOK_AGAIN);
    }
  }

  #state(job: string): ReturnType<Session["status"]> {
    return this.#watch.during("drmaa_job_ps", () => this.#session.status(job));
  }

  /** Terminates jobs repeatedly until they end: Grid Engine gives up a lost node late. */
  async #remind(): Promise<void> {
    for (;;) {
      if (this.#ending.size === 0) await this.#reminded.promise;
      this.#reminded = Promise.withResolvers();
      // One after the other: blocking calls must not occupy all threads.
      for (const job of [...this.#ending]) await this.#terminate(job);
      await Promise.race([pause(REMINDER), this.#reminded.promise]);
    }
  }

  async #terminate(job: string): Promise<void> {
    try {
      await this.#watch.during(
        "drmaa_control",
        () => this.#session.control(job, "terminate"),
      );
    } catch (error) {
      if (!hasCode(error, "INVALID_JOB")) return;
      // It has ended, or is ending.
      this.#ending.delete(job);
      setTimeout(() => this.#gone(job), NEWS);
    }
  }

  /** Reports how jobs end, until the keeper ends. */
  async #reap(): Promise<void> {
    const { signal } = this.#end;
    let retry = RETRY;
    for (;;) {
      if (this.#jobs.size === 0) {
        this.#submitted = Promise.withResolvers();
        const over = once(signal);
        await Promise.race([this.#submitted.promise, over.promise]);
        over.forget();
      }
      if (signal.aborted) return;
      try {
        const session = this.#session;
        const options = { signal, timeout: WAIT };
        this.#ended(
          await this.#watch.during(
            "drmaa_wait",
            () => session.wait(ANY_JOB, options),
          ),
        );
        retry = RETRY;
      } catch (error) {
        if (signal.aborted) return;
        if (hasCode(error, "EXIT_TIMEOUT")) continue;
        if (!(error instanceof DrmaaError)) throw error;
        await pause(retry);
        retry = Math.min(2 * retry, LONGEST_RETRY);
        // A session that has lost the master forgets its jobs.
        if (!error.transient && this.#jobs.size > 0) await this.#reopen();
      }
    }
  }

  #ended(info: JobInfo): void {
    this.#ending.delete(info.jobId);
    if (this.#jobs.delete(info.jobId)) report({ tell: "ended", info });
  }

  /** Reports a job that has ended in a way that can no longer be known. */
  #gone(job: string): void {
    this.#ending.delete(job);
    if (this.#jobs.delete(job)) report({ tell: "gone", job });
  }

  /** Opens the session again, and checks which of the jobs still exist. */
  async #reopen(): Promise<void> {
    await this.#session.close().catch(() => {});
    while (!this.#end.signal.aborted) {
      try {
        this.#session = await open(this.#watch, this.#start, this.#contact);
        return await this.#forgetGone();
      } catch (error) {
        if (!(error instanceof DrmaaError && error.transient)) throw error;
        await pause(RETRY);
      }
    }
  }

  async #forgetGone(): Promise<void> {
    for (const job of [...this.#jobs]) if (!await this.#isKnown(job)) this.#gone(job);
  }

  async #isKnown(job: string): Promise<boolean> {
    try {
      const state = await this.#state(job);
      return state !== "done" && state !== "failed";
    } catch (error) {
      return !hasCode(error, "INVALID_JOB");
    }
  }

  /** Cleans up, so that nothing is left behind. */
  async close(): Promise<void> {
    await within(FAREWELL, this.#clear(), undefined);
    const removing = [...this.#directories].map((directory) =>
      Deno.remove(directory, { recursive: true }).catch(() => {})
    );
    await within(REMOVE, Promise.all(removing), undefined);
    await within(LEAVE, this.#leave().catch(() => {}), undefined);
  }

  /** Ends all jobs, including those that are being submitted. */
  async #clear(): Promise<void> {
    if (this.#start.contact !== undefined) {
      // The previous keeper may have submitted jobs that nobody knows of.
      const control = () => this.#session.control(ALL_JOBS, "terminate");
      await this.#watch.during("drmaa_control", control).catch(() => {});
    }
    while (this.#submissions.size > 0 || this.#jobs.size > 0) {
      const added = [...this.#jobs].filter((job) => !this.#ending.has(job));
      for (const job of added) this.#ending.add(job);
      if (added.length > 0) this.#reminded.resolve();
      await pause(50);
    }
  }

  /** Closes the session. A master that was restarted meanwhile may delay that. */
  async #leave(): Promise<void> {
    this.#end.abort();
    await this.#reaping;
    await this.#session.close();
  }
}

/** Opens a session, or reopens one. */
async function open(
  watch: Watch,
  start: KeeperStart,
  contact?: string,
): Promise<Session> {
  const options = start.library === undefined ? {} : { library: start.library };
  const opened = (more: { contact?: string }) =>
    watch.during("drmaa_init", () => Session.open({ ...options, ...more }));
  try {
    return await opened(contact ? { contact } : {});
  } catch (error) {
    // The master no longer knows the session.
    if (!contact || error instanceof DrmaaError && error.transient) throw error;
    return await opened({});
  }
}

function once(signal: AbortSignal): { promise: Promise<void>; forget(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const listener = () => resolve();
  if (signal.aborted) resolve();
  signal.addEventListener("abort", listener);
  return { promise, forget: () => signal.removeEventListener("abort", listener) };
}

function hasCode(error: unknown, name: string): boolean {
  return error instanceof DrmaaError && error.codeName === name;
}

function described(
  error: unknown,
): { code: number; codeName: string; message: string } {
  if (error instanceof DrmaaError) {
    const { code, codeName, message } = error;
    return { code, codeName, message };
  }
  return { code: 1, codeName: "INTERNAL_ERROR", message: String(error) };
}

function report(report: KeeperReport): void {
  try {
    const bytes = new TextEncoder().encode(`\n${JSON.stringify(report)}\n`);
    for (let at = 0; at < bytes.length;) {
      at += Deno.stdout.writeSync(bytes.subarray(at));
    }
  } catch {
    // Nobody listens any more. The end of standard input will show that.
  }
}

async function main(): Promise<void> {
  // Ctrl-C and a terminal's end are meant for the program that started the keeper.
  for (const signal of ["SIGINT", "SIGHUP", "SIGTERM", "SIGQUIT"] as const) {
    Deno.addSignalListener(signal, () => {});
  }
  const watch = new Watch();
  setInterval(() => report({ tell: "alive" }), BEAT);
  let keeper: Keeper | undefined;
  let rest = "";
  for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      if (keeper) {
        void keeper.take(JSON.parse(line));
        continue;
      }
      const start: KeeperStart = JSON.parse(line);
      try {
        const session = await open(watch, start, start.contact);
        keeper = new Keeper(session, start, watch);
        const { contact, drmSystem } = session;
        report({ tell: "open", contact, drmSystem });
      } catch (error) {
        report({ tell: "failed", ...described(error) });
        return;
      }
    }
  }
  await keeper?.close();
}

if (import.meta.main) {
  await main();
  Deno.exit(0);
}
