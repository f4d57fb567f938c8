/**
 * Gives items to workers, requests workers for items, and recalls items for a worker that
 * has nothing to do.
 *
 * @module
 */

import type { WorkerLoss } from "../errors.ts";
import type { AssignedChunk } from "../protocol/messages.ts";
import type { Books, Worker } from "./books.ts";
import type { CoreSettings } from "./events.ts";
import {
  isWorthRecalling,
  mostItems,
  RECALL_INTERVAL,
  usualItems,
} from "./portions.ts";
import type { Run } from "./run.ts";

/** When this many workers in a row have failed to start, no more are requested. */
const MOST_START_FAILURES = 3;

/** Hands out the waiting items. */
export class HandingOut {
  readonly #books: Books;
  readonly #settings: CoreSettings;
  /** Ready workers that could take more. */
  readonly #hungry = new Set<Worker>();
  #lastWorker = 0;
  /** When to look again for something to recall. */
  #recallAt = 0;
  /** When a tick comes that was asked for because items rest. */
  #rousesAt = Infinity;
  #startFailures = 0;
  #lastLoss: WorkerLoss | undefined;

  /**
   * @param books The core's books.
   * @param settings Settings for all runs.
   */
  constructor(books: Books, settings: CoreSettings) {
    this.#books = books;
    this.#settings = settings;
  }

  /** Does what can be done now. */
  go(): void {
    this.#rouseAll();
    this.#fillFresh();
    // This comes next, so that items are left for the workers that are yet to come.
    this.#requestWorkers();
    this.#fillAll();
    this.#recallAll();
    this.#pullAll();
  }

  /** Notes that a worker could take more, if it is still there. */
  feed(worker: Worker): void {
    if (worker.state !== "ready" || !this.#books.workers.has(worker.id)) return;
    this.#hungry.add(worker);
  }

  /** The same, but other workers come first: this one has just handed items back. */
  feedLast(worker: Worker): void {
    this.#hungry.delete(worker);
    this.feed(worker);
  }

  /** Notes that a worker takes nothing for now. */
  starve(worker: Worker): void {
    this.#hungry.delete(worker);
  }

  /** A worker has come, so others may come, too. */
  came(): void {
    this.#startFailures = 0;
  }

  /** A worker is gone. */
  lost(worker: Worker, loss: WorkerLoss): void {
    this.#hungry.delete(worker);
    this.#lastLoss = loss;
    const came = worker.state === "ready" || worker.state === "disconnected";
    if (came) this.#startFailures = 0;
    else this.#startFailures++;
  }

  /** Lets items wait that have rested long enough, and asks for a tick for the next. */
  #rouseAll(): void {
    const { now, runs, actions } = this.#books;
    let next = Infinity;
    for (const run of runs.values()) {
      run.rouse(now);
      next = Math.min(next, run.restsUntil);
    }
    if (this.#rousesAt <= now) this.#rousesAt = Infinity;
    if (next >= this.#rousesAt) return;
    this.#rousesAt = next;
    // A timer takes whole milliseconds, and must not come too early.
    actions.push({ type: "wake", after: Math.ceil(next - now) });
  }

  /** Gives items that need a worker's whole run time to workers that have it. */
  #fillFresh(): void {
    const noneComes = this.#startFailures >= MOST_START_FAILURES;
    for (const run of this.#books.runs.values()) {
      while (run.pendingFresh > 0) {
        const worker = [...this.#hungry].find((worker) =>
          worker.items === 0 && (this.#books.isFresh(worker) || noneComes)
        );
        if (!worker) break;
        const chunk = this.#books.assign(worker, run, run.takeFresh()!);
        worker.alone = true;
        this.#hungry.delete(worker);
        const action = { worker: worker.id, run: run.settings.id, chunks: [chunk] };
        this.#books.actions.push({ type: "assign", ...action });
      }
    }
  }

  #fillAll(): void {
    for (const run of this.#books.runs.values()) {
      if (run.pending === 0) continue;
      for (const worker of this.#hungry) {
        this.#fill(worker, run);
        if (run.pending === 0) break;
      }
      if (this.#hungry.size === 0) return;
    }
  }

  /** Gives a worker as much of a run as it should have. */
  #fill(worker: Worker, run: Run): void {
    const chunks: AssignedChunk[] = [];
    while (run.pending > 0) {
      if (run.hasSuspect && worker.items > 0 || worker.alone) break;
      const most = mostItems(worker, run, this.#books.workers.size);
      if (most === 0) break;
      const suspect = run.takeSuspect();
      const range = suspect ?? run.take(most);
      if (!range) break;
      chunks.push(this.#books.assign(worker, run, range));
      worker.alone = suspect !== undefined || run.settings.exclusive;
    }
    if (run.pending > 0) this.#hungry.delete(worker);
    if (chunks.length > 0) {
      const action = { worker: worker.id, run: run.settings.id, chunks };
      this.#books.actions.push({ type: "assign", ...action });
    }
  }

  /**
   * If a worker has nothing to do, or only the item that it runs, while items wait with
   * others, those items are recalled.
   */
  #recallAll(): void {
    if (this.#books.now < this.#recallAt) return;
    for (const run of this.#books.runs.values()) if (run.pending > 0) return;
    const needy = [...this.#hungry].filter(({ items }) => items <= 1);
    if (needy.length === 0) return;
    let waiting = false;
    for (const worker of this.#books.workers.values()) {
      if (worker.items < 2 || worker.state !== "ready") continue;
      const { run } = worker.chunks[0]!;
      // One item may wait behind the running one, unless a worker has nothing to do.
      const mayWait = worker.items > 2 && run.settings.chunkSize === "auto";
      const at = needy.findIndex(({ items, chunks }) =>
        items === 0 || mayWait && chunks[0]!.run === run
      );
      if (at < 0) continue;
      waiting = true;
      const since = this.#books.now - worker.progress;
      if (!isWorthRecalling(worker, run, since, this.#books.now)) continue;
      worker.recalls++;
      worker.recalled = this.#books.now;
      for (const chunk of worker.chunks) chunk.excused = true;
      run.atLeast(since);
      this.#books.actions.push({ type: "recall", worker: worker.id });
      needy.splice(at, 1);
      if (needy.length === 0) break;
    }
    if (!waiting) return;
    this.#recallAt = this.#books.now + RECALL_INTERVAL;
    this.#books.actions.push({ type: "wake", after: RECALL_INTERVAL });
  }

  /** Has sources read so far ahead that no worker must wait for them. */
  #pullAll(): void {
    for (const run of this.#books.runs.values()) {
      if (run.ended || run.terminating) continue;
      const wanted = Math.ceil(4 * this.#settings.workers * usualItems(run));
      // Not for each item: only when half of them are used up.
      const there = run.pending + run.pulled;
      if (there > wanted / 2) continue;
      run.pulled += wanted - there;
      const action = { run: run.settings.id, count: wanted - there };
      this.#books.actions.push({ type: "pull", ...action });
    }
  }

  #requestWorkers(): void {
    if (this.#startFailures >= MOST_START_FAILURES) return;
    if (this.#books.workers.size >= this.#settings.workers) return;
    let pending = 0;
    let fresh = 0;
    for (const run of this.#books.runs.values()) {
      pending += run.pending + run.expected;
      fresh += run.pendingFresh;
    }
    if (pending + fresh === 0) return;
    let busy = 0;
    let coming = 0;
    for (const worker of this.#books.workers.values()) {
      if (worker.items > 0) busy++;
      else if (worker.state !== "ready" && this.#books.isFresh(worker)) coming++;
    }
    const { size } = this.#books.workers;
    const most = this.#settings.workers;
    const missing = Math.max(
      Math.min(most, pending + busy) - size,
      Math.min(most - size, fresh - coming),
    );
    if (missing <= 0) return;
    const ids: string[] = [];
    for (let i = 0; i < missing; i++) {
      const id = `${++this.#lastWorker}`;
      ids.push(id);
      this.#books.workers.set(id, {
        id,
        state: "requested",
        since: this.#books.now,
        heard: this.#books.now,
        progress: this.#books.now,
        begun: false,
        moved: -Infinity,
        incarnation: "",
        former: new Set(),
        excused: false,
        chunks: [],
        last: undefined,
        items: 0,
        alone: false,
        recalls: 0,
        recalled: 0,
        came: Infinity,
        used: false,
      });
    }
    this.#books.actions.push({ type: "request", workers: ids });
  }

  /** If no worker is left and none can come, waiting items fail for the last loss. */
  giveUp(): void {
    if (this.#books.workers.size > 0 || this.#startFailures < MOST_START_FAILURES) {
      return;
    }
    const loss = this.#lastLoss!;
    for (const [id, run] of [...this.#books.runs]) {
      // When its first item comes, workers may be requested again.
      run.expected = 0;
      if (run.pending + run.pendingFresh === 0) continue;
      this.#books.runs.delete(id);
      this.#books.actions.push({ type: "abandon", run: id, loss, left: run.left() });
    }
    this.#startFailures = 0;
  }
}
