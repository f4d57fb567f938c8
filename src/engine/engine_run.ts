/**
 * A run under way, as the engine holds it. What the core decides by is in `core/run.ts`.
 *
 * @module
 */

import type { List } from "../protocol/lists.ts";
import type { AssignedChunk } from "../protocol/messages.ts";
import type { RunRequest } from "./run_request.ts";

/** A run of the engine. */
export class EngineRun {
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
