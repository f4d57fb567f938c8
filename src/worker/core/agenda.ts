/**
 * What the parts of a worker's core have in common: the time, and what is to be done.
 *
 * @module
 */

import type { Outcome, Timer, WorkerAction } from "./events.ts";

/** The actions of one event. */
export class Agenda {
  /** When the event happened. */
  now = 0;
  /** Why the worker has ended, once it has. */
  outcome: Outcome | undefined;
  #actions: WorkerAction[] = [];

  /** Adds something to do. */
  add(action: WorkerAction): void {
    if (this.outcome === undefined) this.#actions.push(action);
  }

  /** Has a timer told after a time. */
  set(timer: Timer, after: number): void {
    this.add({ type: "set", timer, after });
  }

  /** Has a timer not told. */
  clear(timer: Timer): void {
    this.add({ type: "clear", timer });
  }

  /** Ends the worker: nothing comes after this. */
  end(outcome: Outcome, why = ""): void {
    this.add({ type: "end", outcome, why });
    this.outcome ??= outcome;
  }

  /** Gives what is to be done, in this order. */
  take(): WorkerAction[] {
    const actions = this.#actions;
    this.#actions = [];
    return actions;
  }
}
