/**
 * What the ledger knows of runs, items, chunks and workers.
 *
 * @module
 */

import type { Failure } from "../../src/core/events.ts";
import type { RunPlan } from "./scenario.ts";

/** What became of an item. */
export type Outcome = "accepted" | "abandoned" | Failure;

/** What a message carried that the core is not shown. */
export interface Carried {
  /** The results, or the argument of the item that failed. */
  values?: number[];
}

/** What the models know. */
export interface Witness {
  /** Whether a worker is beyond reproach: it runs and was neither cut off nor frozen. */
  healthy(worker: string): boolean;
  /** Whether a worker does what it should as soon as it should, if only it is reached. */
  prompt(worker: string): boolean;
  /** Since when nothing keeps a worker and the host from hearing each other. */
  calmSince(worker: string): number;
  /** Something happened that is worth counting. */
  count(what: string): void;
}

/** A chunk that is with a worker. */
export interface Held {
  chunk: number;
  worker: WorkerAccount;
  run: RunAccount;
  first: number;
  count: number;
  /** How many of its items are settled or handed back. */
  done: number;
  /** An item before its own failed, so that its worker may hand it back. */
  excused: boolean;
  /** Since when it is with the worker. */
  since: number;
}

/** A worker that was asked for and not given up. */
export interface WorkerAccount {
  id: string;
  state: "asked for" | "ready" | "away" | "restarting";
  /** Which of its processes it is. */
  incarnation: string;
  /** Its process has settled something, or was told to end something: it may restart. */
  excused: boolean;
  heard: number;
  /** When a part of a larger message last went one way or the other. */
  moved: number;
  chunks: Held[];
  /** It has an item that must be alone. */
  alone: boolean;
  /** When it came, in the life of its job. */
  came: number;
  /** Whether it has settled an item since. */
  used: boolean;
  /** Whether its job is known to have run into its limit. */
  late: boolean;
}

/** A run that has begun. */
export class RunAccount {
  readonly plan: RunPlan;
  readonly outcomes: (Outcome | undefined)[];
  available = 0;
  settled = 0;
  ended = false;
  terminating = false;
  /** How many chunks were handed back since an item was last settled. */
  handedBack = 0;
  over: "done" | "cancelled" | "abandoned" | undefined;
  /** No worker came for it before its first item did. */
  hopeless = false;
  /** How often each item was tried in vain. */
  readonly tries: number[];
  /** How often each item was reported to have thrown. */
  readonly throws: number[];
  /** Until when items rest that threw. */
  readonly rests = new Map<number, number>();
  /** Items that threw, and that their user does not want to be tried again. */
  readonly final = new Set<number>();
  /** The workers that were lost, or whose threads were, while they had only this item. */
  readonly charges: string[][];
  /** Items that were lost together with others, and are to run alone. */
  readonly suspects = new Set<number>();
  /** Items that were cut off by their worker's limit, and need a fresh one. */
  readonly fresh = new Set<number>();
  /** The shares of their workers' times that items had which were cut off. */
  readonly shares = new Map<number, number[]>();
  /** The chunk that each item was last in. */
  readonly places: (Held | undefined)[];

  /** @param plan What it is. */
  constructor(plan: RunPlan) {
    this.plan = plan;
    this.outcomes = plan.items.map(() => undefined);
    this.throws = plan.items.map(() => 0);
    this.charges = plan.items.map(() => []);
    this.tries = plan.items.map(() => 0);
    this.places = plan.items.map(() => undefined);
  }
}

/** How many items of a run rest now. */
export function restingOf({ rests }: RunAccount, now: number): number {
  let count = 0;
  for (const until of rests.values()) if (until > now) count++;
  return count;
}

/** How many items of a chunk are left. */
export function leftOf({ count, done }: Held): number {
  return count - done;
}

/** Says what the core did wrong, if it did. */
export function must(holds: boolean | undefined, wrong: string): asserts holds {
  if (!holds) throw new Error(`The dispatcher did wrong: ${wrong}`);
}
