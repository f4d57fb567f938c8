/**
 * The interface of schedulers, which start workers. Users may write their own.
 *
 * @module
 */

import type { WorkerLoss } from "../errors.ts";

/** How to start the workers of one run. */
export interface WorkerSpec {
  /** The name of the run: that of its function. */
  name: string;
  /** The module that a worker runs, as a URL. */
  module: string;
  /** The flags for `deno run`, before the module. */
  flags: string[];
  /** The path of the run file: the worker's first argument. The second is its identity. */
  runFile: string;
}

/** Receives a scheduler's reports about the workers that were requested. */
export interface WorkerListener {
  /** A worker's process was started, on this host if known. */
  started(worker: string, host?: string): void;
  /**
   * A worker's job is delayed: `why` is the reason, such as the cluster's own message when
   * it accepts no job at present. The scheduler tries again, and reports `undefined` when
   * the job is in the queue.
   */
  delayed?(worker: string, why: string | undefined): void;
  /** A worker has ended, or will never start. Called once for every worker requested. */
  ended(worker: string, loss: WorkerLoss): void;
}

/**
 * Starts workers and reports how they end. One scheduler may serve several dispatchers at
 * once; the identities of workers are unique among them.
 */
export interface Scheduler extends AsyncDisposable {
  /** The scheduler's name in messages, such as `"processes"`. */
  readonly name: string;
  /** The most workers that one dispatcher may have at once. */
  readonly workers: number;
  /**
   * How workers reach the host: `"local"` by a socket file that only the same user can
   * open; `"network"` by TCP, encrypted, and only with the run's key.
   */
  readonly transport: "local" | "network";
  /** Permissions of the thread that runs the user's function. Default: all. */
  readonly permissions?: Deno.PermissionOptions;
  /** How long a worker may wait until it is started, in milliseconds. Default: no limit. */
  readonly queueTimeout?: number;
  /**
   * Whether the end of a worker may be reported late, as on a cluster. Then the dispatcher
   * does not wait for the report if the worker has said goodbye. Default: false.
   */
  readonly tellsLate?: boolean;
  /**
   * How many files this program keeps open for each worker, in addition to its connection.
   * They count toward the program's limit of open files. Default: 3, as for a process with
   * pipes for its output.
   */
  readonly filesPerWorker?: number;
  /** The memory limit of a worker, in bytes. Default: no limit. */
  readonly memory?: number;
  /**
   * The directory for the directories of runs, which host and workers must share.
   * `settings.tempDirectory` overrides it. Default: the system's directory for temporary
   * files.
   */
  readonly runDirectory?: string;
  /**
   * The address to listen at for workers on other machines. Default: `settings.interface`;
   * if that is not set either, all addresses.
   */
  readonly interface?: string;
  /** The ports to choose from, such as `"40000-40100"`. Default: `settings.ports`. */
  readonly ports?: string;
  /**
   * How long a worker waits for its host if the connection is lost, in milliseconds.
   * `settings.reconnectGrace` overrides it. Default: 1500.
   */
  readonly reconnectGrace?: number;

  /**
   * Prepares the scheduler, before workers are requested. If it throws, a map fails with
   * that error.
   */
  open?(): Promise<void>;
  /**
   * Starts one worker for each identity: `deno run FLAGS MODULE RUN_FILE IDENTITY`. It
   * need not wait until they run. Failures of workers are reported to the listener.
   */
  start(spec: WorkerSpec, workers: string[], listener: WorkerListener): void;
  /** Ends a worker that does not end by itself. */
  stop(worker: string): void;
  /** Resolves when no worker is left. */
  join(): Promise<void>;
  /** Ends every worker at once, and resolves when none is left. */
  killall(): Promise<void>;
  /** Ends every worker. The scheduler starts no more workers after that. */
  close(): Promise<void>;
}

/** A scheduler, its class, or a function that returns one. */
export type SchedulerLike =
  | Scheduler
  | (new () => Scheduler)
  | (() => Scheduler | Promise<Scheduler>);

/**
 * Refuses an object that is not a scheduler: a map would wait forever.
 *
 * @throws {TypeError} If it is none.
 */
export function checkScheduler(scheduler: Scheduler): Scheduler {
  const { workers, transport, start, stop } = Object(scheduler);
  const fits = Number.isInteger(workers) && workers >= 1 &&
    ["local", "network"].includes(transport) && typeof start === "function" &&
    typeof stop === "function";
  if (fits) return scheduler;
  throw new TypeError(
    "This is not a scheduler: expected an object that implements the interface " +
      "Scheduler, or a class or function that returns one",
  );
}
