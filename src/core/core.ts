/**
 * Decides what is pending, assigned, done, lost, retried or given up, without I/O, clock
 * or chance. Events go in, with the time; actions come out.
 *
 * An item is at any time in one place: waiting or resting in its run, in a chunk with one
 * worker, or settled. A worker goes through these states:
 *
 *     requested ──> started ──> ready <──> disconnected
 *         │            ↑ └─────────│── restarting
 *         └────────────┴──────────┴─────────────┴──> (gone: forgotten)
 *
 * Which item ended its worker? The host knows only what was reported. If only one item
 * was with the worker, that item is charged. If there were more, none is charged: each
 * becomes a suspect and is run alone, so that the next loss is certain.
 *
 * @module
 */

import { Books, type Chunk, itemOf, type Worker } from "./books.ts";
import type { CoreAction, CoreEvent, CoreSettings } from "./events.ts";
import { HandingOut } from "./handing_out.ts";
import { Losses, OVERTIME } from "./losses.ts";
import { validate } from "./rules.ts";
import { Run } from "./run.ts";
import { WorkerMessages } from "./worker_messages.ts";

/** The dispatcher's state machine. */
export class Core {
  readonly #settings: CoreSettings;
  readonly #books = new Books();
  readonly #out: HandingOut;
  readonly #losses: Losses;
  readonly #messages: WorkerMessages;
  #closed = false;

  /** @param settings What holds for all runs. */
  constructor(settings: CoreSettings) {
    this.#settings = settings;
    this.#out = new HandingOut(this.#books, settings);
    this.#losses = new Losses(this.#books, this.#out, settings);
    this.#messages = new WorkerMessages(this.#books, this.#out, this.#losses);
  }

  /**
   * Handles an event that happened at a time.
   *
   * @returns The actions to carry out, in this order.
   */
  handle(event: CoreEvent, now: number): CoreAction[] {
    this.#books.now = now;
    this.#books.actions = [];
    const worker = "worker" in event
      ? this.#books.workers.get(event.worker)
      : undefined;
    switch (event.type) {
      case "run":
        this.#books.runs.set(event.run.id, new Run(event.run));
        break;
      case "items":
        this.#itemsCame(event.run, event.count);
        break;
      case "hint": {
        const run = this.#books.runs.get(event.run);
        if (run) run.hint = event.estimate;
        break;
      }
      case "weighed":
        this.#books.runs.get(event.run)?.weigh(event.weight);
        break;
      case "ended":
        this.#sourceEnded(event.run);
        break;
      case "cancel":
        this.#cancel(event.run);
        break;
      case "terminate":
        this.#terminate(event.run, event.grace);
        break;
      case "workerStarted":
        if (worker?.state === "requested") this.#books.enter(worker, "started");
        break;
      case "delayed":
        if (worker) worker.delay = event.why;
        break;
      case "workerEnded":
        if (worker) this.#losses.lose(worker, event.loss);
        break;
      case "hello":
        this.#hello(event.worker, worker, event.incarnation);
        break;
      case "heard":
        if (worker) this.#messages.heard(worker);
        break;
      case "moved":
        if (worker) this.#messages.moved(worker);
        if (worker) this.#messages.heard(worker);
        break;
      case "disconnected":
        if (worker?.state === "ready") this.#losses.disconnect(worker);
        break;
      case "violation":
        if (worker) this.#losses.drop(worker, "unreachable", event.detail);
        break;
      case "began":
        if (worker) this.#messages.began(worker, event.chunk);
        break;
      case "restarting":
        if (worker) this.#messages.restarting(worker, event.why);
        break;
      case "results":
        if (worker) this.#messages.results(worker, event);
        break;
      case "failed":
        if (worker) this.#messages.failed(worker, event);
        break;
      case "returned":
        if (worker) this.#messages.returned(worker, event.cuts);
        break;
      case "withdrawn":
        if (worker) this.#messages.withdrawn(worker, event.chunks);
        break;
      case "tick":
        this.#losses.look();
        break;
      case "close":
        this.#close();
        break;
      default:
        event satisfies never;
    }
    if (!this.#closed) this.#out.go();
    this.#out.giveUp();
    return this.#books.actions;
  }

  /** How many workers are in each state. */
  count(): Record<Worker["state"] | "busy", number> {
    const count = { requested: 0, started: 0, ready: 0, disconnected: 0, busy: 0 };
    for (const worker of this.#books.workers.values()) {
      count[worker.state]++;
      if (worker.items > 0) count.busy++;
    }
    return count;
  }

  /** Since when the first worker waits that was requested and has not started. */
  get queuedSince(): number | undefined {
    let first: number | undefined;
    for (const { state, since } of this.#books.workers.values()) {
      if (state === "requested") first = Math.min(since, first ?? since);
    }
    return first;
  }

  /** Why a requested worker is not in the queue yet, if there is one. */
  get delay(): string | undefined {
    for (const { state, delay } of this.#books.workers.values()) {
      if (state === "requested" && delay !== undefined) return delay;
    }
    return undefined;
  }

  /** The names of the workers that have not ended. */
  workers(): string[] {
    return [...this.#books.workers.keys()];
  }

  /** Whether a run is not over. */
  isRunning(run: number): boolean {
    return this.#books.runs.has(run);
  }

  /** The item that a worker has at this offset of a chunk. */
  itemAt(
    worker: string,
    chunk: number,
    offset: number,
  ): { run: number; index: number; attempt: number } | undefined {
    const held = this.#heldBy(worker, chunk);
    return held && itemOf(held, offset);
  }

  /** The same, if the item would be tried again if its function threw. */
  retriableAt(
    worker: string,
    chunk: number,
    offset: number,
  ): { run: number; index: number; attempt: number } | undefined {
    const held = this.#heldBy(worker, chunk);
    if (!held || offset < held.done || !held.run.mayRetry(held.first + offset)) {
      return undefined;
    }
    return itemOf(held, offset);
  }

  /**
   * The item that a worker has there, but also for the last chunk that it has ended: its
   * items may print after their end.
   */
  printerAt(
    worker: string,
    chunk: number,
    offset: number,
  ): { run: number; index: number; attempt: number } | undefined {
    const last = this.#books.workers.get(worker)?.last;
    if (last?.chunk !== chunk) return this.itemAt(worker, chunk, offset);
    return itemOf(last, offset);
  }

  /** {@linkcode validate} */
  validate(): void {
    validate(this.#books, this.#settings.workers);
  }

  /** How many chunks are with workers. */
  get outstandingChunks(): number {
    return this.#books.chunks.size;
  }

  #heldBy(worker: string, chunk: number): Chunk | undefined {
    return this.#books.workers.get(worker)?.chunks.find((held) => held.chunk === chunk);
  }

  #itemsCame(id: number, count: number): void {
    const run = this.#books.runs.get(id);
    if (!run) return;
    run.available += count;
    run.pulled = Math.max(0, run.pulled - count);
    run.expected = 0;
    if (run.terminating) this.#books.cancelWaiting(run);
  }

  #sourceEnded(id: number): void {
    const run = this.#books.runs.get(id);
    if (!run) return;
    run.ended = true;
    run.expected = 0;
    this.#books.finish(run);
  }

  /** Drops a run. Its chunks are forgotten here, and workers are told to end them. */
  #cancel(id: number): void {
    const run = this.#books.runs.get(id);
    if (!run) return;
    this.#books.runs.delete(id);
    for (const worker of this.#books.workers.values()) {
      const chunks = worker.chunks.filter((chunk) => chunk.run === run);
      if (chunks.length === 0) continue;
      for (const chunk of chunks) this.#books.forget(worker, chunk);
      worker.excused = true;
      worker.recalls = 0;
      this.#out.feed(worker);
      const ids = chunks.map((chunk) => chunk.chunk);
      this.#books.actions.push({ type: "cancel", worker: worker.id, chunks: ids });
    }
  }

  /** Asks running items to come to an end, and cancels waiting ones. */
  #terminate(id: number, grace: number): void {
    const run = this.#books.runs.get(id);
    if (!run) return;
    run.terminating = true;
    run.expected = 0;
    this.#books.cancelWaiting(run);
    for (const worker of this.#books.workers.values()) {
      for (const chunk of worker.chunks) {
        if (chunk.run !== run) continue;
        worker.excused = true;
        const terminateBy = this.#books.now + grace + OVERTIME;
        // The worker was told already, and has no more time than this.
        if (terminateBy >= chunk.terminateBy) continue;
        chunk.terminateBy = terminateBy;
        const action = { worker: worker.id, chunk: chunk.chunk, grace };
        this.#books.actions.push({ type: "terminate", ...action });
      }
    }
    this.#books.finish(run);
  }

  #hello(id: string, worker: Worker | undefined, incarnation: string): void {
    const refuse = (refused: string) =>
      this.#books.actions.push({ type: "welcome", worker: id, refused });
    if (this.#closed) {
      refuse("the run is over");
    } else if (!worker) {
      refuse("this run does not expect the worker, or has given it up");
    } else if (worker.former.has(incarnation)) {
      refuse("another process has taken its place");
    } else if (worker.state === "started" && worker.incarnation === incarnation) {
      // It is about to restart, and asks only whether its message has arrived.
      this.#books.actions.push({ type: "welcome", worker: id });
    } else {
      if (worker.incarnation !== incarnation) {
        const detail = "its process was restarted without notice";
        this.#losses.takeBack(worker, { worker: id, cause: "exit", detail });
        worker.former.add(worker.incarnation);
        // One that was announced is of the same job; else the job was begun anew.
        if (worker.state !== "started" || worker.incarnation === "") {
          worker.came = this.#books.now;
          worker.used = false;
        }
        worker.incarnation = incarnation;
        worker.excused = false;
        worker.recalls = 0;
      }
      this.#books.actions.push({ type: "welcome", worker: id });
      this.#out.came();
      // Even if it was not missed: what it has sent meanwhile is still on its way.
      this.#books.enter(worker, "ready");
      this.#out.feed(worker);
    }
  }

  #close(): void {
    this.#closed = true;
    for (const id of [...this.#books.runs.keys()]) this.#cancel(id);
    for (const worker of this.#books.workers.values()) {
      const came = worker.state === "ready" || worker.state === "disconnected";
      this.#books.actions.push({ type: came ? "leave" : "stop", worker: worker.id });
    }
  }
}
