/**
 * What starts workers, and says how they end: late, or not before it is told to stop
 * them; and what makes them wait, or never come.
 *
 * @module
 */

import type { WorkerLoss } from "../../src/errors.ts";
import type { Clock } from "./clock.ts";
import type { Ends, Frames } from "./network.ts";
import type { Scenario } from "./scenario.ts";
import { WorkerProcess } from "./worker_process.ts";

/** What the scheduler tells. */
export interface SchedulerEvents {
  say(what: string): void;
  started(worker: string): void;
  ended(worker: string, loss: WorkerLoss): void;
  /** The host's end of a worker's wire. */
  ends(worker: string): Pick<Ends, "host" | "lost">;
}

/** Of what a worker dies whose job has run too long. */
const LIMIT = "its run time limit";

interface Entry {
  id: string;
  process: WorkerProcess | undefined;
  /** The one that the host hears, and whose wire it speaks into. */
  connected: WorkerProcess | undefined;
  stopped: boolean;
  /** Whether its end was told, which is done once. */
  told: boolean;
  /** How often its job was begun. */
  jobs: number;
}

/** All workers that were ever asked for. */
export class SchedulerModel {
  readonly #clock: Clock;
  readonly #scenario: Scenario;
  readonly #events: SchedulerEvents;
  readonly #entries = new Map<string, Entry>();
  #incarnations = 0;

  constructor(clock: Clock, scenario: Scenario, events: SchedulerEvents) {
    this.#clock = clock;
    this.#scenario = scenario;
    this.#events = events;
  }

  /** The last process of this name, if there was one. */
  process(worker: string): WorkerProcess | undefined {
    return this.#entries.get(worker)?.process;
  }

  /**
   * Says something to a worker, over its last connection. What is meant for a process
   * that was replaced reaches nobody.
   */
  transmit(worker: string, frames: Frames, incarnation?: string): void {
    const process = this.#entries.get(worker)?.connected;
    const meant = incarnation === undefined || process?.incarnation === incarnation;
    if (meant) process?.wire.toWorker(frames);
  }

  /** The processes that live, and could know that they should not. */
  lingering(): string[] {
    return [...this.#entries.values()]
      .filter(({ process }) => process && !process.death && process.reachable)
      .map(({ id }) => id);
  }

  /** The workers whose end was not told. */
  alive(): string[] {
    return [...this.#entries.values()].filter((e) => !e.told).map((e) => e.id);
  }

  /** The story is told: what still lives ends. */
  end(): void {
    for (const { process } of this.#entries.values()) process?.die("the end");
  }

  start(workers: string[]): void {
    for (const id of workers) {
      const none = { process: undefined, connected: undefined };
      const entry = { id, ...none, stopped: false, told: false, jobs: 0 };
      this.#entries.set(id, entry);
      this.#queue(entry);
    }
  }

  stop(worker: string): void {
    const entry = this.#entries.get(worker)!;
    const { random } = this.#scenario;
    entry.stopped = true;
    this.#clock.after(random.between(0, 300), () => {
      if (entry.process && !entry.process.death) entry.process.die("stopped");
      this.#tell(entry, "deleted");
    });
  }

  #queue(entry: Entry): void {
    const { random, faults, settings } = this.#scenario;
    if (random.chance(faults.refuseStart)) {
      this.#clock.after(
        random.between(0, 300),
        () => this.#tell(entry, "never started"),
      );
      return;
    }
    if (random.chance(faults.neverStart)) return;
    const delay = random.chance(faults.lateStart)
      ? settings.queueTimeout + random.between(0, 1000)
      : random.chance(0.9)
      ? random.between(0, 300)
      : random.between(0, 1500);
    this.#clock.after(delay, () => {
      // It may start though it was taken out of the queue a moment ago.
      if (!entry.told && (!entry.stopped || random.chance(0.5))) this.#run(entry);
    });
  }

  #run(entry: Entry): void {
    const { random, lifetime } = this.#scenario;
    this.#begin(entry);
    const job = ++entry.jobs;
    if (lifetime < Infinity) {
      this.#clock.after(lifetime, () => {
        if (entry.jobs === job && !entry.process?.death) entry.process?.die(LIMIT);
      });
    }
    // Looked up now and then: the worker itself may be faster.
    const delay = random.chance(0.8) ? random.between(0, 100) : random.between(0, 3000);
    this.#clock.after(delay, () => {
      if (!entry.told) this.#events.started(entry.id);
    });
    const { toldWronglyEvery } = this.#scenario.faults;
    if (toldWronglyEvery === Infinity) return;
    this.#clock.after(random.wait(toldWronglyEvery), () => this.#lie(entry));
  }

  /** Says that a worker has ended which lives. */
  #lie(entry: Entry): void {
    const { process } = entry;
    if (entry.told || entry.stopped || !process || process.death) return;
    process.excuse ??= "said to have ended";
    this.#events.say(`worker ${entry.id} is said to have ended, and lives`);
    this.#tell(entry, "unknown");
  }

  /** Begins a process. When one is connected, those before it are heard no more. */
  #begin(entry: Entry): void {
    const before = entry.process;
    const { id } = entry;
    const number = ++this.#incarnations;
    this.#events.say(`worker ${id} starts as process ${number}`);
    const { host, lost } = this.#events.ends(id);
    let overtaken = false;
    const ends = {
      host: (frames: Frames) => {
        if (entry.connected !== process) {
          if (overtaken) return;
          entry.connected = process;
          overtaken = true;
        }
        host(frames);
      },
      lost: () => {
        if (entry.connected === process) lost();
      },
    };
    const process: WorkerProcess = new WorkerProcess(
      id,
      `${number}`,
      this.#clock,
      this.#scenario,
      ends,
      {
        say: (what) => this.#events.say(what),
        died: (worker) => this.#died(entry, worker),
        restarted: () => {
          const delay = this.#scenario.random.between(20, 200);
          this.#clock.after(delay, () => this.#restart(entry));
        },
      },
    );
    entry.process = process;
    // Where the one before it went in good order, nothing is held against this one.
    const orderly = before?.death === "restart";
    process.excuse = before?.excuse ?? (orderly ? undefined : before?.death);
  }

  #restart(entry: Entry): void {
    if (!entry.stopped && !entry.told) this.#begin(entry);
  }

  #died(entry: Entry, worker: WorkerProcess): void {
    const { random, faults } = this.#scenario;
    if (worker !== entry.process) return;
    if (worker.death === "killed" && random.chance(faults.rerun)) {
      this.#clock.after(random.between(0, 1000), () => {
        if (!entry.stopped) this.#run(entry);
      });
      return;
    }
    if (!entry.stopped && random.chance(faults.unseenEnd)) return;
    const cause = worker.death === LIMIT ? "run time limit" : "signal";
    this.#clock.after(random.between(0, 400), () => this.#tell(entry, cause));
  }

  #tell(entry: Entry, cause: WorkerLoss["cause"]): void {
    if (entry.told) return;
    entry.told = true;
    const detail = entry.process?.death ?? "it never was";
    this.#events.ended(entry.id, { cause, detail });
  }
}
