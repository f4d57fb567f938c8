/**
 * What the worker's event loop (`thread.ts`) and the thread that runs the user's
 * function (`thread/main.ts`) say to each other.
 *
 * @module
 */

import type {
  AssignedChunk,
  LogMode,
  Print,
  WorkerMessage,
} from "../../protocol/messages.ts";
import type { Program } from "../../protocol/run_file.ts";
import type { ChannelMemory } from "./channel.ts";

/** Chunks of one run, to be run in order. */
export interface Batch {
  code: number;
  name: string;
  /** Say when each chunk begins. */
  announce: boolean;
  /** Say when each item begins. */
  timed: boolean;
  /** Say how long each item took. */
  measure: boolean;
  /** What becomes of what its items print. */
  logs: LogMode;
  /** The run's. */
  seed: number;
  chunks: AssignedChunk[];
  /** The arguments of all items: the frames of `lists.ts`. */
  list: Uint8Array[];
}

/** The first thing that the thread is told. */
export interface Start {
  host: string;
  worker: string;
  /** The program that maps. */
  program: Program;
  /** Of the channel between the two. */
  channel: ChannelMemory;
  /** Of the {@linkcode RunningItem}. */
  running: SharedArrayBuffer;
  /** Of the `HeldResults`. */
  held: SharedArrayBuffer;
  /** Of the `PrintWindow`. */
  prints: SharedArrayBuffer;
}

/** To the thread. */
export type ToThread =
  | { type: "code"; code: number; value: Uint8Array }
  | { type: "forget"; codes: number[] }
  | { type: "batch" } & Batch
  | { type: "abort"; chunk: number }
  | { type: "message"; chunk: number; value: Uint8Array };

/** From the thread; most of it goes on to the host as it is. */
export type FromThread =
  | { type: "ready" }
  /**
   * What runs has exited, be it what an item left behind, or a module while it is loaded;
   * and the thread does nothing more.
   */
  | { type: "exited"; exitStatus: number }
  /** An item has replaced something that the thread relies on, which does nothing more. */
  | { type: "replaced"; what: string }
  /** `urgent`: the thread waits for the host to have it. */
  | { type: "printed"; print: Print; urgent: boolean }
  | Extract<
    WorkerMessage,
    { type: "started" | "results" | "times" | "failed" | "message" }
  >;
