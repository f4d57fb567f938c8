/**
 * The messages of workers: what becomes of their items, and of themselves.
 *
 * @module
 */

import type { WorkerLoss } from "../errors.ts";
import type { Cut } from "../protocol/messages.ts";
import type { Books, Chunk, Worker } from "./books.ts";
import type { CoreEvent } from "./events.ts";
import type { HandingOut } from "./handing_out.ts";
import type { Losses } from "./losses.ts";
import type { Run } from "./run.ts";

/** How often whole chunks of a run may be handed back before an item is settled. */
const MOST_HANDED_BACK = 50;

/** Handles messages of workers. */
export class WorkerMessages {
  readonly #books: Books;
  readonly #out: HandingOut;
  readonly #losses: Losses;

  /**
   * @param books The core's books.
   * @param out Hands out items.
   * @param losses Deals with a worker that reports what cannot be.
   */
  constructor(books: Books, out: HandingOut, losses: Losses) {
    this.#books = books;
    this.#out = out;
    this.#losses = losses;
  }

  /** A worker gives a sign of life. */
  heard(worker: Worker): void {
    worker.heard = this.#books.now;
    if (worker.state === "disconnected") {
      this.#books.enter(worker, "ready");
      this.#out.feed(worker);
    }
  }

  /** Items have results. */
  results(
    worker: Worker,
    { segments, elapsed, bytes }: Extract<CoreEvent, { type: "results" }>,
  ): void {
    this.heard(worker);
    let total = 0;
    for (const segment of segments) total += segment.count;
    for (let i = 0; i < segments.length; i++) {
      const { chunk: id, from, count } = segments[i]!;
      const chunk = this.#holds(worker, id);
      if (!chunk) continue;
      if (from < chunk.done || from + count > chunk.count) {
        this.#losses.drop(
          worker,
          "unreachable",
          "it reported results of items it does not have",
        );
        return;
      }
      worker.excused = true;
      this.#books.handBack(worker, chunk, from);
      const { run } = chunk;
      const first = chunk.first + from;
      this.#books.advance(worker, chunk, count);
      run.settle(first, count);
      run.measure(count, elapsed * count / total, bytes * count / total);
      const id_ = run.settings.id;
      this.#books.actions.push({ type: "accept", run: id_, segment: i, first, count });
      this.#books.finish(run);
    }
    this.#out.feed(worker);
  }

  /** An item has failed. */
  failed(worker: Worker, event: Extract<CoreEvent, { type: "failed" }>): void {
    this.heard(worker);
    const chunk = this.#holds(worker, event.chunk);
    if (!chunk) return;
    if (event.offset < chunk.done || event.offset >= chunk.count) {
      this.#losses.drop(
        worker,
        "unreachable",
        "it reported a failure of an item it does not have",
      );
      return;
    }
    this.#books.handBack(worker, chunk, event.offset);
    const { run } = chunk;
    const index = chunk.first + event.offset;
    this.#books.advance(worker, chunk, 1);
    worker.excused = true;
    for (const other of worker.chunks) other.excused = true;
    const { reason, final = false } = event;
    if (reason === "threw" && !final && run.mayRetry(index)) {
      run.retryError(index, this.#books.now);
    } else {
      this.#books.fail(run, index, { kind: "reported", reason });
    }
    this.#books.finish(run);
    this.#out.feed(worker);
  }

  /** A worker hands back items that it has not begun. */
  returned(worker: Worker, cuts: readonly Cut[]): void {
    this.heard(worker);
    let counted: Run | undefined;
    for (const { chunk: id, from } of cuts) {
      const chunk = this.#holds(worker, id);
      if (!this.#books.workers.has(worker.id)) return;
      if (!chunk) continue;
      const { run } = chunk;
      if (from < chunk.done || from > chunk.count) {
        this.#losses.drop(
          worker,
          "unreachable",
          "it handed back items it does not have",
        );
        return;
      }
      if (chunk.excused && counted !== run) {
        run.handedBack++;
        counted = run;
      }
      const forgiven = chunk.excused && run.handedBack <= MOST_HANDED_BACK;
      if (forgiven || from > 0) {
        this.#books.cut(worker, chunk, from);
        this.#books.finish(run);
      } else {
        // Nobody knows why. If it were forgiven, it could go on for ever.
        const detail = "the thread that had the item ended and did not say why";
        const loss: WorkerLoss = { worker: worker.id, cause: "exit", detail };
        this.#losses.blame(worker, chunk, worker.alone, loss);
      }
    }
    this.#out.feedLast(worker);
  }

  /** Chunks were recalled before they left the host. That is no sign of life. */
  withdrawn(worker: Worker, ids: readonly number[]): void {
    for (const id of ids) {
      const chunk = this.#holds(worker, id);
      if (!chunk) continue;
      this.#books.cut(worker, chunk, chunk.done);
      this.#books.finish(chunk.run);
    }
    this.#out.feedLast(worker);
  }

  /** Something large is on its way: recalls that came before it had no effect. */
  moved(worker: Worker): void {
    worker.moved = this.#books.now;
    worker.recalls = Math.min(worker.recalls, 1);
  }

  /** An item begins: its time counts from now on. */
  began(worker: Worker, id: number): void {
    this.heard(worker);
    const chunk = this.#holds(worker, id);
    if (!chunk || chunk !== worker.chunks[0] || chunk.done > 0) return;
    worker.progress = this.#books.now;
    worker.begun = true;
  }

  /** A worker restarts. It has reported what it began; it has not begun the rest. */
  restarting(worker: Worker, why: string): void {
    if (worker.state !== "ready" && worker.state !== "disconnected") return;
    if (worker.excused) {
      for (const chunk of [...worker.chunks]) {
        this.#books.handBack(worker, chunk, chunk.count);
        this.#books.finish(chunk.run);
      }
    } else {
      // If it were forgiven, it could go on for ever.
      const detail = `its process restarted ${
        why === "" ? "and did not say why" : `because ${why}`
      }`;
      this.#losses.takeBack(worker, { worker: worker.id, cause: "exit", detail });
    }
    this.#out.starve(worker);
    this.#books.enter(worker, "started");
  }

  /** The chunk, if it is with this worker; if it no longer is, the message is stale. */
  #holds(worker: Worker, id: number): Chunk | undefined {
    if (id > this.#books.lastChunk) {
      this.#losses.drop(
        worker,
        "unreachable",
        "it reported a chunk that was never made",
      );
      return undefined;
    }
    const chunk = this.#books.chunks.get(id);
    return chunk && worker.chunks.includes(chunk) ? chunk : undefined;
  }
}
