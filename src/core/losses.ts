/**
 * When a worker is lost, and what becomes of its items: they are charged or suspected.
 *
 * @module
 */

import type { WorkerLoss } from "../errors.ts";
import { type Books, type Chunk, FRESH, type Worker } from "./books.ts";
import type { CoreSettings } from "./events.ts";
import type { HandingOut } from "./handing_out.ts";

/** How much later than the worker the host enforces a limit, in milliseconds. */
export const OVERTIME = 5000;
/** How long a worker that came back may take to report what it did, in milliseconds. */
const REUNION = 1000;

/** So often an item is cut off by run time limits at most. */
const MOST_CUT_OFF = 4;

/** Detects losses, and deals with them. */
export class Losses {
  readonly #books: Books;
  readonly #out: HandingOut;
  readonly #settings: CoreSettings;

  /**
   * @param books The core's books.
   * @param out Hands out items.
   * @param settings Settings for all runs.
   */
  constructor(books: Books, out: HandingOut, settings: CoreSettings) {
    this.#books = books;
    this.#out = out;
    this.#settings = settings;
  }

  /** Looks for workers that are late, silent or overdue. */
  look(): void {
    const { queueTimeout, startTimeout, silenceTimeout, reconnectGrace } =
      this.#settings;
    for (const worker of [...this.#books.workers.values()]) {
      const age = this.#books.now - worker.since;
      if (worker.state === "requested" && age > queueTimeout) {
        const why = worker.delay === undefined ? "" : `: ${worker.delay}`;
        const detail =
          `it was asked for and did not start within ${queueTimeout} ms${why}`;
        this.drop(worker, "never started", detail);
      } else if (worker.state === "started" && age > startTimeout) {
        const detail =
          `it started and did not reach the host within ${startTimeout} ms`;
        this.drop(worker, "unreachable", detail);
      } else if (worker.state === "disconnected" && age > reconnectGrace) {
        const cause = this.#settings.lostCause ?? "unreachable";
        this.drop(worker, cause, "the connection to it was lost");
      } else if (worker.state === "ready" && this.#overdue(worker)) {
        this.#endOverdue(worker);
      } else if (
        worker.state === "ready" && this.#books.now - worker.heard > silenceTimeout
      ) {
        this.disconnect(worker);
      }
    }
  }

  /**
   * Whether the worker should have ended its item and has not. It must have been heard
   * since the item was due, and not only because it came back: nobody knows what a silent
   * worker has done. The same goes for one to which an item, or from which a result, is
   * on its way.
   */
  #overdue(worker: Worker): boolean {
    const chunk = worker.chunks[0];
    if (!chunk || worker.heard - worker.since <= REUNION) return false;
    const { timeout } = chunk.run.settings;
    const { heard, progress, moved } = worker;
    const loading = worker.begun ? 0 : this.#settings.loadTimeout;
    return heard > Math.max(chunk.terminateBy, moved + OVERTIME) ||
      timeout > 0 && heard > Math.max(progress, moved) + loading + timeout + OVERTIME;
  }

  /**
   * Does what the worker has failed to do: ends the worker, and fails the item. If there
   * are several items, the host cannot know which one it is, so each is first run alone.
   */
  #endOverdue(worker: Worker): void {
    const chunk = worker.chunks[0]!;
    if (worker.items === 1) {
      const kind = worker.heard > chunk.terminateBy ? "cancelled" : "timeout";
      this.#books.advance(worker, chunk, 1);
      this.#books.fail(chunk.run, chunk.first + chunk.done - 1, { kind });
      this.#books.finish(chunk.run);
    }
    this.drop(worker, "unreachable", "it did not end an item in time");
  }

  /** The connection to a worker is gone, or it is silent. */
  disconnect(worker: Worker): void {
    this.#books.enter(worker, "disconnected");
    this.#out.starve(worker);
  }

  /** The host gives a worker up and has the scheduler end it. */
  drop(worker: Worker, cause: WorkerLoss["cause"], detail: string): void {
    const loss = { cause, detail };
    this.lose(worker, loss);
    this.#books.actions.push({ type: "stop", worker: worker.id, loss });
  }

  /** A worker is gone: its items are charged or suspected. */
  lose(worker: Worker, found: WorkerLoss): void {
    const loss = { worker: worker.id, ...found };
    this.#books.workers.delete(worker.id);
    this.#out.lost(worker, loss);
    this.takeBack(worker, loss);
  }

  /** Takes back the items of a process that is lost. */
  takeBack(worker: Worker, loss: WorkerLoss): void {
    if (loss.cause === "run time limit") return this.#takeBackLate(worker, loss);
    const certain = worker.items === 1;
    for (const chunk of [...worker.chunks]) this.blame(worker, chunk, certain, loss);
  }

  /**
   * Takes back the items of a worker that has reached its run time limit. That is nobody's
   * fault, unless an item had the whole time and will never end. The item that was running
   * waits for a worker that has its whole time before it.
   */
  #takeBackLate(worker: Worker, loss: WorkerLoss): void {
    const { heard, came, progress, used } = worker;
    if (heard > came) this.#books.life = Math.min(this.#books.life, heard - came);
    // If the host did nothing meanwhile, it does not know.
    const isWhole = worker.items === 1 && !used && heard > came &&
      progress - came <= FRESH * (heard - came);
    let isFirst = true;
    for (const chunk of [...worker.chunks]) {
      const { run, count, done } = chunk;
      const first = chunk.first + done;
      this.#books.forget(worker, chunk);
      if (run.terminating) {
        this.#books.failAll(run, { first, count: count - done });
      } else if (!isFirst) {
        run.giveBack({ first, count: count - done });
      } else {
        isFirst = false;
        const isOften = run.cutOff(first) === MOST_CUT_OFF;
        if (isWhole || isOften) {
          this.#books.fail(run, first, { kind: "overlong", loss });
        } else run.waitForFresh(first);
        run.giveBack({ first: first + 1, count: count - done - 1 });
      }
      this.#books.finish(run);
    }
  }

  /** What is left of a chunk may have ended its worker; `certain` if it was one item. */
  blame(worker: Worker, chunk: Chunk, certain: boolean, loss: WorkerLoss): void {
    const { run } = chunk;
    const end = chunk.first + chunk.count;
    this.#books.forget(worker, chunk);
    for (let index = chunk.first + chunk.done; index < end; index++) {
      if (run.terminating) {
        this.#books.fail(run, index, { kind: "cancelled" });
      } else if (certain) {
        const losses = run.charge(index, loss);
        if (losses) this.#books.fail(run, index, { kind: "lost", losses });
      } else {
        run.suspect(index);
      }
    }
    this.#books.finish(run);
  }
}
