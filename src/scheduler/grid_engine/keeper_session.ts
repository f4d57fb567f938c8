/**
 * A session with the cluster that outlives the processes that hold it: when one keeper is
 * gone, or does not answer, another one takes its session over.
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

/** So many keepers in a row may be lost that lived for less than this, in milliseconds. */
const MOST_LOST = 3;
const SHORT_LIFE = 60_000;

/** What is heard of the session. */
export interface SessionListener {
  /** A job has ended; how, if that is known. */
  ended(job: string, info: JobInfo | undefined): void;
  /** The session is lost, and with it whatever would be heard of its jobs. */
  lost(error: Error): void;
}

/** The session of one scheduler. */
export class KeeperSession {
  readonly #library: string | undefined;
  readonly #listener: SessionListener;
  /** What was submitted and has not ended. */
  readonly #jobs = new Set<string>();
  /** What of it is to end. */
  readonly #ending = new Set<string>();
  readonly #directories = new Set<string>();
  readonly #closing = new AbortController();
  #keeper: KeeperClient | undefined;
  #opening: Promise<KeeperClient> | undefined;
  #openedAt = 0;
  #lost = 0;

  /**
   * @param library The path of libdrmaa; it is looked for if none is given.
   * @param listener Who hears of the jobs.
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
   * @throws {DrmaaError} When none can be opened.
   */
  async open(): Promise<void> {
    await this.#current();
  }

  /**
   * Submits a bulk job, in one try.
   *
   * @returns The ids of its tasks, in order.
   * @throws {DrmaaError} What the cluster says; a {@linkcode KeeperLost}.
   */
  async submit(attributes: JobAttributes, count: number): Promise<string[]> {
    const keeper = await this.#current();
    const jobs = await keeper.submit(attributes, count);
    for (const job of jobs) this.#jobs.add(job);
    return jobs;
  }

  /**
   * Asks whether this host may submit, which the cluster says only to who submits. What is
   * submitted has to be refused, for it asks for what there is not; on which host it is
   * looked at before that.
   *
   * @throws {DrmaaError} When it may not.
   */
  async checkSubmitHost(): Promise<void> {
    try {
      const jobs = await this.submit({
        remoteCommand: "/bin/true",
        nativeSpecification: "-l gridengine_no_such_resource=1",
        outputPath: ":/dev/null",
        joinFiles: true,
      }, 1);
      // Not every system minds.
      this.terminate(jobs);
    } catch (error) {
      if (/not a submit host/.test((error as Error).message)) throw error;
      // A cluster that has other troubles is a cluster: a map tells of them.
    }
  }

  /** Has jobs end. */
  terminate(jobs: string[]): void {
    for (const job of jobs) if (this.#jobs.has(job)) this.#ending.add(job);
    // The next keeper is told of them if this one does not hear it.
    this.#keeper?.terminate(jobs).catch(() => {});
  }

  /**
   * What a job is doing, in DRMAA's words.
   *
   * @throws {DrmaaError} What the cluster says; a {@linkcode KeeperLost}.
   */
  async status(job: string): Promise<string> {
    return await (await this.#current()).status(job);
  }

  /** Has a directory removed when all is over, whatever becomes of this program. */
  async remove(directory: string): Promise<void> {
    if (this.#directories.has(directory)) return;
    this.#directories.add(directory);
    const keeper = await this.#current();
    // The next keeper is told of it if this one does not hear it.
    await keeper.remove(directory).catch(() => {});
  }

  /**
   * Has the keeper end what is left, and waits for that, but not for long: it goes on
   * without us.
   *
   * @param patience How long that may take, in milliseconds.
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
    // The next one may try again.
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

  /** Has another keeper take the session over. */
  #replace(error: KeeperLost): void {
    const { contact } = this.#keeper!;
    this.#lost = performance.now() - this.#openedAt < SHORT_LIFE ? this.#lost + 1 : 1;
    if (this.#lost >= MOST_LOST) {
      this.#opening = undefined;
      return this.#giveUp(error);
    }
    log("info", `${error.message}; starting another one`);
    const opening = this.#reopen(contact);
    this.#opening = opening;
    opening.catch((error) => {
      if (this.#opening === opening) this.#opening = undefined;
      this.#giveUp(error);
    });
  }

  /** Again and again while the master is away, or slow. */
  async #reopen(contact: string): Promise<KeeperClient> {
    const backoff = new Backoff();
    for (;;) {
      try {
        return await this.#openKeeper(contact);
      } catch (error) {
        if (this.#closing.signal.aborted || !this.#isPassing(error)) throw error;
        const { message } = error as Error;
        log("info", `the DRMAA session does not open again yet: ${message}`);
        await backoff.pause(this.#closing.signal);
      }
    }
  }

  /** Whether the session may open later. A keeper that dies is tried a few times. */
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
