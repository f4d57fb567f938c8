/**
 * The events that go into the dispatcher's state machine, and the actions that come out.
 * Times are milliseconds.
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

/** Settings for all runs of a dispatcher. */
export interface CoreSettings {
  /** The most workers at once. */
  workers: number;
  /** How long the scheduler may take to start a worker. */
  queueTimeout: number;
  /** How long a worker that has started may take to say `hello`. */
  startTimeout: number;
  /** How long a worker may take to load what a function imports. */
  loadTimeout: number;
  /** After this much silence a worker counts as disconnected. */
  silenceTimeout: number;
  /** How long a disconnected worker may take to come back. */
  reconnectGrace: number;
  /**
   * The cause that a disconnected worker is given if it does not come back and its
   * scheduler does not name one; `"unreachable"` by default.
   */
  lostCause?: WorkerLossCause;
}

/** Settings of one run: one call of `map`, or one `Job`. */
export interface RunSettings {
  /** Its number, unique within the dispatcher. */
  id: number;
  /** How often an item whose worker was lost is tried again. */
  retries: number;
  /** How often an item whose function threw is tried again. */
  retryErrors: number;
  /** How long it rests before that, the first time. */
  retryDelay: number;
  /** What this time is multiplied by for each further try. */
  retryFactor: number;
  /** How long one item may run; 0 for no limit. */
  timeout: number;
  /** Items per chunk. */
  chunkSize: number | "auto";
  /** For how many items to request workers, until the first items have come. */
  expected: number;
  /** A `Job`: nothing else waits behind it on its worker, and its start is announced. */
  exclusive: boolean;
}

/** Something that happened. */
export type CoreEvent =
  /** A run begins; its items come later. */
  | { type: "run"; run: RunSettings }
  /** This many more items of a run can be handed out. */
  | { type: "items"; run: number; count: number }
  /** How long an item took when the same code ran before. */
  | { type: "hint"; run: number; estimate: number }
  /** How large an item's argument is, in bytes. */
  | { type: "weighed"; run: number; weight: number }
  /** No more items will come. */
  | { type: "ended"; run: number }
  /** The run is over: forget its waiting items, and end those that run. */
  | { type: "cancel"; run: number }
  /** Ask running items to come to an end, and end them after a time. */
  | { type: "terminate"; run: number; grace: number }
  /** The scheduler started a worker. */
  | { type: "workerStarted"; worker: string }
  /** Why a worker is not queued yet, in the cluster's words; `undefined`: it is now. */
  | { type: "delayed"; worker: string; why: string | undefined }
  /** The scheduler saw a worker end, or could not start it. */
  | { type: "workerEnded"; worker: string; loss: WorkerLoss }
  /** A worker said `hello`, for the first time or again. */
  | { type: "hello"; worker: string; incarnation: string }
  /** Any sign of life. */
  | { type: "heard"; worker: string }
  /** A sign of life, while something large is on its way to or from the worker. */
  | { type: "moved"; worker: string }
  /** The connection to a worker is gone. */
  | { type: "disconnected"; worker: string }
  /** A worker broke the protocol. */
  | { type: "violation"; worker: string; detail: string }
  /** The first item of a chunk begins. */
  | { type: "began"; worker: string; chunk: number }
  /** A worker restarts its process, and hands back all that it has. */
  | { type: "restarting"; worker: string; why: string }
  /** Results came: of this many bytes, after this much work. */
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
    /** Whether the user wants no other try, whatever `retryErrors` says. */
    final?: boolean;
  }
  /** A worker hands back items: of each chunk those from an offset on. */
  | { type: "returned"; worker: string; cuts: readonly Cut[] }
  /** Chunks were recalled before they were sent. */
  | { type: "withdrawn"; worker: string; chunks: readonly number[] }
  /** Time has passed: this comes regularly, and when `wake` asked for it. */
  | { type: "tick" }
  /** There are no more runs: cancel all, and let the workers leave. */
  | { type: "close" };

/** Something to carry out. */
export type CoreAction =
  /** Ask the scheduler for workers of these names. */
  | { type: "request"; workers: string[] }
  /** Have the scheduler end a worker; `loss` is why, if it counts as lost. */
  | { type: "stop"; worker: string; loss?: WorkerLoss }
  /** Answer a worker's `hello`: with `welcome`, or with why it is refused. */
  | { type: "welcome"; worker: string; refused?: string }
  /** Send chunks of one run to a worker. */
  | { type: "assign"; worker: string; run: number; chunks: AssignedChunk[] }
  /** Ask a worker to hand back what it has not begun. */
  | { type: "recall"; worker: string }
  /** Send a `tick` after this many milliseconds. */
  | { type: "wake"; after: number }
  /** Tell a worker to drop chunks and to end the one it runs. */
  | { type: "cancel"; worker: string; chunks: number[] }
  /** Tell a worker to let a chunk come to an end. */
  | { type: "terminate"; worker: string; chunk: number; grace: number }
  /** Tell a worker to leave. */
  | { type: "leave"; worker: string }
  /** Read this many more items of a run, if there are any. */
  | { type: "pull"; run: number; count: number }
  /** The results in this segment of the event are those of these items. */
  | {
    type: "accept";
    run: number;
    segment: number;
    first: number;
    count: number;
  }
  /** An item has failed for good, after this many attempts. */
  | { type: "fail"; run: number; index: number; failure: Failure; attempts: number }
  /** No worker can come: what is left fails for this reason; the run is over. */
  | { type: "abandon"; run: number; loss: WorkerLoss; left: Left[] }
  /** Every item is settled; the run is over. */
  | { type: "done"; run: number };

/** Consecutive items that are not settled, and how often each was tried. */
export interface Left {
  first: number;
  count: number;
  attempts: number;
}

/** How an item failed. `reported`: the worker's message says how. */
export type Failure =
  | { kind: "reported"; reason: FailureReason }
  | { kind: "timeout" }
  | { kind: "cancelled" }
  | { kind: "lost"; losses: WorkerLoss[] }
  /** It had a worker's whole run time, and did not end. */
  | { kind: "overlong"; loss: WorkerLoss };
