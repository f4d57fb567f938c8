/**
 * The client of a keeper: starts it, sends it requests, and receives its reports on jobs.
 *
 * @module
 */

import { within } from "../../../common/within.ts";
import { DrmaaError } from "../../../errors.ts";
import type { JobAttributes } from "../../../drmaa/attributes.ts";
import type { KeeperReport, KeeperRequest, KeeperStart } from "./messages.ts";
import { Printed } from "./printed.ts";
import type { JobInfo } from "../../../drmaa/job_info.ts";

/** Debian's libdrmaa is linked with jemalloc, which needs much thread-local storage. */
export const TUNABLES = "glibc.rtld.optional_static_tls=4096";

/** How long a keeper may take to open its session, in seconds. */
const OPENING = 60;
/** How long an open keeper may be silent, in seconds. */
const SILENCE = 15;
/** The longest report, in characters. A longer line is dropped. */
const LONGEST_LINE = 2 ** 24;
/** How long to wait for a keeper's output after its end, in milliseconds. */
const LAST_WORDS = 500;

/** Receives the reports of a keeper. */
export interface KeeperListener {
  /** A job has ended; `info` says how, if that is known. */
  ended(job: string, info: JobInfo | undefined): void;
  /** The keeper is gone, though it was not told to end. */
  lost(error: KeeperLost): void;
  /** The library has printed a line. */
  printed(line: string): void;
}

/** The keeper is gone, and its answers are lost. */
export class KeeperLost extends DrmaaError {
  /** Whether it was alive, but took too long to open its session: the master may be slow. */
  readonly slow: boolean;

  /**
   * @param how What happened to the keeper.
   * @param lastWords What the keeper printed, if anything.
   */
  constructor(
    how: string,
    lastWords = "",
    { slow = false, ...options }: ErrorOptions & { slow?: boolean } = {},
  ) {
    super(1, "INTERNAL_ERROR", `${how} (INTERNAL_ERROR)${lastWords}`, options);
    this.slow = slow;
  }
}

type Order<R> = R extends { id: number } ? Omit<R, "id"> : never;

/** How long a request by itself keeps the program alive, in milliseconds. */
const KEPT_ALIVE = 5000;

/** A running keeper. */
export class KeeperClient {
  readonly #process: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #listener: KeeperListener;
  readonly #waiting = new Map<number, PromiseWithResolvers<string[]>>();
  /** Those of the waiting requests that keep the program alive. */
  readonly #young = new Set<number>();
  readonly #opened = Promise.withResolvers<void>();
  readonly #gone = Promise.withResolvers<void>();
  readonly #printed = new Printed();
  readonly #looking: ReturnType<typeof setInterval>;
  #isOpen = false;
  /** How long the keeper has been silent, in seconds. */
  #silence = 0;
  #lastId = 0;
  #closing = false;
  #isGone = false;
  /** The contact of its session, for the next keeper if this one is lost. */
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
      stderr: "piped",
      // A terminal's signals must not reach the keeper, from its very start.
      detached: true,
    }).spawn();
    this.#writer = this.#process.stdin.getWriter();
    this.#opened.promise.catch(() => {});
    void this.#follow();
    this.#looking = setInterval(() => this.#look(), 1000);
    Deno.unrefTimer(this.#looking as unknown as number);
    this.#write(start);
  }

  /**
   * Starts a keeper, which opens a session.
   *
   * @param signal Aborted when the session is no longer wanted.
   * @throws {DrmaaError} If no session can be opened; a {@linkcode KeeperLost} with what the
   * keeper printed if it ended, could not be started, or took longer than a minute.
   */
  static async open(
    start: KeeperStart,
    listener: KeeperListener,
    signal: AbortSignal,
  ): Promise<KeeperClient> {
    signal.throwIfAborted();
    let keeper: KeeperClient;
    try {
      keeper = new KeeperClient(start, listener);
    } catch (error) {
      const why = (error as Error).message;
      throw new KeeperLost(
        `The process that holds the DRMAA session cannot be started: ${why}`,
        "",
        { cause: error },
      );
    }
    const abandon = () => keeper.#abandon(start);
    signal.addEventListener("abort", abandon);
    try {
      await keeper.#opened.promise;
      keeper.#unref();
    } catch (error) {
      await keeper.close(LAST_WORDS);
      throw error;
    } finally {
      signal.removeEventListener("abort", abandon);
    }
    return keeper;
  }

  /** The keeper's process id. */
  get pid(): number {
    return this.#process.pid;
  }

  /**
   * Submits an array job.
   *
   * @returns The ids of its tasks, in order.
   * @throws {DrmaaError} The cluster's error, or a {@linkcode KeeperLost}.
   */
  submit(attributes: JobAttributes, count: number): Promise<string[]> {
    return this.#ask({ do: "submit", attributes, count });
  }

  /** Terminates jobs. The keeper repeats that until they have ended. */
  async terminate(jobs: string[]): Promise<void> {
    await this.#ask({ do: "terminate", jobs });
  }

  /**
   * The state of a job.
   *
   * @throws {DrmaaError} The cluster's error, or a {@linkcode KeeperLost}.
   */
  async status(job: string): Promise<string> {
    return (await this.#ask({ do: "status", job }))[0]!;
  }

  /** Has the keeper remove a directory when it ends. */
  async remove(directory: string): Promise<void> {
    await this.#ask({ do: "remove", directory });
  }

  /**
   * Has the keeper clean up. Resolves when the keeper is gone, or when the time is over; the
   * keeper then goes on alone.
   *
   * @param patience How long to wait, in milliseconds.
   */
  async close(patience: number): Promise<void> {
    this.#closing = true;
    if (!this.#isGone) this.#process.ref();
    // If it is alive, it still reads what was written before.
    void this.#writer.close().catch(() => {});
    await within(patience, this.#gone.promise, undefined);
    if (!this.#isGone) this.#process.unref();
    this.#end("The DRMAA session was closed before the process that holds it answered");
  }

  /** Stops waiting for the session to open. The keeper still does what is left to do. */
  #abandon({ jobs = [], directories = [] }: KeeperStart): void {
    this.#closing = true;
    void this.#writer.close().catch(() => {});
    this.#process.unref();
    const isUseless = jobs.length === 0 && directories.length === 0;
    this.#end("The scheduler was closed before the DRMAA session was open");
    if (isUseless) this.#kill();
  }

  #kill(): void {
    try {
      this.#process.kill("SIGKILL");
    } catch {
      // It has ended.
    }
  }

  #ask(order: Order<KeeperRequest>): Promise<string[]> {
    const id = ++this.#lastId;
    const answer = Promise.withResolvers<string[]>();
    if (this.#isGone || this.#closing) {
      answer.reject(new KeeperLost("The process that held the DRMAA session is gone"));
      return answer.promise;
    }
    this.#waiting.set(id, answer);
    this.#young.add(id);
    this.#process.ref();
    // After that, only what needs the answer keeps the program alive, such as a map.
    const timer = setTimeout(() => this.#forgetYoung(id), KEPT_ALIVE);
    Deno.unrefTimer(timer as unknown as number);
    void answer.promise.finally(() => clearTimeout(timer)).catch(() => {});
    this.#write({ ...order, id });
    return answer.promise;
  }

  /** A keeper keeps the program alive only while it has young requests. */
  #unref(): void {
    if (this.#young.size === 0 && !this.#closing) this.#process.unref();
  }

  #forgetYoung(id: number): void {
    this.#young.delete(id);
    if (!this.#isGone) this.#unref();
  }

  #write(line: object): void {
    const bytes = new TextEncoder().encode(`${JSON.stringify(line)}\n`);
    // If it is gone, `#follow` notices that.
    this.#writer.write(bytes).catch(() => {});
  }

  /** Reads what the keeper writes, until it has ended. */
  async #follow(): Promise<void> {
    const { stdout, stderr, status } = this.#process;
    const take = (line: string) => this.#take(line);
    const print = (line: string) => this.#print(line);
    const heard = Promise.allSettled([eachLine(stdout, take), eachLine(stderr, print)]);
    const { code, signal } = await status;
    // Processes that it has started may hold the pipes open.
    await within(LAST_WORDS, heard, undefined);
    const how = signal ? `was ended by ${signal}` : `ended with status ${code}`;
    const when = this.#isOpen ? "" : " before the session was open";
    this.#end(`The process that holds the DRMAA session ${how}${when}`);
  }

  /** Counts seconds only while this program runs: both may be stopped at the same time. */
  #look(): void {
    const limit = this.#isOpen ? SILENCE : OPENING;
    if (this.#closing || ++this.#silence <= limit) return;
    this.#process.unref();
    this.#end(
      this.#isOpen
        ? `The process that holds the DRMAA session has not answered for ${limit} s`
        : `The DRMAA session was not open within ${limit} s`,
      { slow: !this.#isOpen },
    );
    // If it is stuck in the kernel, even this does not end it: nothing waits for it.
    this.#kill();
  }

  /** The keeper is gone, or treated as gone. */
  #end(how: string, options?: { slow: boolean }): void {
    if (this.#isGone) return;
    this.#isGone = true;
    clearInterval(this.#looking);
    void this.#writer.close().catch(() => {});
    const error = new KeeperLost(how, this.#printed.asLastWords(), options);
    this.#opened.reject(error);
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
    this.#gone.resolve();
    if (this.#isOpen && !this.#closing) this.#listener.lost(error);
  }

  #print(line: string): void {
    this.#printed.add(line);
    this.#listener.printed(line);
  }

  #take(line: string): void {
    if (this.#isGone || line === "") return;
    const report = parsed(line);
    if (!report) return this.#print(line);
    if (this.#isOpen) this.#silence = 0;
    switch (report.tell) {
      case "alive":
        break;
      case "open":
        this.contact = report.contact;
        this.drmSystem = report.drmSystem;
        this.#isOpen = true;
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
    this.#forgetYoung(id);
    return answer;
  }
}

/** The report in a line; `undefined` if the library has printed the line. */
function parsed(line: string): KeeperReport | undefined {
  if (!line.startsWith('{"tell":')) return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

async function eachLine(
  stream: ReadableStream<Uint8Array>,
  take: (line: string) => void,
): Promise<void> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const bytes of stream) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop()!;
    for (const line of lines) take(line);
    if (rest.length > LONGEST_LINE) rest = "";
  }
  if (rest) take(rest);
}
