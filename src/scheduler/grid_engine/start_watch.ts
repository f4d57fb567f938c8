/**
 * Which tasks have started, and which went back into the queue. DRMAA reports neither, but
 * the files that the tasks write show it.
 *
 * @module
 */

import { log } from "../../common/log.ts";
import type { WorkerLoss } from "../../errors.ts";
import { settings } from "../../settings.ts";
import type { KeeperSession } from "./keeper_session.ts";
import type { Task } from "./submission.ts";
import { hasStarted, hostOf, isTaken } from "./task_files.ts";
import type { Return } from "./went_back.ts";

/** The interval of checks whether tasks have started, in milliseconds. */
const LOOK = 1000;

/** Watches tasks from their submission until they start. */
export class StartWatch {
  /** By the worker's identity. */
  readonly #tasks: ReadonlyMap<string, Task>;
  readonly #session: KeeperSession;
  readonly #giveUp: (task: Task, loss: WorkerLoss) => void;
  /** The last task's return to the queue; forgotten when a task starts. */
  #return: Return | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param tasks The tasks that have not ended, by the worker's identity.
   * @param session The session that submitted them.
   * @param giveUp Called for a task that will not start.
   */
  constructor(
    tasks: ReadonlyMap<string, Task>,
    session: KeeperSession,
    giveUp: (task: Task, loss: WorkerLoss) => void,
  ) {
    this.#tasks = tasks;
    this.#session = session;
    this.#giveUp = giveUp;
  }

  /** Schedules a check, which is repeated until all tasks have started. */
  lookLater(): void {
    if (this.#timer !== undefined || this.#tasks.size === 0) return;
    this.#timer = setTimeout(() => void this.#look(), LOOK);
    Deno.unrefTimer(this.#timer as unknown as number);
  }

  /** Stops the checks, because no task is left. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Reports which tasks have started. */
  async #look(): Promise<void> {
    const waiting = [...this.#tasks.values()].filter((task) =>
      task.job !== undefined && !task.started
    );
    let asked: Promise<Return> | undefined;
    for (const task of waiting) {
      const taken = await isTaken(task);
      task.started = taken && await hasStarted(task);
      const host = task.started ? await hostOf(task) : undefined;
      if (!this.#tasks.has(task.worker)) continue;
      if (task.started) {
        this.#return = undefined;
        task.listener.started(task.worker, host);
      } else if (taken || this.#return) {
        await this.#lookAfter(task, (job) => asked ??= askReturn(job));
      }
    }
    this.#timer = undefined;
    if (waiting.some(({ started }) => !started)) this.lookLater();
  }

  /**
   * Reports a task that went back into the queue, or that waits there while others went
   * back. Gives the task up if it stays there and no queue is open.
   */
  async #lookAfter(task: Task, ask: (job: string) => Promise<Return>): Promise<void> {
    const { backSince = Infinity, job } = task;
    const isDue = performance.now() - backSince > settings.startTimeout;
    // A prolog may take long: the state is asked for after 2 s, 4 s, 8 s and so on.
    const looks = ++task.looks;
    if (!isDue && (looks < 2 || (looks & (looks - 1)) !== 0)) return;
    const state = await this.#session.status(job!).catch(() => "unknown");
    if (!state.startsWith("queued")) return void (task.backSince = undefined);
    const { why, isClosed } = this.#return && !isDue ? this.#return : await ask(job!);
    if (!this.#tasks.has(task.worker)) return;
    if (!this.#return) {
      log("info", `job ${job}: ${why}`);
      this.#return = { why, isClosed };
    }
    if (isDue && isClosed) {
      this.#session.terminate([job!]);
      const detail = `${this.#return.why} (job ${job})`;
      return this.#giveUp(task, { cause: "never started", detail });
    }
    if (task.backSince === undefined) {
      task.listener.delayed?.(task.worker, this.#return.why);
    }
    if (task.backSince === undefined || isDue) task.backSince = performance.now();
  }
}

async function askReturn(job: string): Promise<Return> {
  return await (await import("./went_back.ts")).askReturn(job);
}
