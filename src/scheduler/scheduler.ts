/**
 * What starts workers. Users may write their own.
 *
 * @module
 */

import type { WorkerLoss } from "../errors.ts";

/** How to start the workers of one run. */
export interface WorkerSpec {
  /** What the run is called: the name of its function. */
  name: string;
  /** The module that a worker runs, as a URL. */
  module: string;
  /** The flags for `deno run`, before the module. */
  flags: string[];
  /** The path of the run file: the worker's first argument. Its second is its identity. */
  runFile: string;
}

/** What a scheduler tells of the workers that it was asked for. */
export interface WorkerListener {
  /** A worker's process was started; where, if that is known. */
  started(worker: string, host?: string): void;
  /**
   * A worker is not in the queue yet, since the cluster takes no job just now: why, in its
   * words; `undefined` when it is. It is tried again.
   */
  delayed?(worker: string, why: string | undefined): void;
  /** A worker is gone, or will never come. Called once for every worker asked for. */
  ended(worker: string, loss: WorkerLoss): void;
}

/**
 * Starts workers somewhere and says how they end. One scheduler may serve several
 * dispatchers at once; the identities of workers are unique among them.
 */
export interface Scheduler extends AsyncDisposable {
  /** What it is called in messages, such as `"processes"`. */
  readonly name: string;
  /** The most workers that one dispatcher may have at once. */
  readonly workers: number;
  /**
   * How workers reach the host: `"local"` by a socket file that only the same user can
   * open; `"network"` by TCP, encrypted, and only with the run's key.
   */
  readonly transport: "local" | "network";
  /** What the thread that runs the user's function may do; all that Deno may by default. */
  readonly permissions?: Deno.PermissionOptions;
  /** How long a worker may wait until it is started, in milliseconds; for ever by default. */
  readonly queueTimeout?: number;
  /**
   * Whether it may take long until it tells of a worker's end, as a cluster does: then
   * nobody waits for that whose worker has said good-bye. False by default.
   */
  readonly tellsLate?: boolean;
  /**
   * How many files of this program a worker keeps open, beside its connection: so many
   * more must the program be allowed to open. 3 by default, as for a process with pipes
   * for its output.
   */
  readonly filesPerWorker?: number;
  /** How many bytes a worker may hold; any number by default. */
  readonly memory?: number;
  /**
   * Where directories of runs lie, which host and workers must see; by default where the
   * system's temporary files are. `settings.tempDirectory` goes before it.
   */
  readonly runDirectory?: string;
  /**
   * The address to listen at for workers elsewhere; `settings.interface` by default, and
   * all addresses where neither is given.
   */
  readonly interface?: string;
  /** The ports to choose from, such as `"40000-40100"`; `settings.ports` by default. */
  readonly ports?: string;
  /**
   * How long a worker waits for its host when their connection is lost, in milliseconds;
   * 1500 by default. `settings.reconnectGrace` goes before it.
   */
  readonly reconnectGrace?: number;

  /**
   * Makes ready, before workers are asked for. What it throws is what a map fails with.
   */
  open?(): Promise<void>;
  /**
   * Starts one worker for each identity: `deno run FLAGS MODULE RUN_FILE IDENTITY`. It
   * need not wait until they run. What goes wrong with a worker is told to the listener.
   */
  start(spec: WorkerSpec, workers: string[], listener: WorkerListener): void;
  /** Ends a worker that does not leave by itself. */
  stop(worker: string): void;
  /** Resolves when no worker is left. */
  join(): Promise<void>;
  /** Ends every worker at once, and resolves when none is left. */
  killall(): Promise<void>;
  /** Ends every worker; the scheduler starts none from now on. */
  close(): Promise<void>;
}

/** A scheduler, its class, or a function that gives one. */
export type SchedulerLike =
  | Scheduler
  | (new () => Scheduler)
  | (() => Scheduler | Promise<Scheduler>);
