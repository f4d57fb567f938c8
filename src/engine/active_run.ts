/**
 * A run under way, as the engine holds it: what the core need not know of it.
 *
 * @module
 */

import type { List } from "../protocol/lists.ts";
import type { AssignedChunk, ItemTimes } from "../protocol/messages.ts";
import type { WorkerInfo } from "./worker_info.ts";
import type { CoreAction, CoreEvent, RunSettings } from "../core/events.ts";
import type { Where } from "./failures.ts";
import type { ItemSource } from "./item_source.ts";
import type { JobOutput } from "./job_output.ts";

/** What is told of a run. */
export interface RunListener {
  /** Items have these results. */
  results(first: number, values: List): void;
  /** An item has failed for good. */
  failed(index: number, error: unknown): void;
  /** Nothing more will be told: all items are settled, or they never will be, and why. */
  ended(error?: Error): void;
  /** The run's only item has begun. */
  started?(worker: WorkerInfo): void;
  /** The run's only item has sent a value. */
  message?(value: unknown): void;
}

/**
 * Records what happens during a run, for a report. It hears the events of all runs; its own
 * is the first that begins after it started to listen.
 */
export interface RunRecorder {
  /** Something happened, and this is done about it. */
  observe(event: CoreEvent, actions: readonly CoreAction[], now: number): void;
  /** Who a worker is that has come. */
  present(worker: WorkerInfo, now: number): void;
  /** How long items took on a worker, one after the other up to now. */
  took(worker: string, times: ItemTimes, now: number): void;
  /** So many bytes of code or arguments were sent. */
  sent(bytes: number): void;
  /** Why an item has failed for good. */
  failed(index: number, error: unknown, where: Where, now: number): void;
  /** Why so many items, all that are left, have failed for good. */
  abandoned(count: number, error: unknown): void;
}

/** What to run. */
export interface RunRequest {
  /** What it is called. */
  name: string;
  /** What the workers run, serialized. */
  code: () => Promise<Uint8Array>;
  /** What they run it over. */
  items: ItemSource;
  /** How. */
  settings: Omit<RunSettings, "id">;
  /** What its items' random numbers are made of. */
  seed: number;
  /** What its items print. */
  output: JobOutput;
  /** Whether it lets the program end before it. */
  daemon: boolean;
  /** When its source fails, what was read before is run to its end all the same. */
  drains?: boolean;
  /** Who is told. */
  listener: RunListener;
  /** Who takes down what happens, if somebody does. */
  recorder?: RunRecorder | undefined;
}

/** A run under way. */
export class ActiveRun {
  /** Its number. */
  readonly id: number;
  /** What is run, and who is told. */
  readonly request: RunRequest;
  /** The number of its code; 0 until that is there. */
  codeNumber = 0;
  /** How many items the core asked for and the source has not given. */
  wanted = 0;
  /** It is known how long its first items took. */
  measured = false;
  /** Its user was told that an item loses its class. */
  warned = false;
  /** Its source is being read. */
  reading = false;
  /** Somebody waits for what comes of it. */
  awaited = true;
  /** Where the only item of an exclusive run was last put. */
  at: { worker: string; chunk: number } | undefined;
  /** All that was sent to it so far: each of its tries is given that anew. */
  readonly sent: Uint8Array[] = [];

  /**
   * @param id Its number.
   * @param request What to run.
   */
  constructor(id: number, request: RunRequest) {
    this.id = id;
    this.request = request;
  }

  /**
   * Whether the program must not end before it. Where nobody waits, it need not wait for
   * a source either: that keeps the program alive itself, if it should.
   */
  get keepsAlive(): boolean {
    return !this.request.daemon && (this.awaited || this.request.items.unsettled > 0);
  }

  /** The arguments of chunks, one after the other. */
  values(chunks: AssignedChunk[]): List {
    const ranges: { first: number; count: number }[] = [];
    for (const { first, count } of chunks) {
      const last = ranges.at(-1);
      if (last && last.first + last.count === first) last.count += count;
      else ranges.push({ first, count });
    }
    const { items } = this.request;
    const lists = ranges.map(({ first, count }) => items.values(first, count));
    return lists.length === 1 ? lists[0]! : joined(lists);
  }
}

function joined(lists: List[]): List {
  if (lists.every(Array.isArray)) return lists.flat();
  const joined = new Float64Array(lists.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const list of lists) {
    joined.set(list as Float64Array, at);
    at += list.length;
  }
  return joined;
}
