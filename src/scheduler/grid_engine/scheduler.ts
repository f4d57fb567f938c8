/**
 * Workers as array jobs of a cluster: Grid Engine, or any other system with a DRMAA
 * library.
 *
 * @module
 */

import { stays } from "../../common/staying.ts";
import { dirname, join } from "node:path";
import { checkOptions } from "../../common/checks.ts";
import { SchedulerError, type WorkerLoss } from "../../errors.ts";
import type { JobInfo } from "../../drmaa/job_info.ts";
import { settings } from "../../settings.ts";
import { CHECKS, type GridEngineSchedulerOptions, submitOptions } from "./options.ts";
import { lossFromJobInfo, type TimeLimits } from "./job_end.ts";
import { KeeperSession } from "./keeper_session.ts";
import { EXIT_STATUS } from "../../protocol/exit_status.ts";
import { within } from "../../common/within.ts";
import { bytesOf, jobName } from "../resources.ts";
import type { Scheduler, WorkerListener, WorkerSpec } from "../scheduler.ts";
import { StartWatch } from "./start_watch.ts";
import type { Task } from "./submission.ts";
import { hostOf, logOf, removeLog } from "./task_files.ts";

export type { GridEngineSchedulerOptions } from "./options.ts";

/** A directory that the nodes see, under the home directory. */
const RUN_DIRECTORY = ".gridengine";
/** The most tasks of one array job. */
const LARGEST_ARRAY = 1000;
/** How long closing may take, in milliseconds. The keeper does what is left then. */
const CLOSE_TIMEOUT = 2800;
/** How long a task may take to end after it was told to, in milliseconds. */
const STOP_TIMEOUT = 10_000;
/** How long workers wait for a host that they have lost, in milliseconds. */
const RECONNECT_GRACE = 15_000;
/** How long the check whether this host may submit may take, in milliseconds. */
const ANSWER_LIMIT = 5000;
/**
 * Exit statuses of tasks whose node lacks something: of deno, of a shell that does not find
 * deno, and of a worker that does not find its run file, or the host.
 */
const FAULTS_OF_NODES: ReadonlySet<number | undefined> = new Set([
  1,
  126,
  127,
  EXIT_STATUS["no run file"],
  EXIT_STATUS["host not reached"],
]);

/**
 * Runs workers as array jobs on Grid Engine. A separate process, the keeper, holds the
 * DRMAA session: it deletes the jobs from the queue even if the program dies.
 *
 * @example On two slots, for an hour at most
 * ```ts ignore
 * import { GridEngineScheduler, map } from "jsr:@x/gridengine";
 *
 * const scheduler = new GridEngineScheduler({ workers: 2, resources: { h_rt: 3600 } });
 * console.log(await map((x: number) => x * x, [1, 2, 3], { scheduler }));
 * ```
 *
 * ```text
 * [ 1, 4, 9 ]
 * ```
 */
export class GridEngineScheduler implements Scheduler {
  /** The scheduler's name in messages: the cluster's software, once a session is open. */
  get name(): string {
    const system = this.#session.drmSystem.trim();
    // Some systems report only a version.
    return /^[A-Za-z]/.test(system) ? system : `Grid Engine ${system}`.trimEnd();
  }
  /** The most workers at once. */
  readonly workers: number;
  /** How the workers reach this program. */
  readonly transport = "network";
  /** {@linkcode Scheduler.tellsLate} */
  readonly tellsLate = true;
  /** {@linkcode Scheduler.filesPerWorker} */
  readonly filesPerWorker = 0;
  /** How long a worker may wait in the queue, in milliseconds. */
  readonly queueTimeout: number;
  /** The address to listen at. Default: all IPv4 addresses. */
  readonly interface: string;
  /** How long workers wait for this program if the connection is lost, in milliseconds. */
  readonly reconnectGrace: number = RECONNECT_GRACE;
  /** The directory for the directories of runs: `.gridengine` in the home directory. */
  readonly runDirectory: string;
  /** {@linkcode Scheduler.ports} */
  declare readonly ports?: string;
  /** {@linkcode Scheduler.memory} */
  declare readonly memory?: number;
  readonly #options: GridEngineSchedulerOptions & { nativeSpecification: string };
  /** By the worker's identity. */
  readonly #tasks = new Map<string, Task>();
  /** By the job's id. */
  readonly #jobs = new Map<string, Task>();
  readonly #session: KeeperSession;
  readonly #startWatch: StartWatch;
  readonly #closing = new AbortController();
  #closed: Promise<void> | undefined;
  #cached: Promise<void> | undefined;
  #submissions = 0;
  /** The nodes on which workers could not start, the latest last. */
  readonly #shunned = new Set<string>();
  /** How jobs ended whose end was reported before the answer to their submission. */
  readonly #early = new Map<string, JobInfo | undefined>();
  #idle = Promise.withResolvers<void>();

  /**
   * Makes a scheduler. It opens no session yet.
   *
   * @param options What to request from the cluster.
   * @throws {RangeError} If `workers`, `memory`, `ports` or `queueTimeout` is out of range.
   * @throws {TypeError} If another option has the wrong type, or is unknown.
   * @throws {SchedulerError} If the cluster would refuse an option, or misread it; if nodes
   * cannot reach `interface`; or if `logDirectory` or `workingDirectory` is not a directory.
   */
  constructor(options: GridEngineSchedulerOptions = {}) {
    checkOptions("GridEngineScheduler", options, CHECKS);
    const { workers = 100, queueTimeout = Infinity } = options;
    this.#options = { ...options, nativeSpecification: submitOptions(options) };
    this.#session = new KeeperSession(options.drmaaLibrary, {
      ended: (job, info) => void this.#ended(job, info),
      lost: (error) => this.#lost(error),
    });
    this.#startWatch = new StartWatch(
      this.#tasks,
      this.#session,
      (task, loss) => this.#end(task, loss),
    );
    this.workers = workers;
    this.queueTimeout = queueTimeout;
    this.interface = options.interface ?? settings.interface ?? "0.0.0.0";
    if (/^(127\.|\[?::1\]?$|localhost$)/.test(this.interface)) {
      throw new SchedulerError(
        `The interface ${this.interface} is a loopback address, which nodes cannot reach: ` +
          `name an address that they can reach`,
      );
    }
    if (options.ports !== undefined) this.ports = options.ports;
    if (options.memory !== undefined) this.memory = bytesOf(options.memory);
    this.runDirectory = join(Deno.env.get("HOME") ?? Deno.cwd(), RUN_DIRECTORY);
    jobName(options.name, "f");
    checkDirectory("logDirectory", options.logDirectory);
    checkDirectory("workingDirectory", options.workingDirectory);
  }

  /**
   * Opens the session, if it is not open.
   *
   * @throws {DrmaaError} If no session can be opened: an error of the library; or the keeper
   * ended, or took longer than a minute. The message then has what the keeper printed.
   * @throws {SchedulerError} If the scheduler is closed.
   */
  async open(): Promise<void> {
    this.#mustBeOpen();
    await this.#session.open();
  }

  /**
   * Asks the cluster whether this host may submit jobs. It waits up to 5 s for the answer.
   *
   * @throws {DrmaaError} If the answer is that it may not.
   */
  async checkSubmitHost(): Promise<void> {
    await within(ANSWER_LIMIT, this.#session.checkSubmitHost(), undefined);
  }

  /** The process id of the keeper, once there is one. */
  get keeperPid(): number | undefined {
    return this.#session.pid;
  }

  /** {@linkcode Scheduler.start} */
  start(spec: WorkerSpec, workers: string[], listener: WorkerListener): void {
    this.#mustBeOpen();
    for (let at = 0; at < workers.length; at += LARGEST_ARRAY) {
      const tasks = workers.slice(at, at + LARGEST_ARRAY).map((worker) => {
        const task: Task = {
          worker,
          listener,
          job: undefined,
          logFile: "",
          limitsFile: "",
          started: false,
          looks: 0,
          stopping: false,
        };
        this.#tasks.set(worker, task);
        return task;
      });
      void this.#submitOrTell(spec, tasks);
    }
  }

  /** {@linkcode Scheduler.stop} */
  stop(worker: string): void {
    const task = this.#tasks.get(worker);
    if (!task || task.stopping) return;
    task.stopping = true;
    if (task.job !== undefined) return this.#terminate([task]);
    // If its submission still succeeds, it is terminated then.
    this.#end(task, {
      cause: "deleted",
      detail: "it was ended before it was submitted",
    });
  }

  /** {@linkcode Scheduler.join} */
  async join(): Promise<void> {
    while (this.#tasks.size > 0) await this.#idle.promise;
  }

  /** {@linkcode Scheduler.killall} */
  async killall(): Promise<void> {
    for (const worker of [...this.#tasks.keys()]) this.stop(worker);
    await this.join();
  }

  /** {@linkcode Scheduler.close} */
  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  /** {@linkcode GridEngineScheduler.close} */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #mustBeOpen(): void {
    if (!this.#closed) return;
    throw new SchedulerError("The scheduler is closed: make a new GridEngineScheduler");
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    for (const worker of [...this.#tasks.keys()]) this.stop(worker);
    await this.#session.close(CLOSE_TIMEOUT);
    const detail = "it was told to end, and the cluster has not yet reported its end";
    for (const task of [...this.#tasks.values()]) {
      this.#end(task, { cause: "deleted", detail });
    }
  }

  /** There will be no more reports about any task. */
  #lost({ message }: Error): void {
    const detail = `the DRMAA session was lost: ${message}`;
    for (const task of [...this.#tasks.values()]) {
      this.#end(task, { cause: "unreachable", detail });
    }
  }

  async #submitOrTell(spec: WorkerSpec, tasks: Task[]): Promise<void> {
    try {
      await Promise.all([
        this.#session.open(),
        this.#cache(spec.module),
      ]);
      // The keeper removes it even if this program cannot.
      await this.#session.remove(dirname(spec.runFile));
      // Most programs that load this module submit nothing.
      const { Submission } = await import("./submission.ts");
      await new Submission({
        session: this.#session,
        options: this.#options,
        spec,
        name: () => this.name,
        nextNumber: () => ++this.#submissions,
        shunned: this.#shunned,
        submitted: (tasks) => this.#submitted(tasks),
        signal: this.#closing.signal,
      }).submit(tasks);
    } catch (error) {
      const why = (error as Error).message;
      const detail = `${this.name} did not accept its job: ${why}`;
      for (const task of tasks) {
        if (task.job === undefined) this.#end(task, { cause: "never started", detail });
      }
    }
  }

  /** Puts the workers' program into Deno's cache for the nodes. A failure is not kept. */
  #cache(module: string): Promise<void> {
    const fetch = async () => {
      const { cacheWorker, THREAD } = await import("./worker_cache.ts");
      await cacheWorker([module, THREAD]);
    };
    return this.#cached ??= fetch().catch((error) => {
      this.#cached = undefined;
      throw error;
    });
  }

  #submitted(tasks: Task[]): void {
    for (const task of tasks) this.#jobs.set(task.job!, task);
    for (const { job } of tasks) {
      if (this.#early.has(job!)) void this.#ended(job!, this.#early.get(job!));
    }
    if (!this.#isSubmitting) this.#early.clear();
    this.#startWatch.lookLater();
  }

  /** Whether a task has no job yet. */
  get #isSubmitting(): boolean {
    return [...this.#tasks.values()].some(({ job }) => job === undefined);
  }

  #terminate(tasks: Task[]): void {
    if (tasks.length === 0) return;
    const jobs = tasks.map(({ job }) => job!);
    this.#session.terminate(jobs);
    for (const task of tasks) {
      task.timer = setTimeout(() => {
        // Grid Engine waits for the node to confirm the end, if necessary forever. The
        // keeper repeats its request, which ends the job in time at some sites.
        const detail =
          `its node did not end it within ${STOP_TIMEOUT} ms, as requested`;
        this.#end(task, { cause: "node lost", detail });
      }, STOP_TIMEOUT);
    }
  }

  async #ended(job: string, info: JobInfo | undefined): Promise<void> {
    const task = this.#jobs.get(job);
    if (!task) {
      // Its submission may not have been answered yet.
      if (this.#isSubmitting) this.#early.set(job, info);
      return;
    }
    const text = await logOf(task);
    const { stopping } = task;
    const limits = info?.signal === undefined || stopping
      ? {}
      : await this.#limitsOf(task);
    const loss = lossFromJobInfo(info, { stopping, limits });
    const isWell = info?.exitStatus === 0 || task.stopping;
    const host = isWell ? undefined : await hostOf(task);
    if (host !== undefined && FAULTS_OF_NODES.has(loss.exitStatus)) {
      this.#shunned.delete(host);
      this.#shunned.add(host);
    }
    const { logDirectory } = this.#options;
    if (isWell) await removeLog(task);
    const kept = !isWell && logDirectory !== undefined
      ? `; its log is ${task.logFile}`
      : "";
    this.#end(task, {
      ...loss,
      ...(host !== undefined && { host }),
      detail: `${loss.detail} (job ${job})${kept}`,
      log: text,
    });
  }

  /** The time limits of a task. They are read only if one may have ended the task. */
  async #limitsOf({ limitsFile }: Task): Promise<TimeLimits> {
    const { timeLimits } = await import("./time_limits.ts");
    return await timeLimits(this.#options.nativeSpecification, limitsFile);
  }

  #end(task: Task, loss: WorkerLoss): void {
    clearTimeout(task.timer);
    if (!this.#tasks.delete(task.worker)) return;
    if (task.job !== undefined) this.#jobs.delete(task.job);
    if (this.#tasks.size === 0) {
      this.#startWatch.stop();
      this.#idle.resolve();
      this.#idle = Promise.withResolvers();
    }
    task.listener.ended(task.worker, loss);
  }
}

stays(GridEngineScheduler);

function checkDirectory(what: string, path: string | undefined): void {
  if (path === undefined) return;
  try {
    if (Deno.statSync(path).isDirectory) return;
  } catch {
    // It does not exist.
  }
  throw new SchedulerError(
    `The ${what} "${path}" is not a directory: create it first, where the nodes see it`,
  );
}
