/**
 * The other side of a keeper: starts one, asks it, and hears what becomes of jobs.
 *
 * @module
 */

import { DrmaaError } from "../errors.ts";
import type { JobAttributes } from "./attributes.ts";
import type { KeeperReport, KeeperRequest, KeeperStart } from "./keeper_messages.ts";
import type { JobInfo } from "./session.ts";

/** Debian's libdrmaa brings jemalloc along, which needs room that a thread has of its own. */
export const TUNABLES = "glibc.rtld.optional_static_tls=4096";

/** How long a keeper may take to clean up before nobody waits for it, in milliseconds. */
const PATIENCE = 20_000;

/** What is heard from a keeper. */
export interface KeeperListener {
  /** A job has ended; how, if that is known. */
  ended(job: string, info: JobInfo | undefined): void;
  /** The keeper is gone, though nobody sent it away. */
  lost(): void;
}

type Order<R> = R extends { id: number } ? Omit<R, "id"> : never;

/** A keeper that runs. */
export class KeeperClient {
  readonly #process: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #listener: KeeperListener;
  readonly #waiting = new Map<number, PromiseWithResolvers<string[]>>();
  readonly #opened = Promise.withResolvers<void>();
  readonly #gone: Promise<void>;
  #lastId = 0;
  #closing = false;
  /** Which session it holds, for the next keeper if this one is lost. */
  contact = "";
  /** The cluster's software. */
  drmSystem = "";

  private constructor(start: KeeperStart, listener: KeeperListener) {
    this.#listener = listener;
    const module = new URL("./keeper.ts", import.meta.url).href;
    const flags = ["--allow-all", "--no-prompt", "--quiet", "--no-config", "--no-lock"];
    this.#process = new Deno.Command(Deno.execPath(), {
      args: ["run", ...flags, module],
      env: { GLIBC_TUNABLES: TUNABLES, NO_COLOR: "1" },
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#writer = this.#process.stdin.getWriter();
    this.#gone = this.#listen();
    this.#opened.promise.catch(() => {});
    this.#write(start);
  }

  /**
   * Starts a keeper, which opens a session.
   *
   * @throws {DrmaaError} When no session can be opened.
   */
  static async open(
    start: KeeperStart,
    listener: KeeperListener,
  ): Promise<KeeperClient> {
    const keeper = new KeeperClient(start, listener);
    try {
      await keeper.#opened.promise;
      keeper.#unref();
    } catch (error) {
      await keeper.close();
      throw error;
    }
    return keeper;
  }

  /** Its process id. */
  get pid(): number {
    return this.#process.pid;
  }

  /**
   * Submits a bulk job.
   *
   * @returns The ids of its tasks, in order.
   * @throws {DrmaaError} What the cluster says.
   */
  submit(attributes: JobAttributes, count: number): Promise<string[]> {
    return this.#ask({ do: "submit", attributes, count });
  }

  /** Terminates jobs. */
  async terminate(jobs: string[]): Promise<void> {
    await this.#ask({ do: "terminate", jobs });
  }

  /** Whether the keeper removes a directory at its end. */
  async keep(directory: string, remove: boolean): Promise<void> {
    await this.#ask({ do: "keep", directory, remove });
  }

  /**
   * Has it clean up, and resolves when it is gone, or when that takes too long: it goes on
   * without us.
   */
  async close(): Promise<void> {
    this.#closing = true;
    this.#process.ref();
    await this.#writer.close().catch(() => {});
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, PATIENCE);
    await Promise.race([this.#gone, late.promise]);
    clearTimeout(timer);
    this.#process.unref();
  }

  #ask(order: Order<KeeperRequest>): Promise<string[]> {
    const id = ++this.#lastId;
    const answer = Promise.withResolvers<string[]>();
    this.#waiting.set(id, answer);
    this.#process.ref();
    this.#write({ ...order, id });
    return answer.promise;
  }

  /** A keeper keeps the program alive while it is asked something, and at no other time. */
  #unref(): void {
    if (this.#waiting.size === 0 && !this.#closing) this.#process.unref();
  }

  #write(line: object): void {
    const bytes = new TextEncoder().encode(`${JSON.stringify(line)}\n`);
    // That it is gone is seen at its other end.
    this.#writer.write(bytes).catch(() => {});
  }

  async #listen(): Promise<void> {
    let rest = "";
    const decoder = new TextDecoder();
    for await (const bytes of this.#process.stdout) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
      rest = lines.pop()!;
      for (const line of lines) this.#take(JSON.parse(line));
    }
    await this.#process.status;
    const error = new DrmaaError(
      1,
      "INTERNAL_ERROR",
      "The DRMAA session's process ended",
    );
    this.#opened.reject(error);
    for (const { reject } of this.#waiting.values()) reject(error);
    if (!this.#closing) this.#listener.lost();
  }

  #take(report: KeeperReport): void {
    switch (report.tell) {
      case "open":
        this.contact = report.contact;
        this.drmSystem = report.drmSystem;
        this.#opened.resolve();
        break;
      case "done":
        this.#answer(report.id)?.resolve(report.value);
        break;
      case "failed": {
        const error = new DrmaaError(report.code, report.codeName, report.message);
        if (report.id === undefined) this.#opened.reject(error);
        else this.#answer(report.id)?.reject(error);
        break;
      }
      case "ended":
        this.#listener.ended(report.info.jobId, report.info);
        break;
      case "gone":
        this.#listener.ended(report.job, undefined);
        break;
      default:
        report satisfies never;
    }
  }

  #answer(id: number): PromiseWithResolvers<string[]> | undefined {
    const answer = this.#waiting.get(id);
    this.#waiting.delete(id);
    this.#unref();
    return answer;
  }
}
