/**
 * A program that tests run as an ordinary user on the cluster's submit host: one map, as
 * its argument says. It prints a line of JSON for each thing that happens, and the last
 * one tells what came of it.
 *
 * @module
 */

import {
  GridEngineScheduler,
  type GridEngineSchedulerOptions,
  JobDispatcher,
  map,
  type Settings,
  settings,
  type WorkerLoss,
  WorkerLostError,
} from "../../mod.ts";
import { functions, type Place } from "./_cluster_functions.ts";

/** What to do. */
export interface MapOrder {
  /** The function to run. */
  run: keyof typeof functions;
  /** How many items; its argument has the item's number, and the ground. */
  items: number;
  /** A directory that all hosts see, where functions and tests meet. */
  ground: string;
  /** How often to run it, one after the other on the same workers; once by default. */
  times?: number;
  /** What the scheduler is made with. */
  scheduler?: GridEngineSchedulerOptions;
  /** Settings that differ from the usual ones. */
  settings?: Partial<Settings>;
  /** How often an item is tried again whose worker was lost. */
  retries?: number;
  /** Whether it says again and again how it stands, in the file `standing` of the ground. */
  watched?: boolean;
  /** Whether the map is aborted as soon as there is the file `abort` in the ground. */
  abortable?: boolean;
}

/** What came of a map. */
export interface Outcome {
  /** For each item, in order: where it ran, or how it failed. */
  results: (Place | Failed)[];
  /** The error that kept the map from being run at all. */
  error?: Failed;
  /** How long after the abort it was thrown, in milliseconds. */
  abortedAfter?: number;
  /** How many workers were asked for until then, and how many were lost. */
  requested: number;
  /** How many workers were lost until then. */
  lost: number;
  /** How many messages broke the protocol until then. */
  violations: number;
}

/** How a map stands. */
export interface Standing {
  /** How many items have their results. */
  done: number;
  /** How many workers are silent. */
  disconnected: number;
}

/** How an item failed, or a map. */
export interface Failed {
  /** The name of the error's class. */
  error: string;
  /** What it says. */
  message: string;
  /** How workers were lost under it. */
  attempts: readonly WorkerLoss[];
}

/** What it prints. */
export type Told =
  /** The scheduler's session is open. */
  | { tell: "open"; keeper: number }
  | { tell: "outcome"; outcome: Outcome }
  /** All is closed. */
  | { tell: "closed" };

function tell(told: Told): void {
  console.log(JSON.stringify(told));
}

function failed(error: unknown): Failed {
  const { name, message } = error as Error;
  const attempts = error instanceof WorkerLostError ? error.attempts : [];
  return { error: name, message, attempts };
}

/** Aborts when there is a file. */
function whenThere(path: string): { signal: AbortSignal; since(): number } {
  const controller = new AbortController();
  let at = NaN;
  const timer = setInterval(() => {
    try {
      Deno.statSync(path);
    } catch {
      return;
    }
    clearInterval(timer);
    at = performance.now();
    controller.abort(new Error("There is enough"));
  }, 50);
  return { signal: controller.signal, since: () => performance.now() - at };
}

/** Says again and again how things stand, until the end of the `using` block. */
function watch(dispatcher: JobDispatcher, path: string): Disposable {
  const timer = setInterval(() => {
    const { done, workers: { disconnected } } = dispatcher.stats();
    const standing: Standing = { done, disconnected };
    Deno.writeTextFileSync(path, JSON.stringify(standing));
  }, 50);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

async function main(order: MapOrder): Promise<void> {
  const { items, ground, run, times = 1, retries } = order;
  Object.assign(settings, order.settings);
  await using scheduler = new GridEngineScheduler(order.scheduler);
  await scheduler.open();
  tell({ tell: "open", keeper: scheduler.keeperPid! });
  await using dispatcher = new JobDispatcher({ scheduler });
  using _watch = order.watched ? watch(dispatcher, `${ground}/standing`) : undefined;
  for (let time = 0; time < times; time++) {
    const args = Array.from({ length: items }, (_, item) => ({ item, ground }));
    const aborting = order.abortable ? whenThere(`${ground}/abort`) : undefined;
    const options = {
      reraise: false,
      ...(retries !== undefined && { retries }),
      ...(aborting && { signal: aborting.signal }),
    };
    let results: Outcome["results"] = [];
    let error: Failed | undefined;
    try {
      // A map on workers of its own has them to close when it is aborted.
      const settled: unknown[] = order.abortable
        ? await map(functions[run], args, { scheduler, ...options })
        : await dispatcher.map(functions[run], args, options);
      results = settled.map((result) =>
        result instanceof Error ? failed(result) : result as Place
      );
    } catch (reason) {
      error = failed(reason);
    }
    const abortedAfter = aborting?.since();
    const { workersRequested: requested, workersLost: lost, violations } = dispatcher
      .stats();
    const outcome = {
      results,
      ...(error && { error }),
      ...(abortedAfter !== undefined && { abortedAfter }),
      requested,
      lost,
      violations,
    };
    tell({ tell: "outcome", outcome });
  }
}

if (import.meta.main) {
  try {
    await main(JSON.parse(Deno.args[0]!));
  } catch (error) {
    const outcome = {
      results: [],
      error: failed(error),
      requested: 0,
      lost: 0,
      violations: 0,
    };
    tell({ tell: "outcome", outcome });
  }
  tell({ tell: "closed" });
}
