/**
 * Workers as array jobs of a cluster: Grid Engine, or any other system with a DRMAA
 * library.
 *
 * @module
 */

import { dirname, join } from "node:path";
import {
  aText,
  checkOptions,
  type Checks,
  ports,
  shown,
  valuesByName,
  wholeFrom,
} from "../checks.ts";
import { DrmaaError, SchedulerError, type WorkerLoss } from "../errors.ts";
import { KeeperClient } from "../drmaa/keeper_client.ts";
import { type JobAttributes, PLACEHOLDERS } from "../drmaa/attributes.ts";
import type { JobInfo } from "../drmaa/session.ts";
import { log, settings } from "../settings.ts";
import { lossOf } from "./job_end.ts";
import {
  bytesOf,
  jobName,
  memoryValue,
  type ResourceValue,
  resourceWords,
  secondsOf,
  word,
} from "./resources.ts";
import type { Scheduler, WorkerListener, WorkerSpec } from "./scheduler.ts";
import { startScript } from "./start_script.ts";
import { cacheWorker, THREAD } from "./worker_cache.ts";

/** Options of a {@linkcode GridEngineScheduler}. */
export interface GridEngineSchedulerOptions {
  /**
   * The most workers at once. There are never more than there are items.
   * @default {100}
   */
  workers?: number;
  /** What each job asks for, as `-l` takes it, such as `{ h_rt: 3600 }`. */
  resources?: Record<string, ResourceValue>;
  /**
   * What one worker may hold: bytes, or such as `"2G"`, of 1024³. It is asked for as
   * `mem_free`, unless `resources` says how much of that, and the worker sees to it.
   */
  memory?: number | string;
  /** Options of the submit command, as they are, such as `"-P project"`. */
  nativeSpecification?: string;
  /** The job's name; by default that of the function. */
  name?: string;
  /** The queues to run in, such as `"all.q"`. */
  queue?: string;
  /** The parallel environment of each task, and its slots, such as `"smp 4"`. */
  parallelEnvironment?: string;
  /** Environment variables for the workers. */
  env?: Record<string, string>;
  /**
   * Where the workers run.
   * @default {Deno.cwd()}
   */
  workingDirectory?: string;
  /**
   * Where logs of workers that failed are kept; a directory that is there.
   * @default {undefined} None is kept; their last lines are in the error.
   */
  logDirectory?: string;
  /** The address of this machine that workers reach. Default: all are tried. */
  interface?: string;
  /** The TCP ports to choose from, such as `"40000-40100"`. */
  ports?: string;
  /**
   * The `deno` that nodes run.
   * @default {Deno.execPath()}
   */
  denoPath?: string;
  /** The path of libdrmaa. Default: `DRMAA_LIBRARY_PATH`, or it is looked for. */
  drmaaLibrary?: string;
  /** How long a worker may wait in the queue, in milliseconds; by default for ever. */
  queueTimeout?: number;
}

const CHECKS: Checks<GridEngineSchedulerOptions> = {
  workers: wholeFrom(1),
  resources: valuesByName("{ h_rt: 3600 }", "string", "number", "boolean"),
  memory: (_, value) => void bytesOf(value as string),
  nativeSpecification: aText,
  name: aText,
  queue: aText,
  parallelEnvironment: aText,
  env: valuesByName('{ OMP_NUM_THREADS: "1" }', "string"),
  workingDirectory: aText,
  logDirectory: aText,
  interface: aText,
  ports,
  denoPath: aText,
  drmaaLibrary: aText,
  queueTimeout(name, value) {
    if (typeof value === "number" && value > 0) return;
    throw new RangeError(
      `${name} is ${shown(value)}: milliseconds from above 0 are expected`,
    );
  },
};

/** A task of an array job. */
interface Task {
  worker: string;
  listener: WorkerListener;
  /** Its id, once it is submitted. */
  job: string | undefined;
  /** Where its output goes. */
  logFile: string;
  /** Whether its node has begun with it. */
  started: boolean;
  /** Whether it is to end. */
  stopping: boolean;
  timer?: ReturnType<typeof setTimeout>;
}

/** A directory that the nodes see, under the home directory. */
const RUN_DIRECTORY = ".gridengine";
/** The most tasks of one array job. */
const LARGEST_ARRAY = 1000;
/** How long a task may take to end when it was told to, in milliseconds. */
const STOP_TIMEOUT = 10_000;
/** How often to look which tasks have started, in milliseconds. */
const LOOK = 1000;
/** How long workers wait for a host that they have lost, in milliseconds. */
const RECONNECT_GRACE = 15_000;
/** How much of a log is read, in bytes. */
const LOG_TAIL = 4096;

/**
 * Runs workers as array jobs on Grid Engine. A process of its own, the keeper, holds the
 * DRMAA session: whatever becomes of the program, it takes the jobs out of the queue.
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
  /** What it is called in messages: the cluster's software, once a session is open. */
  get name(): string {
    const system = this.#keeper?.drmSystem.trim() ?? "";
    // Some say their version only.
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
  /** The address to listen at: all, unless one was named. */
  readonly interface: string;
  /** How long workers wait for this program when they have lost it, in milliseconds. */
  readonly reconnectGrace: number = RECONNECT_GRACE;
  /** Where directories of runs lie. */
  readonly runDirectory: string;
  /** {@linkcode Scheduler.ports} */
  declare readonly ports?: string;
  /** {@linkcode Scheduler.memory} */
  declare readonly memory?: number;
  readonly #options: GridEngineSchedulerOptions;
  readonly #nativeSpecification: string;
  /** By the worker's identity. */
  readonly #tasks = new Map<string, Task>();
  /** By the job's id. */
  readonly #jobs = new Map<string, Task>();
  readonly #runDirectories = new Set<string>();
  #keeper: KeeperClient | undefined;
  #opening: Promise<KeeperClient> | undefined;
  #closed: Promise<void> | undefined;
  #cached: Promise<void> | undefined;
  #submissions = 0;
  #looking: ReturnType<typeof setTimeout> | undefined;
  #idle = Promise.withResolvers<void>();

  /**
   * Makes a scheduler; it opens no session yet.
   *
   * @param options What to ask the cluster for.
   * @throws {RangeError} When `workers`, `memory`, `ports` or `queueTimeout` is out of
   * range.
   * @throws {TypeError} When another option is not of its type, or none that there is.
   * @throws {SchedulerError} When the cluster would refuse an option, or misread it.
   */
  constructor(options: GridEngineSchedulerOptions = {}) {
    checkOptions("GridEngineScheduler", options, CHECKS);
    const { workers = 100, queueTimeout = Infinity } = options;
    this.#options = options;
    this.workers = workers;
    this.queueTimeout = queueTimeout;
    this.interface = options.interface ?? settings.interface ?? "0.0.0.0";
    if (/^(127\.|::1$|localhost$)/.test(this.interface)) {
      throw new SchedulerError(
        `The interface ${this.interface} is this machine's own: nodes cannot reach it; name ` +
          `an address that they can`,
      );
    }
    if (options.ports !== undefined) this.ports = options.ports;
    if (options.memory !== undefined) this.memory = bytesOf(options.memory);
    this.runDirectory = join(Deno.env.get("HOME") ?? Deno.cwd(), RUN_DIRECTORY);
    jobName(options.name, "f");
    this.#nativeSpecification = this.#specification();
    checkDirectory("logDirectory", options.logDirectory);
    checkDirectory("workingDirectory", options.workingDirectory);
  }

  /** Opens the session, if it is not open.
   *
   * @throws {DrmaaError} When none can be opened.
   */
  async open(): Promise<void> {
    await this.#open();
  }

  /** The process id of the keeper, once there is one. */
  get keeperPid(): number | undefined {
    return this.#keeper?.pid;
  }

  /** {@linkcode Scheduler.start} */
  start(spec: WorkerSpec, workers: string[], listener: WorkerListener): void {
    if (this.#closed) {
      throw new SchedulerError(
        "The scheduler is closed: make a new GridEngineScheduler",
      );
    }
    for (let at = 0; at < workers.length; at += LARGEST_ARRAY) {
      const tasks = workers.slice(at, at + LARGEST_ARRAY).map((worker) => {
        const task: Task = {
          worker,
          listener,
          job: undefined,
          logFile: "",
          started: false,
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
    if (task.job === undefined) return;
    this.#terminate([task]);
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

  async #close(): Promise<void> {
    await this.killall();
    const keeper = await this.#opening?.catch(() => undefined);
    await keeper?.close();
  }

  /** The options of the submit command. */
  #specification(): string {
    const { queue, parallelEnvironment, nativeSpecification } = this.#options;
    const asked = { ...settings.defaultResources, ...this.#options.resources };
    const resources = this.memory === undefined || "mem_free" in asked
      ? asked
      : { ...asked, mem_free: memoryValue(this.memory) };
    const words = resourceWords(resources);
    if (queue !== undefined) words.push("-q", word("queue", queue));
    if (parallelEnvironment !== undefined) {
      const [name = "", slots = "", ...rest] = parallelEnvironment.trim().split(/\s+/);
      if (!/^\d+(-\d+)?$/.test(slots) || rest.length > 0) {
        throw new SchedulerError(
          `The parallelEnvironment is "${parallelEnvironment}": its name and a number of ` +
            `slots are expected, such as "smp 4"`,
        );
      }
      words.push("-pe", word("parallelEnvironment", name), slots);
    }
    if (nativeSpecification !== undefined) words.push(nativeSpecification);
    return words.join(" ");
  }

  #open(): Promise<KeeperClient> {
    this.#opening ??= this.#openKeeper({});
    // The next one may try again.
    this.#opening.catch(() => this.#opening = undefined);
    return this.#opening;
  }

  async #openKeeper(
    more: { contact?: string; jobs?: string[] },
  ): Promise<KeeperClient> {
    const { drmaaLibrary } = this.#options;
    const keeper = await KeeperClient.open({
      ...more,
      ...(drmaaLibrary !== undefined && { library: drmaaLibrary }),
      directories: [...this.#runDirectories],
    }, {
      ended: (job, info) => void this.#ended(job, info),
      lost: () => void this.#replaceKeeper(),
    });
    this.#keeper = keeper;
    log("debug", `${keeper.drmSystem}: session ${keeper.contact}`);
    return keeper;
  }

  /** The keeper was killed: another one takes its session over. */
  async #replaceKeeper(): Promise<void> {
    const { contact } = this.#keeper!;
    log("info", "the process that holds the DRMAA session ended; starting another one");
    const jobs = [...this.#jobs.keys()];
    this.#opening = this.#openKeeper({ contact, jobs });
    try {
      await this.#opening;
    } catch (error) {
      const detail = `the DRMAA session was lost: ${(error as Error).message}`;
      for (const task of [...this.#tasks.values()]) {
        this.#end(task, { cause: "unreachable", detail });
      }
      this.#opening = undefined;
    }
  }

  async #submitOrTell(spec: WorkerSpec, tasks: Task[]): Promise<void> {
    try {
      const [keeper] = await Promise.all([
        this.#open(),
        this.#cached ??= cacheWorker([spec.module, THREAD]),
      ]);
      await this.#prepare(keeper, spec);
      await this.#submit(keeper, spec, tasks);
    } catch (error) {
      const why = (error as Error).message;
      const detail = `${this.name} did not take its job: ${why}`;
      for (const task of tasks) {
        if (task.job === undefined) this.#end(task, { cause: "never started", detail });
      }
    }
  }

  /** Sees to it that a run's directory goes when this program cannot remove it. */
  async #prepare(keeper: KeeperClient, { runFile }: WorkerSpec): Promise<void> {
    const directory = dirname(runFile);
    if (this.#runDirectories.has(directory)) return;
    this.#runDirectories.add(directory);
    await keeper.keep(directory, true);
  }

  async #submit(keeper: KeeperClient, spec: WorkerSpec, tasks: Task[]): Promise<void> {
    const waiting = tasks.filter(({ stopping }) => !stopping);
    for (const task of tasks) {
      if (task.stopping) {
        this.#end(task, { cause: "deleted", detail: "it was not needed" });
      }
    }
    if (waiting.length === 0) return;
    const attributes = await this.#attributes(spec, waiting);
    let jobs: string[];
    try {
      jobs = await keeper.submit(attributes, waiting.length);
    } catch (error) {
      const isTooLarge = error instanceof DrmaaError && waiting.length > 1 &&
        /max_aj_tasks|array|tasks/i.test(error.message);
      if (!isTooLarge) throw error;
      const half = waiting.length >> 1;
      await this.#submit(keeper, spec, waiting.slice(0, half));
      await this.#submit(keeper, spec, waiting.slice(half));
      return;
    }
    waiting.forEach((task, i) => {
      task.job = jobs[i]!;
      this.#jobs.set(task.job, task);
    });
    log("debug", `submitted ${jobs.length} tasks as job ${jobs[0]!.split(".")[0]}`);
    this.#terminate(waiting.filter(({ stopping }) => stopping));
    this.#lookLater();
  }

  #lookLater(): void {
    if (this.#looking !== undefined) return;
    this.#looking = setTimeout(() => void this.#look(), LOOK);
    Deno.unrefTimer(this.#looking as unknown as number);
  }

  /** Tells which tasks have started. DRMAA does not; but then there is their log. */
  async #look(): Promise<void> {
    const waiting = [...this.#tasks.values()].filter((task) =>
      task.job !== undefined && !task.started
    );
    for (const task of waiting) {
      task.started = await isThere(task.logFile);
      if (!task.started || !this.#tasks.has(task.worker)) continue;
      task.listener.started(task.worker);
    }
    this.#looking = undefined;
    if (waiting.some(({ started }) => !started)) this.#lookLater();
  }

  /** Writes what the tasks need, and says what to submit. */
  async #attributes(spec: WorkerSpec, tasks: Task[]): Promise<JobAttributes> {
    const { env = {}, workingDirectory = Deno.cwd(), logDirectory } = this.#options;
    const directory = dirname(spec.runFile);
    const number = ++this.#submissions;
    const name = jobName(this.#options.name, spec.name);
    const list = join(directory, `workers-${number}`);
    const script = join(directory, `start-${number}.sh`);
    const deno = this.#options.denoPath ?? Deno.execPath();
    const text = startScript({ spec, deno, env: { ...usualEnv(), ...env }, list });
    await Deno.writeTextFile(list, tasks.map(({ worker }) => `${worker}\n`).join(""));
    await Deno.writeTextFile(script, text, { mode: 0o700 });
    const logs = logDirectory === undefined
      ? join(directory, `log-${number}`)
      : join(logDirectory, `${name}-${tasks[0]!.worker}`);
    tasks.forEach((task, i) => task.logFile = `${logs}.${i + 1}`);
    return {
      remoteCommand: "/bin/sh",
      args: [script],
      jobName: name,
      workingDirectory,
      outputPath: `:${logs}.${PLACEHOLDERS.index}`,
      joinFiles: true,
      ...(this.#nativeSpecification &&
        { nativeSpecification: this.#nativeSpecification }),
    };
  }

  #terminate(tasks: Task[]): void {
    if (tasks.length === 0) return;
    const jobs = tasks.map(({ job }) => job!);
    const keeper = this.#keeper!;
    keeper.terminate(jobs).catch((error) => log("debug", `${error}`));
    for (const task of tasks) {
      task.timer = setTimeout(() => {
        // Grid Engine waits for the node to confirm the end, for ever if it must. Where
        // the site has it so, to be told once more is enough when the node is lost.
        keeper.terminate([task.job!]).catch(() => {});
        const detail =
          `its node did not end it within ${STOP_TIMEOUT} ms of being told to`;
        this.#end(task, { cause: "node lost", detail });
      }, STOP_TIMEOUT);
    }
  }

  async #ended(job: string, info: JobInfo | undefined): Promise<void> {
    const task = this.#jobs.get(job);
    if (!task) return;
    const text = await readTail(task.logFile);
    const asked = { ...settings.defaultResources, ...this.#options.resources };
    const limit = asked.h_rt ?? asked.s_rt;
    const loss = lossOf(info, {
      stopping: task.stopping,
      ...(limit !== undefined && { runTimeLimit: secondsOf(limit) }),
    });
    const isWell = info?.exitStatus === 0 || task.stopping;
    const { logDirectory } = this.#options;
    if (isWell) await Deno.remove(task.logFile).catch(() => {});
    const kept = !isWell && logDirectory !== undefined
      ? `; its log is ${task.logFile}`
      : "";
    this.#end(task, {
      ...loss,
      detail: `${loss.detail} (job ${job})${kept}`,
      log: text,
    });
  }

  #end(task: Task, loss: WorkerLoss): void {
    clearTimeout(task.timer);
    if (!this.#tasks.delete(task.worker)) return;
    if (task.job !== undefined) this.#jobs.delete(task.job);
    if (this.#tasks.size === 0) {
      clearTimeout(this.#looking);
      this.#looking = undefined;
      this.#idle.resolve();
      this.#idle = Promise.withResolvers();
    }
    task.listener.ended(task.worker, loss);
  }
}

/** What of this program's environment the nodes need: where the modules are. */
function usualEnv(): Record<string, string> {
  const found = Deno.env.get("DENO_DIR");
  return { NO_COLOR: "1", ...(found !== undefined && { DENO_DIR: found }) };
}

function checkDirectory(what: string, path: string | undefined): void {
  if (path === undefined) return;
  try {
    if (Deno.statSync(path).isDirectory) return;
  } catch {
    // It is not there.
  }
  throw new SchedulerError(
    `The ${what} "${path}" is no directory: make it first, where the nodes see it`,
  );
}

async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch {
    return false;
  }
}

/** The last lines of a worker's log. */
async function readTail(path: string): Promise<string> {
  try {
    using file = await Deno.open(path);
    const { size } = await file.stat();
    await file.seek(Math.max(0, size - LOG_TAIL), Deno.SeekMode.Start);
    const bytes = new Uint8Array(LOG_TAIL);
    let length = 0;
    for (let read; (read = await file.read(bytes.subarray(length)));) length += read;
    return new TextDecoder().decode(bytes.subarray(0, length)).trimEnd();
  } catch {
    return "";
  }
}
