/**
 * A session with the cluster that outlives its keepers: if a keeper dies, or does not
 * answer, another one takes over its session.
 *
 * @module
 */

import { within } from "../../common/within.ts";
import type { JobAttributes } from "../../drmaa/attributes.ts";
import { KeeperClient, KeeperLost } from "./keeper/client.ts";
import type { JobInfo } from "../../drmaa/job_info.ts";
import { DrmaaError } from "../../errors.ts";
import { log } from "../../common/log.ts";
import { Backoff } from "./backoff.ts";

/** The session is given up when so many keepers in a row were lost … */
const MOST_LOST = 3;
/** … and each lived for less than this, in milliseconds. */
const SHORT_LIFE = 60_000;

/** Receives the reports of a session. */
export interface SessionListener {
  /** A job has ended; `info` says how, if that is known. */
  ended(job: string, info: JobInfo | undefined): void;
  /** The session is lost: there will be no more reports about its jobs. */
  lost(error: Error): void;
}

/** The session of one scheduler. */
export class KeeperSession {
  readonly #library: string | undefined;
  readonly #listener: SessionListener;
  /** Jobs that were submitted and have not ended. */
  readonly #jobs = new Set<string>();
  /** Those of them that were told to end. */
  readonly #ending = new Set<string>();
  readonly #directories = new Set<string>();
  readonly #closing = new AbortController();
  #keeper: KeeperClient | undefined;
  #opening: Promise<KeeperClient> | undefined;
  #openedAt = 0;
  #lost = 0;

  /**
   * @param library The path of libdrmaa. Default: it is searched for.
   * @param listener Receives the reports about jobs.
   */
  constructor(library: string | undefined, listener: SessionListener) {
    this.#library = library;
    this.#listener = listener;
  }

  /** The cluster's software, once a session is open. */
  get drmSystem(): string {
    return this.#keeper?.drmSystem ?? "";
  }

  /** The process id of the keeper, once there is one. */
  get pid(): number | undefined {
    return this.#keeper?.pid;
  }

  /**
   * Opens the session, if it is not open.
   *
   * @throws {DrmaaError} If no session can be opened.
   */
  async open(): Promise<void> {
    await this.#current();
  }

  /**
   * Submits an array job, in one attempt.
   *
   * @returns The ids of its tasks, in order.
   * @throws {DrmaaError} The cluster's error, or a {@linkcode KeeperLost}.
   */
  async submit(attributes: JobAttributes, count: number): Promise<string[]> {
    const keeper = await this.#current();
    const jobs = await keeper.submit(attributes, count);
    for (const job of jobs) this.#jobs.add(job);
    return jobs;
  }

  /**
   * Checks whether this host may submit jobs. The cluster tells only when a job is
   * submitted, so this submits one that requests a resource that does not exist. The
   * cluster checks the host first, and then refuses the job in any case.
   *
   * @throws {DrmaaError} If this host may not submit.
   */
  async checkSubmitHost(): Promise<void> {
    try {
      const jobs = await this.submit({
        remoteCommand: "/bin/true",
        nativeSpecification: "-l gridengine_no_such_resource=1",
        outputPath: ":/dev/null",
        joinFiles: true,
      }, 1);
      // Some systems accept the job.
      this.terminate(jobs);
    } catch (error) {
      if (/not a submit host/.test((error as Error).message)) throw error;
      // For any other error there is a cluster; a map will report it.
    }
  }

  /** Terminates jobs. */
  terminate(jobs: string[]): void {
    for (const job of jobs) if (this.#jobs.has(job)) this.#ending.add(job);
    // If this keeper does not receive it, the next one is told.
    this.#keeper?.terminate(jobs).catch(() => {});
  }

  /**
   * The state of a job, by DRMAA's name.
   *
   * @throws {DrmaaError} The cluster's error, or a {@linkcode KeeperLost}.
   */
  async status(job: string): Promise<string> {
    return await (await this.#current()).status(job);
  }

  /** Has the keeper remove a directory at the end, even if this program dies. */
  async remove(directory: string): Promise<void> {
    if (this.#directories.has(directory)) return;
    this.#directories.add(directory);
    const keeper = await this.#current();
    // If this keeper does not receive it, the next one is told.
    await keeper.remove(directory).catch(() => {});
  }

  /**
   * Has the keeper end all jobs that are left, and waits for that. The keeper goes on when
   * this no longer waits.
   *
   * @param patience How long to wait, in milliseconds.
   */
  async close(patience: number): Promise<void> {
    this.#closing.abort();
    const end = performance.now() + patience;
    const opening = this.#opening?.catch(() => undefined);
    const keeper = opening && await within(patience, opening, undefined);
    await keeper?.close(Math.max(0, end - performance.now()));
  }

  #current(): Promise<KeeperClient> {
    this.#opening ??= this.#openKeeper();
    // The next call may try again.
    this.#opening.catch(() => this.#opening = undefined);
    return this.#opening;
  }

  async #openKeeper(contact?: string): Promise<KeeperClient> {
    const library = this.#library;
    const keeper = await KeeperClient.open({
      ...(library !== undefined && { library }),
      ...(contact !== undefined && { contact }),
      jobs: [...this.#jobs],
      ending: [...this.#ending],
      directories: [...this.#directories],
    }, {
      ended: (job, info) => {
        this.#jobs.delete(job);
        this.#ending.delete(job);
        this.#listener.ended(job, info);
      },
      lost: (error) => this.#replace(error),
      printed: (line) => log("debug", `libdrmaa says: ${line}`),
    }, this.#closing.signal);
    this.#keeper = keeper;
    this.#openedAt = performance.now();
    log("debug", `${keeper.drmSystem}: session ${keeper.contact}`);
    return keeper;
  }

  /** Starts another keeper, which takes over the session. */
  #replace(error: KeeperLost): void {
    const { contact } = this.#keeper!;
    this.#lost = performance.now() - this.#openedAt < SHORT_LIFE ? this.#lost + 1 : 1;
    if (this.#lost >= MOST_LOST) {
      this.#opening = undefined;
      return this.#giveUp(error);
    }
    log("info", `${error.message}; another process takes over`);
    const opening = this.#reopen(contact);
    this.#opening = opening;
    opening.catch((error) => {
      if (this.#opening === opening) this.#opening = undefined;
      this.#giveUp(error);
    });
  }

  /** Opens the session again; repeats that while the master is away or slow. */
  async #reopen(contact: string): Promise<KeeperClient> {
    const backoff = new Backoff();
    for (;;) {
      try {
        return await this.#openKeeper(contact);
      } catch (error) {
        if (this.#closing.signal.aborted || !this.#isPassing(error)) throw error;
        const { message } = error as Error;
        log("info", `the DRMAA session cannot be reopened yet: ${message}`);
        await backoff.pause(this.#closing.signal);
      }
    }
  }

  /** Whether the session may open later. If keepers die, only a few are started. */
  #isPassing(error: unknown): boolean {
    if (error instanceof KeeperLost && !error.slow) return ++this.#lost < MOST_LOST;
    return error instanceof KeeperLost ||
      error instanceof DrmaaError && error.transient;
  }

  #giveUp(error: Error): void {
    this.#lost = 0;
    this.#jobs.clear();
    this.#ending.clear();
    this.#listener.lost(error);
  }
}
