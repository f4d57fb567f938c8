/**
 * Workers as processes of this machine.
 *
 * @module
 */

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
   * The most processes at once of each map or dispatcher by itself; those that are to
   * share processes are given one dispatcher.
   * @default {settings.workers}
   */
  workers?: number;
  /**
   * What the user's function may do, as for a Web Worker under Deno: `"inherit"`,
   * `"none"`, or an object of `net`, `read`, `write`, `run`, `env`, `ffi`, `sys` and
   * `import`. The worker process around it may do everything.
   * @default {"inherit"}
   */
  permissions?: Deno.PermissionOptions;
  /** Environment variables for the workers, beside those of this program. */
  env?: Record<string, string>;
  /**
   * What one worker may hold: bytes, or such as `"2G"`, of 1024³. Going over it ends the
   * worker, as `"out of memory"`.
   * @default {undefined} Any amount.
   */
  memory?: number | string;
  /**
   * `"local"` by a socket file, `"network"` by encrypted TCP, as on a cluster.
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
  /** Whether it was told to end. */
  stopping: boolean;
  /** How many bytes it held when last looked at. */
  held?: number;
  /** Resolves when its end was told. */
  ended: Promise<void>;
}

/** What is not to wait is ended by a signal that cannot be ignored. */
const SIGKILL = "SIGKILL";
/** How often to look how much workers hold where that is bounded, in milliseconds. */
const LOOK = 250;

/**
 * Starts `deno run worker.ts` on this machine, as many as there is work for.
 *
 * @example Two processes that may read, and nothing else
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
  /** What it is called in messages. */
  readonly name = "processes";
  /** The most processes at once. */
  readonly workers: number;
  /** How the workers reach this program. */
  readonly transport: "local" | "network";
  /** What the user's function may do. */
  readonly permissions: Deno.PermissionOptions;
  /** {@linkcode Scheduler.memory} */
  declare readonly memory?: number;
  readonly #env: Record<string, string>;
  readonly #children = new Map<string, Child>();
  #closed = false;
  /** What the memory killer had ended before the first worker was started. */
  #kills: Kills | undefined | null = null;
  #looking: ReturnType<typeof setTimeout> | undefined;

  /**
   * Makes a scheduler; it starts nothing yet.
   *
   * @param options How many workers, and what they may do.
   * @throws {RangeError} When `workers` is no whole number of at least 1, or `memory` none
   * of at least 64M.
   * @throws {TypeError} When `transport`, `permissions` or `env` is none, or an option is
   * none that there is.
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
    // They are on their way, and cannot take much memory before this.
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
    // One that waits for a device may not end, even so.
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
      // The dispatcher is not ready to be told before this call has returned.
      queueMicrotask(() => listener.ended(worker, { cause: "never started", detail }));
      return;
    }
    // Workers do not keep the program alive; who waits for their results does.
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

  /** Who has sent SIGKILL, if it was not we. */
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

  /** Takes down how much the workers hold: when one has been killed, it is too late. */
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

/**
 * What the kernel's memory killer has ended so far; nothing where that cannot be known.
 *
 * @param root Where the system's files are, with nothing behind it for `/`.
 */
export function killsSoFar(root = ""): Kills | undefined {
  if (Deno.build.os !== "linux") return undefined;
  // A program that may not read everything would be asked whether it may.
  if (Deno.permissions.querySync({ name: "read" }).state !== "granted") {
    return undefined;
  }
  try {
    const groups = Deno.readTextFileSync(`${root}/proc/self/cgroup`);
    const first = /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$/m.exec(groups)?.[1];
    const [group, at, name] = first === undefined
      ? [/^0::(.*)$/m.exec(groups)?.[1] ?? "", "/sys/fs/cgroup", "memory.events"]
      : [first, "/sys/fs/cgroup/memory", "memory.oom_control"];
    // In a container the group may be told by its name outside, and is the topmost inside.
    const places = [`${at}${group}/${name}`, `${at}/${name}`, "/proc/vmstat"];
    for (const place of places) {
      const path = `${root}${place}`;
      const count = countIn(path);
      if (count !== undefined) return { path, count };
    }
  } catch {
    // It is not to be known.
  }
  return undefined;
}

/** How many processes the memory killer has ended, by this file's word. */
export function countIn(path: string): number | undefined {
  try {
    const count = /^oom_kill (\d+)$/m.exec(Deno.readTextFileSync(path))?.[1];
    return count === undefined ? undefined : Number(count);
  } catch {
    return undefined;
  }
}

/** What this machine is called, as far as the program may know. */
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
    `There is no permission "${unknown}": "inherit", "none" or an object of ` +
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
