/**
 * What a caller hands to the engine: what to run, and who is told.
 *
 * @module
 */

import type { Code } from "../closure/capture/capture.ts";
import type { CoreAction, CoreEvent, RunSettings } from "../core/events.ts";
import type { List } from "../protocol/lists.ts";
import type { ItemTimes } from "../protocol/messages.ts";
import type { Where } from "./failures.ts";
import type { ItemSource } from "./item_source.ts";
import type { JobOutput } from "./job_output.ts";
import type { WorkerInfo } from "./worker_info.ts";

/** What is known of the attempts at an item that has failed for good. */
export interface Attempts {
  /** How many there were. */
  attempts: number;
  /** The last lines that it printed in the last one. */
  output: readonly string[];
}

/** Is told what happens in a run. */
export interface RunListener {
  /** Items have these results. */
  results(first: number, values: List): void;
  /** An item has failed for good. */
  failed(index: number, error: unknown, attempts: Attempts): void;
  /** No worker can come for an item that is left. Then the run is over, for this error. */
  abandoned?(index: number, error: unknown, attempts: Attempts): void;
  /** The run is over: all items are settled, or they never will be, for this error. */
  ended(error?: Error): void;
  /** The run's only item has begun. */
  started?(worker: WorkerInfo): void;
  /** The run's only item has sent a value. */
  message?(value: unknown): void;
}

/**
 * Records what happens during a run, for a report. It is told the events of all runs; its
 * own run is the first that begins after it started to listen.
 */
export interface RunRecorder {
  /** An event happened, and the core decided on these actions. */
  observe(event: CoreEvent, actions: readonly CoreAction[], now: number): void;
  /** A worker has come. */
  present(worker: WorkerInfo, now: number): void;
  /** How long items took on a worker, one after the other up to now. */
  took(worker: string, times: ItemTimes, now: number): void;
  /** This many bytes of code or arguments were sent. */
  sent(bytes: number): void;
  /** An item has failed for good. */
  failed(index: number, error: unknown, where: Where, now: number): void;
  /** All items that are left, this many, have failed for good. */
  abandoned(count: number, error: unknown): void;
}

/** What to run. */
export interface RunRequest {
  /** The name of the run. */
  name: string;
  /** What the workers run. */
  code: () => Promise<Code>;
  /** The same, for an engine that runs it in the program itself: the user's own function. */
  here: (item: unknown) => unknown;
  /** The items that they run it over. */
  items: ItemSource;
  /** The settings of the run. */
  settings: Omit<RunSettings, "id">;
  /** The seed for the random numbers of its items. */
  seed: number;
  /** Takes what its items print. */
  output: JobOutput;
  /** Whether the program may end before it. */
  daemon: boolean;
  /** Whether items that were read still run to their end when the source fails. */
  drains?: boolean;
  /** Says whether what a function threw is worth another try; without it, each is. */
  isWorthRetrying?: ((error: unknown) => boolean) | undefined;
  /** What the stack of an error that the function throws says besides. */
  note?: string | undefined;
  /** Is told what happens. */
  listener: RunListener;
  /** Records what happens, if that is wanted. */
  recorder?: RunRecorder | undefined;
}
