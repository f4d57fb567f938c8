/**
 * What goes into a worker's state machine and what comes out of it. Times are
 * milliseconds.
 *
 * @module
 */

import type { Flow } from "../../protocol/link.ts";
import type { FromThread, ToThread } from "../between/thread_messages.ts";

/** What holds for a worker from its beginning to its end. */
export interface WorkerSettings {
  /** The identity that the host gave to the worker. */
  worker: string;
  /** Of its process. */
  pid: number;
  /** The machine's name. */
  host: string;
  /** What tells this process from others that are or were the same worker. */
  incarnation: string;
  /** Another part of the worker notices when the host ends. */
  watched: boolean;
  /** How much travels at once. */
  flow: Flow;
  /** Memory that the host may use, too, if there is any: its file, and its content. */
  memory?: { fd: number; bytes: Uint8Array } | undefined;
  /** How often `hello` is said until it is answered. */
  helloInterval: number;
  /** How often a sign of life is given. */
  heartbeatInterval: number;
  /** How long the first `hello` may wait for its answer. */
  connectTimeout: number;
  /** How long any later one may. */
  reconnectGrace: number;
  /**
   * How long the host may take to say that it has more of what was reported, before a
   * restart.
   */
  farewell: number;
  /** How long the thread may take to load what a function imports. */
  loadTimeout: number;
}

/** Why a worker has ended. */
export type Outcome =
  | "told to leave"
  | "refused"
  /** It had been there, and does not answer any more. */
  | "host lost"
  /** It never answered. */
  | "host not reached"
  /** What the thread runs must not go on. */
  | "restart"
  /** The thread cannot begin. */
  | "no thread";

/** What the worker waits for: a name for each, and one for each chunk that was asked to end. */
export type Timer =
  | "heartbeat"
  /** For the answer to `hello`: until it is said again, and until it is too late. */
  | "hello"
  | "answer"
  /** For the host, to have all that was reported. */
  | "farewell"
  /** For the next look at the thread. */
  | "look"
  /** For the end of the time that an item has. */
  | "overdue"
  /** For more prints, to report them together. */
  | "prints"
  /** For the thread, to rest before the worker leaves. */
  | "rest"
  | `grace ${number}`;

/** Something that happened. */
export type WorkerEvent =
  /** The worker is to join its host. */
  | { type: "begin" }
  /** There is a new connection: what was said on the last one may be lost. */
  | { type: "connected" }
  /** A message of the host came. */
  | { type: "arrived"; frames: Uint8Array[] }
  /** The thread said something. */
  | { type: "said"; message: FromThread }
  /** The thread may have left results. */
  | { type: "called" }
  /** All that the thread had said is told. */
  | { type: "drained" }
  /** The thread has ended by itself, or has become unreadable. */
  | { type: "crashed"; why: string }
  /** Time is up. */
  | { type: "timer"; timer: Timer };

/** Something to do. */
export type WorkerAction =
  /** Send a message to the host. */
  | { type: "send"; frames: Uint8Array[] }
  /** Say something to the thread. */
  | { type: "tell"; message: ToThread }
  /** The thread may print so many characters more. */
  | { type: "read"; length: number }
  /** Hear what the thread has said, then say `drained`. */
  | { type: "drain" }
  /** Say `timer` after a time. This replaces an earlier request for the same timer. */
  | { type: "set"; timer: Timer; after: number }
  /** Do not say `timer`. */
  | { type: "clear"; timer: Timer }
  /** Tell whoever reads what the process prints. */
  | { type: "print"; text: string }
  /** It is over: why, and what else there is to say of that. */
  | { type: "end"; outcome: Outcome; why: string };
