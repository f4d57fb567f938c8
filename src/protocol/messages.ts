/**
 * Every message between a worker and the host, in both directions.
 *
 * A message is a list of frames. Frame 0 is the header, ten bytes, little-endian:
 *
 * | bytes | what |
 * |---|---|
 * | 0 | the protocol version, {@linkcode PROTOCOL_VERSION} |
 * | 1 | the message type, {@linkcode TYPES} |
 * | 2–5 | the sequence number (uint32), from 1, given when it is put on the wire; 0 for a message outside the sequence |
 * | 6–9 | the highest sequence number received from the other side so far (uint32) |
 *
 * Between processes of one machine, large frames may lie in shared memory. Then 128 is
 * added to the type, and one more frame says where they lie: see `shared_frames.ts`.
 *
 * The frames after the header depend on the type. `numbers` is one frame of float64,
 * `text` one frame of UTF-8, `value` one frame of structured clone (V8's serializer), and
 * `list` one frame or more, as `lists.ts` writes them.
 *
 * | direction | type | sequenced | frames after the header |
 * |---|---|---|---|
 * | worker → host | `hello` | no | text: JSON of {@linkcode Hello} |
 * | | `heartbeat` | no | none |
 * | | `started` | yes | numbers: chunk |
 * | | `results` | yes | numbers: elapsed, then chunk, from, count for each segment; list: all their results |
 * | | `times` | yes | numbers: chunk, offset, elapsed for each item |
 * | | `failed` | yes | numbers: chunk, offset, reason (index in {@linkcode FAILURE_REASONS}), exit status; value: the failure |
 * | | `returned` | yes | numbers: chunk, from, for one chunk or more |
 * | | `message` | yes | numbers: chunk; value: what was sent |
 * | | `output` | yes | numbers: chunk, offset, level (index in {@linkcode CONSOLE_LEVELS}), time of the epoch and length for each {@linkcode Print}; text: all of them |
 * | | `restarting` | yes | text: why, for people; empty if a failure says it |
 * | host → worker | `welcome` | no | numbers: highest sequence number received, shared memory (0 or 1); text: the incarnation that is welcome |
 * | | `refused` | no | text: why |
 * | | `heartbeat` | no | none |
 * | | `code` | yes | numbers: code; value: the payload of `src/closure/` |
 * | | `assign` | yes | numbers: code, timeout (0 for none), announce (0 or 1), measure (0 or 1), logs (index in {@linkcode LOG_MODES}), seed, then chunk, first, count, attempt for each chunk; text: the run's name; list: all their arguments |
 * | | `forget` | yes | numbers: code, one or more |
 * | | `recall` | yes | none |
 * | | `cancel` | yes | numbers: chunk, one or more |
 * | | `terminate` | yes | numbers: chunk, grace |
 * | | `message` | yes | numbers: chunk; value: what was sent |
 * | | `leave` | no | none |
 * | both | `piece` | yes | numbers: the number of the message in pieces, and how many frames it has (0 in all pieces but its first); bytes, in any number of frames |
 * | | `withdrawn` | yes | numbers: the number of the message in pieces |
 *
 * A large message travels in pieces, see `pieces.ts`; its own header then has no sequence
 * numbers. Pieces of other messages, and whole messages, may come between its pieces.
 * `withdrawn` says that the rest of it will not come. `order.ts` says which messages may
 * overtake each other.
 *
 * Times are milliseconds. A conversation goes like this: the worker says `hello`, again
 * and again until it is answered; the host answers `welcome` or `refused`; from then on
 * both send sequenced messages. When the connection was lost, the worker says `hello`
 * again. Each side tells the other what it has received, and sends the rest again: see
 * `link.ts`.
 *
 * The items of a chunk run in order, and are reported in order. `results` and `failed`
 * name an offset. Items of the chunk before that offset that were not reported are handed
 * back by this, to be run again.
 *
 * When the host sends `recall`, the worker hands back what it has not begun: `returned`
 * names the first such item of a chunk, and all items behind it are handed back, too. The
 * worker still reports the items before it.
 *
 * `started` says that the first item of a chunk begins. It is sent for each chunk if
 * `assign` says `announce`, and for the first chunk if there is a timeout, which counts
 * from then on. By then, what the function imports is loaded.
 *
 * If `assign` says `measure`, the worker sends `times` before it reports items that have
 * ended: how long each of them took, one after the other up to now.
 *
 * Sometimes a worker has to end a function in the middle, or end what a function left
 * behind. Then it restarts its process: it reports what became of the item, and says
 * `restarting`, which hands back all that it still has. When that was acknowledged, the
 * new process says `hello`, as another incarnation.
 *
 * @module
 */

import type { ConsoleLevel, LogMode } from "../common/own_console.ts";

/** Raised whenever a frame changes its meaning. Both sides must have the same. */
export const PROTOCOL_VERSION = 6;

/** A message on the wire: its header, and the frames after it. */
export type Frames = Uint8Array[];

/** The length of frame 0, in bytes. */
export const HEADER_SIZE = 10;

/** The largest frame that is accepted, in bytes. Larger ones come in pieces. */
export const LARGEST_FRAME = 1 << 24;

/** Message types, as byte 1 of the header. */
export const TYPES = {
  hello: 1,
  heartbeat: 2,
  started: 3,
  results: 4,
  failed: 5,
  returned: 6,
  message: 7,
  restarting: 8,
  output: 9,
  times: 10,
  piece: 32,
  withdrawn: 33,
  welcome: 64,
  refused: 65,
  code: 66,
  assign: 67,
  cancel: 68,
  terminate: 69,
  leave: 70,
  forget: 71,
  recall: 72,
} as const;

/**
 * Why an item has no result: the function threw; it ran longer than its timeout; it was
 * terminated or killed; it ended its thread; or its result cannot be sent.
 */
export const FAILURE_REASONS = [
  "threw",
  "timeout",
  "cancelled",
  "exited",
  "unserializable",
] as const;

/** The value of a failure "exited" if a module ended the thread while it was loaded. */
export const EXIT_WHILE_LOADING = "while loading";

/** See {@linkcode FAILURE_REASONS}. */
export type FailureReason = (typeof FAILURE_REASONS)[number];

/** What may happen to what functions print. */
export const LOG_MODES: readonly LogMode[] = ["forward", "inherit", "none"];

/** Who a worker is. */
export interface Hello {
  /** The identity that the host gave it. */
  worker: string;
  /** Its process id. */
  pid: number;
  /** The name of its machine. */
  host: string;
  /** A value that it has chosen and no other process has. */
  incarnation: string;
  /** The highest sequence number that it has received from the host. */
  received: number;
  /** The descriptor of the memory that it offers to share, if it has any. */
  memory?: number;
}

/** A chunk of which a worker hands back the items from an offset on. */
export interface Cut {
  chunk: number;
  from: number;
}

/** Consecutive items of one chunk. */
export interface Segment {
  /** The chunk's number. */
  chunk: number;
  /** The offset of the first item within the chunk. */
  from: number;
  /** How many items. */
  count: number;
}

/** Chunk, offset within it, and time in milliseconds of each item: three numbers each. */
export type ItemTimes = Float64Array;

/** A chunk as the worker sees it: consecutive items of one run. */
export interface AssignedChunk {
  /** The chunk's number, unique within the dispatcher. */
  chunk: number;
  /** The index of its first item within the run. */
  first: number;
  /** How many items. */
  count: number;
  /** The attempt number, from 1. */
  attempt: number;
}

/** What an item has printed with one call. */
export interface Print {
  /** The chunk's number. */
  chunk: number;
  /** The item's offset within the chunk. */
  offset: number;
  level: ConsoleLevel;
  /** When, in milliseconds of the epoch, by the worker's clock. */
  time: number;
  /** One line or more, without the final line break. */
  text: string;
}

/** What a worker says to the host. */
export type WorkerMessage =
  | { type: "hello"; hello: Hello }
  | { type: "heartbeat" }
  | { type: "started"; chunk: number }
  | { type: "results"; elapsed: number; segments: Segment[]; list: Uint8Array[] }
  | { type: "times"; times: ItemTimes }
  | {
    type: "failed";
    chunk: number;
    offset: number;
    reason: FailureReason;
    exitStatus: number;
    value: Uint8Array;
  }
  | { type: "returned"; cuts: Cut[] }
  | { type: "message"; chunk: number; value: Uint8Array }
  | { type: "output"; prints: Print[] }
  | { type: "restarting"; why: string };

/** What the host says to a worker. */
export type HostMessage =
  | {
    type: "welcome";
    received: number;
    /** Whether frames may lie in the memory that `hello` offered: see `shared_frames.ts`. */
    memory: boolean;
    incarnation: string;
  }
  | { type: "refused"; why: string }
  | { type: "heartbeat" }
  | { type: "code"; code: number; value: Uint8Array }
  | {
    type: "assign";
    code: number;
    timeout: number;
    announce: boolean;
    measure: boolean;
    logs: LogMode;
    /** The seed of the run, from which the seeds of its items are made. */
    seed: number;
    chunks: AssignedChunk[];
    name: string;
    /** All arguments, as `lists.ts` writes them. */
    list: Uint8Array[];
  }
  | { type: "forget"; codes: number[] }
  | { type: "recall" }
  | { type: "cancel"; chunks: number[] }
  | { type: "terminate"; chunk: number; grace: number }
  | { type: "message"; chunk: number; value: Uint8Array }
  | { type: "leave" };

/** Messages outside the sequence: they may be lost or repeated. */
export const UNSEQUENCED: ReadonlySet<string> = new Set(
  ["hello", "heartbeat", "welcome", "refused", "leave"],
);
