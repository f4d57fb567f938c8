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
 * Between processes of one machine large frames may lie in memory that both share: then
 * 128 is added to the type, and one more frame says where, see `shared_frames.ts`.
 *
 * The frames after it depend on the type. `numbers` is one frame of float64,
 * `text` one frame of UTF-8, `value` one frame of structured clone (V8's serializer),
 * `list` one frame or more as `lists.ts` writes them.
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
 * | | `restarting` | yes | text: why, for people; empty where a failure says it |
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
 * | both | `piece` | yes | numbers: which message in pieces, how many frames that has (0 in all pieces but its first); bytes, in any number of frames |
 * | | `withdrawn` | yes | numbers: which message in pieces |
 *
 * A message that is large travels as pieces, see `pieces.ts`; its own header then has no
 * numbers. Pieces of several messages, and other messages, may come between them.
 * `withdrawn` says that the rest will not come. Which messages may overtake each other
 * says `order.ts`.
 *
 * Times are milliseconds. A conversation: the worker says `hello`, again and again until
 * it is answered; the host answers `welcome` or `refused`; from then on both send
 * sequenced messages. When the connection was cut, the worker says `hello` once more,
 * the two tell each other what they have received, and each sends the rest again: see
 * `link.ts`.
 *
 * Within a chunk items run, and are reported, in order. `results` and `failed` name an
 * offset; items of the chunk before it that were not reported are thereby handed back,
 * to be run again.
 *
 * A worker that is told to `recall` hands back what it has not begun: `returned` names
 * the first such item of a chunk, and all behind it are handed back, too. What it has
 * begun of the chunk it still owes.
 *
 * `started` says that the first item of a chunk begins: of each chunk where `assign` says
 * `announce`, and of the first one where it has a timeout, which counts from then on.
 * What the function imports was loaded before.
 *
 * Where `assign` says `measure`, a worker tells in `times` how long each item took that
 * came to an end, one after the other up to now, before it reports what became of them.
 *
 * A worker that has to end a function in the middle, or what one left behind, starts its
 * process anew: it reports what became of the item, says `restarting`, which hands back all
 * that it still has, and when that was acknowledged it begins again with `hello`, as
 * another incarnation.
 *
 * @module
 */

/** Raised whenever a frame changes its meaning. Both sides must have the same. */
export const PROTOCOL_VERSION = 6;

/** A message on the wire: its header, and the frames after it. */
export type Frames = Uint8Array[];

/** The length of frame 0, in bytes. */
export const HEADER_SIZE = 10;

/** The largest frame that is accepted, in bytes: what is larger comes in pieces. */
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
 * terminated or killed; the thread exited under it; what it returned cannot travel.
 */
export const FAILURE_REASONS = [
  "threw",
  "timeout",
  "cancelled",
  "exited",
  "unserializable",
] as const;

/** The value of a failure "exited", where a module did so while it was loaded. */
export const EXIT_WHILE_LOADING = "while loading";

/** See {@linkcode FAILURE_REASONS}. */
export type FailureReason = (typeof FAILURE_REASONS)[number];

/** The methods of `console` that what a function prints may come from. */
export type ConsoleLevel = "debug" | "log" | "info" | "warn" | "error";

/** All of them, by weight. */
export const CONSOLE_LEVELS: readonly ConsoleLevel[] = [
  "debug",
  "log",
  "info",
  "warn",
  "error",
];

/**
 * What becomes of what functions print on their console: it is sent to the host, or
 * written by the worker's process, or dropped.
 */
export type LogMode = "forward" | "inherit" | "none";

/** All of them. */
export const LOG_MODES: readonly LogMode[] = ["forward", "inherit", "none"];

/** Who a worker is. */
export interface Hello {
  /** The identity that the host gave it. */
  worker: string;
  /** Its process id. */
  pid: number;
  /** The name of its machine. */
  host: string;
  /** A value of its own choice that no other process has. */
  incarnation: string;
  /** The highest sequence number that it has received from the host. */
  received: number;
  /** The descriptor of memory that it would share, if it has any. */
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

/** What an item has printed by one call. */
export interface Print {
  /** The chunk's number. */
  chunk: number;
  /** The item's offset within the chunk. */
  offset: number;
  level: ConsoleLevel;
  /** When, in milliseconds of the epoch, by the worker's clock. */
  time: number;
  /** A line or more, without the end of the last one. */
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
    /** Frames may lie in the memory that `hello` has offered: see `shared_frames.ts`. */
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
    /** The run's, of which its items' seeds are made. */
    seed: number;
    chunks: AssignedChunk[];
    name: string;
    /** Of all arguments: the frames of `lists.ts`. */
    list: Uint8Array[];
  }
  | { type: "forget"; codes: number[] }
  | { type: "recall" }
  | { type: "cancel"; chunks: number[] }
  | { type: "terminate"; chunk: number; grace: number }
  | { type: "message"; chunk: number; value: Uint8Array }
  | { type: "leave" };

/** Messages outside the sequence: they may be lost, and repeated. */
export const UNSEQUENCED: ReadonlySet<string> = new Set(
  ["hello", "heartbeat", "welcome", "refused", "leave"],
);
