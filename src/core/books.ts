/**
 * The books of the core: which workers, runs and chunks there are, and which items are
 * with which worker. Each change made here keeps all counts right.
 *
 * @module
 */

import type { AssignedChunk } from "../protocol/messages.ts";
import type { CoreAction, Failure } from "./events.ts";
import type { Range, Run } from "./run.ts";

/** Items of a run that were handed to a worker together. */
export interface Chunk extends AssignedChunk {
  run: Run;
  /** How many of its items are settled or handed back: always the first ones. */
  done: number;
  /** When the host stops waiting for a termination that it asked for. */
  terminateBy: number;
  /** The worker may hand it back: it was recalled, or an item before it failed. */
  excused: boolean;
}

/** The share of its time that a worker may have spent if an item is to have all of it. */
export const FRESH = 0.1;

/** What is known of a worker. */
export interface Worker {
  id: string;
  state: "requested" | "started" | "ready" | "disconnected";
  /** When it entered this state. */
  since: number;
  /** When it last gave a sign of life. */
  heard: number;
  /** When one of its items was last settled or began, or it was given its first item. */
  progress: number;
  /** Whether an item has begun since then: before that, modules may be loading. */
  begun: boolean;
  /** When something large was last on its way to it, or from it. */
  moved: number;
  /** Which of its processes it is; while it restarts, the process that ends. */
  incarnation: string;
  /** Its processes that were replaced: if one of them comes back, it is refused. */
  readonly former: Set<string>;
  /** Its process has settled an item, or was told to end one, so it may restart. */
  excused: boolean;
  /** When it first came, in the life of its job. */
  came: number;
  /** Whether it has run an item in that life. */
  used: boolean;
  /** Its chunks, in the order in which they run. */
  chunks: Chunk[];
  /** The last chunk that it has ended. */
  last: Chunk | undefined;
  /** How many items are with it. */
  items: number;
  /** It runs an item that must be alone with it: a suspect, or a `Job`. */
  alone: boolean;
  /** How often its waiting items were recalled since an item was last settled. */
  recalls: number;
  /** When they were last recalled. */
  recalled: number;
  /** Why it is not in the queue yet, if the cluster takes no jobs now. */
  delay?: string | undefined;
}

/** Which worker has what, and the actions to carry out. */
export class Books {
  readonly workers = new Map<string, Worker>();
  readonly runs = new Map<number, Run>();
  readonly chunks = new Map<number, Chunk>();
  /** The actions that follow from the current event. */
  actions: CoreAction[] = [];
  /** When the current event happened. */
  now = 0;
  /** The number of the last chunk that was made. */
  lastChunk = 0;
  /** The shortest time that a worker had until its run time limit, as far as was seen. */
  life = Infinity;

  /** Whether an item that begins now, or when the worker comes, has its whole run time. */
  isFresh({ used, came }: Worker): boolean {
    return !used && (came === Infinity || this.now - came <= FRESH * this.life);
  }

  /** A worker enters another state. */
  enter(worker: Worker, state: Worker["state"]): void {
    worker.state = state;
    worker.since = this.now;
    worker.heard = this.now;
  }

  /** A worker is given items that waited. */
  assign(worker: Worker, run: Run, { first, count }: Range): AssignedChunk {
    if (worker.items === 0) {
      worker.progress = this.now;
      worker.begun = false;
    }
    const attempt = count === 1 ? run.attempt(first) : 1;
    // To spread properties would take three times as long.
    const chunk: Chunk = {
      chunk: ++this.lastChunk,
      first,
      count,
      attempt,
      run,
      done: 0,
      terminateBy: Infinity,
      excused: false,
    };
    this.chunks.set(chunk.chunk, chunk);
    worker.chunks.push(chunk);
    worker.items += count;
    run.assigned += count;
    return { chunk: chunk.chunk, first, count, attempt };
  }

  /** The next `count` items of a chunk are no longer with the worker. */
  advance(worker: Worker, chunk: Chunk, count: number): void {
    chunk.done += count;
    chunk.run.assigned -= count;
    worker.items -= count;
    worker.progress = this.now;
    worker.begun = true;
    worker.used = true;
    worker.recalls = 0;
    if (chunk.done === chunk.count) this.forget(worker, chunk);
  }

  /** The items of a chunk before offset `until` wait again. */
  handBack(worker: Worker, chunk: Chunk, until: number): void {
    const count = until - chunk.done;
    if (count === 0) return;
    const first = chunk.first + chunk.done;
    const { run } = chunk;
    this.advance(worker, chunk, count);
    if (run.terminating) this.failAll(run, { first, count });
    else run.giveBack({ first, count });
  }

  /** The items of a chunk from offset `from` on wait again. */
  cut(worker: Worker, chunk: Chunk, from: number): void {
    const { run } = chunk;
    const range = { first: chunk.first + from, count: chunk.count - from };
    chunk.count = from;
    worker.items -= range.count;
    run.assigned -= range.count;
    if (chunk.done === chunk.count) this.forget(worker, chunk);
    if (run.terminating) this.failAll(run, range);
    else run.giveBack(range);
  }

  /** A chunk is no longer with its worker. */
  forget(worker: Worker, chunk: Chunk): void {
    const left = chunk.count - chunk.done;
    worker.items -= left;
    chunk.run.assigned -= left;
    // Chunks end in order, so this is nearly always the first.
    if (worker.chunks[0] === chunk) worker.chunks.shift();
    else worker.chunks.splice(worker.chunks.indexOf(chunk), 1);
    if (worker.chunks.length === 0) worker.alone = false;
    if (chunk.count > 0) worker.last = chunk;
    this.chunks.delete(chunk.chunk);
  }

  /** An item has failed for good: by default in its last attempt. */
  fail(
    run: Run,
    index: number,
    failure: Failure,
    attempts: number = run.attempt(index),
  ): void {
    run.settle(index, 1);
    this.actions.push({ type: "fail", run: run.settings.id, index, failure, attempts });
  }

  /** Fails the items that wait or rest in a run that is being terminated. */
  cancelWaiting(run: Run): void {
    run.rouse(Infinity);
    const next = () => run.takeFresh() ?? run.takeSuspect() ?? run.take(Infinity);
    for (let range; (range = next());) {
      this.failAll(run, range);
    }
  }

  /** Fails items of a run that is being terminated, before their next attempt. */
  failAll(run: Run, { first, count }: Range): void {
    for (let index = first; index < first + count; index++) {
      this.fail(run, index, { kind: "cancelled" }, run.attempt(index) - 1);
    }
  }

  /** Ends a run whose items are all settled. */
  finish(run: Run): void {
    if (!run.complete || !this.runs.delete(run.settings.id)) return;
    this.actions.push({ type: "done", run: run.settings.id });
  }
}

/** The item at this offset of a chunk. */
export function itemOf(
  { run, first, count, attempt }: Chunk,
  offset: number,
): { run: number; index: number; attempt: number } | undefined {
  if (offset >= count) return undefined;
  return { run: run.settings.id, index: first + offset, attempt };
}
