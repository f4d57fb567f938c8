/**
 * What the worker's event loop (`thread.ts`) and the thread that runs the user's
 * function (`thread/main.ts`) say to each other.
 *
 * @module
 */

import type { AssignedChunk, Print, WorkerMessage } from "../../protocol/messages.ts";
import type { LogMode } from "../../common/own_console.ts";
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
  /** What to do with the lines that its items print. */
  logs: LogMode;
  /** The seed of the run. */
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
  /** The memory of the channel between the two. */
  channel: ChannelMemory;
  /** The memory of the `RunningItem`. */
  running: SharedArrayBuffer;
  /** The memory of the `HeldResults`. */
  held: SharedArrayBuffer;
  /** The memory of the `PrintWindow`. */
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
   * Something called `Deno.exit`: an item, what an item left behind, or a module that is
   * being loaded. The thread does nothing more.
   */
  | { type: "exited"; exitStatus: number }
  /** An item has replaced something that the thread needs. The thread does nothing more. */
  | { type: "replaced"; what: string }
  /** `urgent`: the thread waits for the host to have it. */
  | { type: "printed"; print: Print; urgent: boolean }
  | Extract<
    WorkerMessage,
    { type: "started" | "results" | "times" | "failed" | "message" }
  >;
