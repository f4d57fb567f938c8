/**
 * What goes into the dispatcher's state machine and what comes out of it. Times are
 * milliseconds.
 *
 * @module
 */

import type { WorkerLoss, WorkerLossCause } from "../errors.ts";
import type {
  AssignedChunk,
  Cut,
  FailureReason,
  Segment,
} from "../protocol/messages.ts";

/** What holds for all runs of a dispatcher. */
export interface CoreSettings {
  /** The most workers at once. */
  workers: number;
  /** How long a worker may wait until the scheduler starts it. */
  queueTimeout: number;
  /** How long a worker that has started may take until it says `hello`. */
  startTimeout: number;
  /** How long a worker may take to load what a function imports. */
  loadTimeout: number;
  /** After how much silence a worker counts as disconnected. */
  silenceTimeout: number;
  /** How long a disconnected worker may take to come back. */
  reconnectGrace: number;
  /**
   * Why a worker is gone whose connection was lost, where its scheduler does not say so
   * in that time; `"unreachable"` by default.
   */
  lostCause?: WorkerLossCause;
}

/** What holds for one run: one call of `map`, or one `Job`. */
export interface RunSettings {
  /** Its number, unique within the dispatcher. */
  id: number;
  /** How often an item whose worker was lost is tried again. */
  retries: number;
  /** How often an item whose function threw is tried again. */
  retryErrors: number;
  /** How long one item may run; 0 for as long as it likes. */
  timeout: number;
  /** Items per chunk. */
  chunkSize: number | "auto";
  /** How many items to get workers for, until the first ones are there. */
  expected: number;
  /** A `Job`: nothing else waits behind it on its worker, and its start is announced. */
  exclusive: boolean;
}

/** Something that happened. */
export type CoreEvent =
  /** A run begins; its items are yet to come. */
  | { type: "run"; run: RunSettings }
  /** So many more items of a run can be handed out. */
  | { type: "items"; run: number; count: number }
  /** How long an item took when the same code ran before. */
  | { type: "hint"; run: number; estimate: number }
  /** How many bytes an item's argument has. */
  | { type: "weighed"; run: number; weight: number }
  /** No more items will come. */
  | { type: "ended"; run: number }
  /** The run is over: forget what waits and end what runs. */
  | { type: "cancel"; run: number }
  /** Let what runs come to an end within a time, then end it. */
  | { type: "terminate"; run: number; grace: number }
  /** The scheduler started a worker. */
  | { type: "workerStarted"; worker: string }
  /** A worker is not in the queue yet: why, in the cluster's words; or it is now. */
  | { type: "delayed"; worker: string; why: string | undefined }
  /** The scheduler saw a worker end, or could not start it. */
  | { type: "workerEnded"; worker: string; loss: WorkerLoss }
  /** A worker said `hello`, for the first time or again. */
  | { type: "hello"; worker: string; incarnation: string }
  /** Any sign of life. */
  | { type: "heard"; worker: string }
  /** A sign of life of a worker that something large is under way to, or from. */
  | { type: "moved"; worker: string }
  /** The connection to a worker is gone. */
  | { type: "disconnected"; worker: string }
  /** A worker broke the protocol. */
  | { type: "violation"; worker: string; detail: string }
  /** The first item of a chunk begins. */
  | { type: "began"; worker: string; chunk: number }
  /** A worker starts its process anew, and hands back all that it has. */
  | { type: "restarting"; worker: string; why: string }
  /** Results came in: `bytes` long, after `elapsed` of work. */
  | {
    type: "results";
    worker: string;
    segments: Segment[];
    elapsed: number;
    bytes: number;
  }
  /** An item has no result. */
  | {
    type: "failed";
    worker: string;
    chunk: number;
    offset: number;
    reason: FailureReason;
    exitStatus: number;
  }
  /** A worker hands back the items of chunks from an offset of each on. */
  | { type: "returned"; worker: string; cuts: readonly Cut[] }
  /** The host has chunks back that were recalled before they were sent. */
  | { type: "withdrawn"; worker: string; chunks: readonly number[] }
  /** Time passed: a while, or as long as `wake` asked for. */
  | { type: "tick" }
  /** No more runs: cancel all and send the workers home. */
  | { type: "close" };

/** Something to do. */
export type CoreAction =
  /** Ask the scheduler for workers of these names. */
  | { type: "request"; workers: string[] }
  /** Have the scheduler end a worker; it is lost for this reason, if for any. */
  | { type: "stop"; worker: string; loss?: WorkerLoss }
  /** The worker's `hello` is answered: with `welcome`, or with why not. */
  | { type: "welcome"; worker: string; refused?: string }
  /** Send chunks of one run to a worker. */
  | { type: "assign"; worker: string; run: number; chunks: AssignedChunk[] }
  /** Ask a worker to hand back what it has not begun. */
  | { type: "recall"; worker: string }
  /** Tick in so many milliseconds. */
  | { type: "wake"; after: number }
  /** Tell a worker to drop chunks and to end the one it runs. */
  | { type: "cancel"; worker: string; chunks: number[] }
  /** Tell a worker to let a chunk come to an end. */
  | { type: "terminate"; worker: string; chunk: number; grace: number }
  /** Tell a worker to go. */
  | { type: "leave"; worker: string }
  /** Make so many more items of a run available, if there are any. */
  | { type: "pull"; run: number; count: number }
  /** The results of segment number `segment` are those of these items. */
  | {
    type: "accept";
    run: number;
    segment: number;
    first: number;
    count: number;
  }
  /** An item has failed for good. */
  | { type: "fail"; run: number; index: number; failure: Failure }
  /** No worker can come: what is not settled fails for this reason; the run is over. */
  | { type: "abandon"; run: number; loss: WorkerLoss }
  /** Every item is settled; the run is over. */
  | { type: "done"; run: number };

/** How an item failed. `reported`: the worker's message says it. */
export type Failure =
  | { kind: "reported"; reason: FailureReason }
  | { kind: "timeout" }
  | { kind: "cancelled" }
  | { kind: "lost"; losses: WorkerLoss[] };
