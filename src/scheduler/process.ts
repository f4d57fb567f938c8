/**
 * Workers as processes of this machine.
 *
 * @module
 */

import { stays } from "../common/staying.ts";
import { constants } from "node:os";
import {
  checkOptions,
  type Checks,
  oneOf,
  valuesByName,
  wholeFrom,
} from "../common/checks.ts";
import { cleanUp } from "../common/cleanup.ts";
import { SchedulerError, type WorkerLoss } from "../errors.ts";
import { settings } from "../settings.ts";
import type { Scheduler, WorkerListener, WorkerSpec } from "./scheduler.ts";
import { LogTail } from "./log_tail.ts";
import type { Kills } from "./memory_killer.ts";
import { bytesOf } from "./resources.ts";

/** Options of a {@linkcode ProcessScheduler}. */
export interface ProcessSchedulerOptions {
  /**
   * The most processes at once for each dispatcher, and so for each map without one. To
   * share processes between maps, pass them the same dispatcher.
   * @default {settings.workers}
   */
  workers?: number;
  /**
   * The permissions of the user's function, as for a Web Worker in Deno: `"inherit"`,
   * `"none"`, or an object with any of `net`, `read`, `write`, `run`, `env`, `ffi`, `sys`
   * and `import`. The worker process around it has all permissions.
   * @default {"inherit"}
   */
  permissions?: Deno.PermissionOptions;
  /** Environment variables for the workers, in addition to those of this program. */
  env?: Record<string, string>;
  /**
   * The memory limit of one worker: a number of bytes, or a string such as `"2G"` (G is
   * 1024³); at least 64M. A worker that exceeds it is ended, and counts as
   * `"out of memory"`.
   * @default {undefined} No limit.
   */
  memory?: number | string;
  /**
   * How workers reach this program: `"local"` by a socket file, `"network"` by encrypted
   * TCP, as on a cluster.
   * @default {"local"}
   */
  transport?: "local" | "network";
}

const CHECKS: Checks<ProcessSchedulerOptions> = {
  workers: wholeFrom(1),
  permissions: (_, value) => checkPermissions(value),
  env: valuesByName('{ OMP_NUM_THREADS: "1" }', "string"),
  memory: (_, value) => void bytesOf(value as string),
  transport: oneOf("local", "network"),
};

interface Child {
  process: Deno.ChildProcess;
  /** Whether the worker was told to end. */
  stopping: boolean;
  /** Its resident memory when last measured, in bytes. */
  held?: number;
  /** Resolves when its end was reported to the listener. */
  ended: Promise<void>;
}

/** Workers are ended by a signal that they cannot ignore. */
const SIGKILL = "SIGKILL";
/** The interval at which the memory of workers is measured, in milliseconds. */
const LOOK = 250;

/**
 * Runs workers as processes of this machine (`deno run worker.ts`). It starts as many as
 * there is work for.
 *
 * @example Two processes with read permission only
 * ```ts
 * import { map, ProcessScheduler } from "jsr:@x/gridengine";
 * import { deepEqual as assertEquals } from "node:assert/strict";
 *
 * await using scheduler = new ProcessScheduler({
 *   workers: 2,
 *   permissions: { read: true },
 * });
 * assertEquals(await map((x: number) => x * x, [1, 2, 3], { scheduler }), [1, 4, 9]);
 * ```
 */
export class ProcessScheduler implements Scheduler {
  /** The scheduler's name in messages. */
  readonly name = "processes";
  /** The most processes at once. */
  readonly workers: number;
  /** How the workers reach this program. */
  readonly transport: "local" | "network";
  /** The permissions of the user's function. */
  readonly permissions: Deno.PermissionOptions;
  /** {@linkcode Scheduler.memory} */
  declare readonly memory?: number;
  readonly #env: Record<string, string>;
  readonly #children = new Map<string, Child>();
  #closed = false;
  /** What the memory killer had ended when the first workers were started. */
  #kills: Kills | undefined | null = null;
  #looking: ReturnType<typeof setTimeout> | undefined;

  /**
   * Makes a scheduler. It starts no worker yet.
   *
   * @param options How many workers, and what they may do.
   * @throws {RangeError} If `workers` is not a whole number from 1, or `memory` is not a
   * size of at least 64M.
   * @throws {TypeError} If `transport`, `permissions` or `env` is not valid, or an option is
   * unknown.
   */
  constructor(options: ProcessSchedulerOptions = {}) {
    checkOptions("ProcessScheduler", options, CHECKS);
    const { workers = settings.workers, transport = "local" } = options;
    if (options.memory !== undefined) this.memory = bytesOf(options.memory);
    this.workers = workers;
    this.transport = transport;
    this.permissions = options.permissions ?? "inherit";
    this.#env = options.env ?? {};
  }

  /** {@linkcode Scheduler.start} */
  start(spec: WorkerSpec, workers: string[], listener: WorkerListener): void {
    if (this.#closed) {
      throw new SchedulerError("The scheduler is closed: make a new ProcessScheduler");
    }
    for (const worker of workers) this.#spawn(spec, worker, listener);
    // Reading the count now does not delay the workers, and they use little memory yet.
    if (this.#kills === null) this.#kills = killsSoFar();
    if (this.#kills && this.#children.size > 0) this.#looking ??= this.#lookLater();
  }

  /** {@linkcode Scheduler.stop} */
  stop(worker: string): void {
    kill(this.#children.get(worker));
  }

  /** {@linkcode Scheduler.join} */
  async join(): Promise<void> {
    while (this.#children.size > 0) {
      await Promise.all([...this.#children.values()].map((child) => child.ended));
    }
  }

  /** {@linkcode Scheduler.killall} */
  async killall(): Promise<void> {
    for (const child of this.#children.values()) kill(child);
    await this.join();
  }

  /** {@linkcode Scheduler.close} */
  async close(): Promise<void> {
    this.#closed = true;
    // A process that waits for a device may not even end by SIGKILL.
    await cleanUp("not all workers have ended", () => this.killall());
  }

  /** {@linkcode ProcessScheduler.close} */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #spawn(spec: WorkerSpec, worker: string, listener: WorkerListener): void {
    const began = performance.now();
    let process: Deno.ChildProcess;
    try {
      process = new Deno.Command(Deno.execPath(), {
        args: ["run", ...spec.flags, spec.module, spec.runFile, worker],
        env: this.#env,
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
    } catch (error) {
      const detail = `its process cannot be started: ${(error as Error).message}`;
      // The dispatcher expects no report before this call has returned.
      queueMicrotask(() => listener.ended(worker, { cause: "never started", detail }));
      return;
    }
    // Workers do not keep the program alive; waiting for their results does.
    process.unref();
    const log = new LogTail();
    log.follow(process.stdout, Deno.stdout);
    log.follow(process.stderr, Deno.stderr);
    const ended = process.status.then(async (status) => {
      await log.end();
      const { held } = child;
      const loss = {
        ...lossFromStatus(status),
        pid: process.pid,
        host: hostName(),
        wallClock: performance.now() - began,
        ...(held !== undefined && { maxMemory: held }),
        log: log.text,
      };
      const explained = await this.#explain(loss, child);
      this.#children.delete(worker);
      if (this.#children.size === 0) this.#lookNoMore();
      listener.ended(worker, explained);
    });
    const child: Child = { process, stopping: false, ended };
    this.#children.set(worker, child);
    queueMicrotask(() => listener.started(worker));
  }

  /** Explains a SIGKILL that this scheduler did not send. */
  async #explain(loss: WorkerLoss, { stopping }: Child): Promise<WorkerLoss> {
    if (loss.signal !== SIGKILL || stopping || !this.#kills) return loss;
    const { blameMemoryKiller } = await import("./memory_killer.ts");
    return blameMemoryKiller(loss, this.#kills, countIn(this.#kills.path));
  }

  #lookLater(): ReturnType<typeof setTimeout> {
    const timer = setTimeout(() => void this.#look(), LOOK);
    Deno.unrefTimer(timer as unknown as number);
    return timer;
  }

  /** Measures the memory of the workers, which is not possible after one was killed. */
  async #look(): Promise<void> {
    const { limitOf, residentSize } = await import("./memory_killer.ts");
    if (limitOf(this.#kills!.path) === undefined || this.#children.size === 0) return;
    for (const child of this.#children.values()) {
      const size = residentSize(child.process.pid);
      if (size !== undefined) child.held = size;
    }
    this.#looking = this.#lookLater();
  }

  #lookNoMore(): void {
    clearTimeout(this.#looking);
    this.#looking = undefined;
  }
}

stays(ProcessScheduler);

/**
 * How many processes the kernel's memory killer has ended; `undefined` if not known.
 *
 * @param root The root directory of the system's files, without a slash at the end.
 */
export function killsSoFar(root = ""): Kills | undefined {
  if (Deno.build.os !== "linux") return undefined;
  // Without read permission Deno would ask the user for it.
  if (Deno.permissions.querySync({ name: "read" }).state !== "granted") {
    return undefined;
  }
  try {
    const groups = Deno.readTextFileSync(`${root}/proc/self/cgroup`);
    const first = /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$/m.exec(groups)?.[1];
    const [group, at, name] = first === undefined
      ? [/^0::(.*)$/m.exec(groups)?.[1] ?? "", "/sys/fs/cgroup", "memory.events"]
      : [first, "/sys/fs/cgroup/memory", "memory.oom_control"];
    // In a container the name may be that outside, and the group is the topmost one inside.
    const places = [`${at}${group}/${name}`, `${at}/${name}`, "/proc/vmstat"];
    for (const place of places) {
      const path = `${root}${place}`;
      const count = countIn(path);
      if (count !== undefined) return { path, count };
    }
  } catch {
    // The count is not known.
  }
  return undefined;
}

/** How many processes the memory killer has ended, according to this file. */
export function countIn(path: string): number | undefined {
  try {
    const count = /^oom_kill (\d+)$/m.exec(Deno.readTextFileSync(path))?.[1];
    return count === undefined ? undefined : Number(count);
  } catch {
    return undefined;
  }
}

/** The name of this machine, if the program may read it. */
function hostName(): string {
  const { state } = Deno.permissions.querySync({ name: "sys", kind: "hostname" });
  return state === "granted" ? Deno.hostname() : "localhost";
}

const PERMISSIONS = ["net", "read", "write", "run", "env", "ffi", "sys", "import"];

function checkPermissions(permissions: unknown): void {
  if (["inherit", "none"].includes(permissions as string)) return;
  const isObject = typeof permissions === "object" && permissions !== null;
  const unknown = isObject
    ? Object.keys(permissions).find((name) => !PERMISSIONS.includes(name))
    : String(permissions);
  if (unknown === undefined) return;
  throw new TypeError(
    `Unknown permission "${unknown}": "inherit", "none" or an object of ` +
      `${PERMISSIONS.join(", ")} is expected`,
  );
}

function kill(child: Child | undefined): void {
  if (!child) return;
  child.stopping = true;
  try {
    child.process.kill(SIGKILL);
  } catch (error) {
    // It has ended in the meantime.
    if (!(error instanceof TypeError) && !(error instanceof Deno.errors.NotFound)) {
      throw error;
    }
  }
}

function lossFromStatus(status: Deno.CommandStatus): WorkerLoss {
  if (status.signal) {
    const signalNumber =
      constants.signals[status.signal as keyof typeof constants.signals];
    return {
      cause: "signal",
      detail: `its process was ended by ${status.signal}`,
      signal: status.signal,
      signalNumber,
    };
  }
  return {
    cause: "exit",
    detail: `its process exited with status ${status.code}`,
    exitStatus: status.code,
  };
}
