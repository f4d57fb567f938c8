/**
 * The record of a run: the data behind its report, as the page contains it. Times are
 * milliseconds; moments are counted from the beginning of the run.
 *
 * @module
 */

/** How a run ended, and with which error. */
export interface Ending {
  how: "finished" | "failed" | "aborted" | "left early";
  error?: string;
}

/** What a worker's time was spent on. */
export const BAR_KINDS = ["run", "lost", "cancelled", "running"] as const;

/** See {@linkcode BAR_KINDS}. */
export type BarKind = (typeof BAR_KINDS)[number];

/**
 * A stretch of time in which a worker ran items: from, to, how long it ran them, how many
 * tries, how many of them failed, and the index of its kind in {@linkcode BAR_KINDS}.
 */
export type BarRecord = [number, number, number, number, number, number];

/** What one worker did. */
export interface WorkerRecord {
  worker: string;
  host?: string;
  pid?: number;
  /** When it was requested; absent if it was there before the run. */
  asked?: number;
  /** When its process was started, as its scheduler says. */
  started?: number;
  /** When it was ready to work. */
  ready?: number;
  /** When it was lost, and why. */
  lost?: number;
  cause?: string;
  /** How many tries have ended on it. */
  tries: number;
  /** How long it ran tries that count. */
  work: number;
  /** How long it ran tries that were lost or repeated. */
  wasted: number;
  bars: BarRecord[];
}

/** An item and how long it took. */
export interface SlowItem {
  index: number;
  elapsed: number;
  worker: string;
  at: number;
}

/** An item that failed for good. */
export interface FailureRecord {
  index: number;
  /** The class of the error. */
  name: string;
  message: string;
  /** Where it was thrown, if that is known. */
  stack: string;
  worker?: string;
  host?: string;
  at: number;
}

/** A worker that ended before it was told to. */
export interface LossRecord {
  worker: string;
  host?: string;
  pid?: number;
  cause: string;
  detail: string;
  at: number;
  /** How many items were with it. */
  items: number;
  /** How long it had been running its item. */
  wasted: number;
}

/** How long items ran. */
export interface TimesRecord {
  count: number;
  sum: number;
  least: number;
  most: number;
  /** Percentiles: 50, 95 and 99 % of the items took at most this long. */
  median: number;
  p95: number;
  p99: number;
  /** Bins: from, to and how many. Each is longer than the last by the same factor. */
  bins: [number, number, number][];
}

/** Where the time of all workers went: the sum over them. */
export interface BudgetRecord {
  /** Running tries that count. */
  work: number;
  /** Running tries that were lost, repeated or cancelled. */
  wasted: number;
  /** Ready, but without work. */
  idle: number;
  /** From the start of the process until it was ready. */
  starting: number;
  /** From the request until the start, for example in a queue. */
  queued: number;
}

/** A run. */
export interface RunRecord {
  name: string;
  /** When it began, as ISO 8601. */
  startedAt: string;
  /** From the beginning to the end, or until now. */
  wall: number;
  /** Absent while the run goes on. */
  ending?: Ending;
  items: {
    /** How many there are; how many so far, unless `all`. */
    total: number;
    all: boolean;
    done: number;
    failed: number;
    /** How many tries there were, not counting the first one of each item. */
    retried: number;
  };
  /** The most workers that were ready at once. */
  peak: number;
  /** The share of work in the time of that many workers. */
  efficiency: number;
  /** How long that many workers would take if they were never idle. */
  ideal: number;
  budget: BudgetRecord;
  times: TimesRecord;
  slowest: SlowItem[];
  /** The first failures. */
  failures: FailureRecord[];
  /** How many failures there are for each class of error. */
  causes: [string, number][];
  /** The first losses. */
  losses: LossRecord[];
  lossCount: number;
  /** The first workers. */
  workers: WorkerRecord[];
  workerCount: number;
  /** Neighbouring bars that are together no longer than this became one. */
  resolution: number;
  /** How many bytes of code and arguments were sent, and of results received. */
  sent: number;
  received: number;
}
