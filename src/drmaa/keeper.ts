/**
 * The program that holds a DRMAA session: a process of its own, for a session must
 * outlive whoever uses it by as long as it takes to clean up.
 *
 * It submits and terminates jobs as it is told over standard input, and tells how they
 * end. When standard input ends, in whatever way the program at its other side did, it
 * terminates the jobs that are left, closes the session and removes the run's files.
 * When the cluster's master is away it waits until that is back.
 *
 * @module
 */

import { DrmaaError } from "../errors.ts";
import type { KeeperReport, KeeperRequest, KeeperStart } from "./keeper_messages.ts";
import { ANY_JOB, type JobInfo, Session } from "./session.ts";

/** Milliseconds between attempts while the master is away, at first and at most. */
const RETRY = 500;
const LONGEST_RETRY = 5000;
/** How long a request waits for the master, in milliseconds. */
const PATIENCE = 120_000;
/** How long jobs may take to end when all is over, in milliseconds. */
const FAREWELL = 15_000;
/** How often they are told to meanwhile, in milliseconds. */
const REMINDER = 2000;
/** How long the master may take to let us go, in milliseconds. */
const LEAVE = 5000;
/** How long the news of a job's end may take when the master has forgotten it, in ms. */
const NEWS = 1500;

class Keeper {
  #session: Session;
  readonly #start: KeeperStart;
  readonly #contact: string;
  readonly #jobs: Set<string>;
  readonly #directories: Set<string>;
  readonly #end = new AbortController();
  #submitted = Promise.withResolvers<void>();
  #reaping: Promise<void>;

  constructor(session: Session, start: KeeperStart) {
    this.#session = session;
    this.#start = start;
    this.#contact = session.contact;
    this.#jobs = new Set(start.jobs);
    this.#directories = new Set(start.directories);
    if (this.#jobs.size > 0) {
      this.#submitted.resolve();
      // What ended while there was no keeper is told to nobody.
      setTimeout(() => void this.#forgetGone(), NEWS);
    }
    this.#reaping = this.#reap();
  }

  /** Does what is asked, and answers. */
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
        const { attributes, count } = request;
        const jobs = await patiently(() => this.#session.runBulk(attributes, 1, count));
        for (const job of jobs) this.#jobs.add(job);
        this.#submitted.resolve();
        return jobs;
      }
      case "terminate":
        await Promise.all(request.jobs.map((job) => this.#terminate(job)));
        return [];
      case "keep":
        if (request.remove) this.#directories.add(request.directory);
        else this.#directories.delete(request.directory);
        return [];
      default:
        return request satisfies never;
    }
  }

  async #terminate(job: string): Promise<void> {
    if (!this.#jobs.has(job)) return;
    try {
      await patiently(() => this.#session.control(job, "terminate"));
    } catch (error) {
      // It has ended, or is about to.
      if (!hasCode(error, "INVALID_JOB", "DENIED_BY_DRM")) throw error;
      if (hasCode(error, "INVALID_JOB")) setTimeout(() => this.#gone(job), NEWS);
    }
  }

  /** Tells how jobs end, until all is over. */
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
        this.#ended(await this.#session.wait(ANY_JOB, { signal }));
        retry = RETRY;
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof DrmaaError)) throw error;
        await pause(retry);
        retry = Math.min(2 * retry, LONGEST_RETRY);
        // The session forgets its jobs when it has lost the master.
        if (!error.transient && this.#jobs.size > 0) await this.#reopen();
      }
    }
  }

  #ended(info: JobInfo): void {
    if (this.#jobs.delete(info.jobId)) report({ tell: "ended", info });
  }

  /** A job is over, and how it ended nobody tells any more. */
  #gone(job: string): void {
    if (this.#jobs.delete(job)) report({ tell: "gone", job });
  }

  /** Opens the session anew, and looks which of the jobs are still there. */
  async #reopen(): Promise<void> {
    await this.#session.close().catch(() => {});
    const { signal } = this.#end;
    const reopen = () => open(this.#start, this.#contact);
    this.#session = await patiently(reopen, { patience: Infinity, signal });
    await this.#forgetGone();
  }

  async #forgetGone(): Promise<void> {
    for (const job of [...this.#jobs]) if (!await this.#isKnown(job)) this.#gone(job);
  }

  async #isKnown(job: string): Promise<boolean> {
    try {
      const state = await patiently(() => this.#session.status(job));
      return state !== "done" && state !== "failed";
    } catch (error) {
      return !hasCode(error, "INVALID_JOB");
    }
  }

  /** Leaves nothing behind. */
  async close(): Promise<void> {
    const end = performance.now() + FAREWELL;
    while (this.#jobs.size > 0 && performance.now() < end) {
      // Again and again: a node that is lost is given up only after a while.
      const terminating = [...this.#jobs].map((job) => this.#terminate(job));
      await Promise.race([Promise.allSettled(terminating), pause(FAREWELL)]);
      const reminder = performance.now() + REMINDER;
      while (this.#jobs.size > 0 && performance.now() < reminder) await pause(50);
    }
    for (const directory of this.#directories) {
      await Deno.remove(directory, { recursive: true }).catch(() => {});
    }
    await Promise.race([this.#leave().catch(() => {}), pause(LEAVE)]);
  }

  /** Takes leave of the master: one that was restarted meanwhile may keep us waiting. */
  async #leave(): Promise<void> {
    this.#end.abort();
    await this.#reaping;
    await this.#session.close();
  }
}

/** Opens a session, or returns to one. */
async function open(start: KeeperStart, contact?: string): Promise<Session> {
  const options = start.library === undefined ? {} : { library: start.library };
  try {
    return await Session.open({ ...options, ...(contact && { contact }) });
  } catch (error) {
    // The master does not know it any more.
    if (!contact || error instanceof DrmaaError && error.transient) throw error;
    return await Session.open(options);
  }
}

/** Does something, again and again while the cluster's master is away. */
async function patiently<T>(
  work: () => Promise<T>,
  { patience = PATIENCE, signal }: { patience?: number; signal?: AbortSignal } = {},
): Promise<T> {
  const end = performance.now() + patience;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      const isTransient = error instanceof DrmaaError && error.transient;
      const isLate = signal?.aborted || performance.now() > end;
      if (!isTransient || isLate) throw error;
      await pause(RETRY);
    }
  }
}

function once(signal: AbortSignal): { promise: Promise<void>; forget(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const listener = () => resolve();
  if (signal.aborted) resolve();
  signal.addEventListener("abort", listener);
  return { promise, forget: () => signal.removeEventListener("abort", listener) };
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function hasCode(error: unknown, ...names: string[]): boolean {
  return error instanceof DrmaaError && names.includes(error.codeName);
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
    const bytes = new TextEncoder().encode(`${JSON.stringify(report)}\n`);
    for (let at = 0; at < bytes.length;) {
      at += Deno.stdout.writeSync(bytes.subarray(at));
    }
  } catch {
    // Nobody listens any more: standard input will tell.
  }
}

async function main(): Promise<void> {
  // Ctrl-C and the end of a terminal mean the program that started this.
  for (const signal of ["SIGINT", "SIGHUP", "SIGQUIT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => {});
  }
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
        const session = await open(start, start.contact);
        keeper = new Keeper(session, start);
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
