/**
 * What is pending, assigned, done, lost, retried or given up: all decided here, without
 * I/O, clock or chance. Events go in, with the time; actions come out.
 *
 * An item is at any time in one place: waiting in its run, in a chunk with one worker,
 * or settled. A worker goes through these states, forward only but for one pair:
 *
 *     requested ──> started ──> ready <──> disconnected
 *         │            ↑ └─────────│── restarting
 *         └────────────┴──────────┴─────────────┴──> (gone: forgotten)
 *
 * Which item ended its worker? The host knows only what was reported. When just one item
 * was with the worker, it was that one, and it is charged. When there were more, none is
 * charged: each becomes a suspect and is run alone, so that the next loss is certain.
 *
 * @module
 */

import type { WorkerLoss } from "../errors.ts";
import type { AssignedChunk, Cut } from "../protocol/messages.ts";
import type { CoreAction, CoreEvent, CoreSettings, Failure } from "./events.ts";
import {
  isWorthRecalling,
  mostItems,
  RECALL_INTERVAL,
  usualItems,
} from "./portions.ts";
import { type Range, Run } from "./run.ts";

/** After so many workers in a row that never came, no more are asked for. */
const MOST_START_FAILURES = 3;
/** How much later than the worker the host itself enforces a limit, in milliseconds. */
const OVERTIME = 5000;
/** So often whole chunks of a run may be handed back while none of its items is settled. */
const MOST_HANDED_BACK = 50;
/** How long a worker that came back may take to tell what it did, in milliseconds. */
const REUNION = 1000;

interface Chunk extends AssignedChunk {
  run: Run;
  /** How many of its items are settled or handed back: always the first ones. */
  done: number;
  /** When the host gives up on a termination that it asked for. */
  terminateBy: number;
  /** Its worker may hand it back: it was asked to, or an item before its own failed. */
  excused: boolean;
}

interface Worker {
  id: string;
  state: "requested" | "started" | "ready" | "disconnected";
  /** When it came into this state. */
  since: number;
  /** When there was last a sign of life. */
  heard: number;
  /** When an item with it was last settled or began, or the first one was given to it. */
  progress: number;
  /** Whether one began since then: before that it may have to load what the items need. */
  begun: boolean;
  /** When something large was last under way to it, or from it. */
  moved: number;
  /** Which of its processes it is; while it restarts, the one that ends. */
  incarnation: string;
  /** Its processes that were replaced: should one of them come back, it is too late. */
  readonly former: Set<string>;
  /** Its process has settled an item, or was told to end one, so it may restart. */
  excused: boolean;
  /** In the order in which they run. */
  chunks: Chunk[];
  /** The chunk that it has ended last. */
  last: Chunk | undefined;
  /** How many items are with it. */
  items: number;
  /** It runs an item that must be alone with it: a suspect, or a `Job`. */
  alone: boolean;
  /** How often it was asked to hand back what waits, since an item was last settled. */
  recalls: number;
  /** When it was asked that last. */
  recalled: number;
  /** Why it is not even in the queue, if the cluster takes nothing just now. */
  delay?: string | undefined;
}

/** The dispatcher's state machine. */
export class Core {
  readonly #settings: CoreSettings;
  readonly #workers = new Map<string, Worker>();
  readonly #runs = new Map<number, Run>();
  readonly #chunks = new Map<number, Chunk>();
  /** Ready workers that could take more if there were any. */
  readonly #hungry = new Set<Worker>();
  #actions: CoreAction[] = [];
  #now = 0;
  #lastWorker = 0;
  #lastChunk = 0;
  /** When to look again for something to recall. */
  #recallAt = 0;
  #startFailures = 0;
  #lastLoss: WorkerLoss | undefined;
  #closed = false;

  /** @param settings What holds for all runs. */
  constructor(settings: CoreSettings) {
    this.#settings = settings;
  }

  /**
   * Takes note of what happened at a time.
   *
   * @returns What to do about it, in this order.
   */
  handle(event: CoreEvent, now: number): CoreAction[] {
    this.#now = now;
    this.#actions = [];
    const worker = "worker" in event ? this.#workers.get(event.worker) : undefined;
    switch (event.type) {
      case "run":
        this.#runs.set(event.run.id, new Run(event.run));
        break;
      case "items":
        this.#itemsCame(event.run, event.count);
        break;
      case "hint": {
        const run = this.#runs.get(event.run);
        if (run) run.hint = event.estimate;
        break;
      }
      case "weighed":
        this.#runs.get(event.run)?.weigh(event.weight);
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
        if (worker?.state === "requested") this.#enter(worker, "started");
        break;
      case "delayed":
        if (worker) worker.delay = event.why;
        break;
      case "workerEnded":
        if (worker) this.#lose(worker, event.loss);
        break;
      case "hello":
        this.#hello(event.worker, worker, event.incarnation);
        break;
      case "heard":
        if (worker) this.#heard(worker);
        break;
      case "moved":
        if (worker) this.#moved(worker);
        if (worker) this.#heard(worker);
        break;
      case "disconnected":
        if (worker?.state === "ready") this.#enter(worker, "disconnected");
        break;
      case "violation":
        if (worker) this.#drop(worker, "unreachable", event.detail);
        break;
      case "began":
        if (worker) this.#began(worker, event.chunk);
        break;
      case "restarting":
        if (worker) this.#restarting(worker, event.why);
        break;
      case "results":
        if (worker) this.#results(worker, event);
        break;
      case "failed":
        if (worker) this.#failed(worker, event);
        break;
      case "returned":
        if (worker) this.#returned(worker, event.cuts);
        break;
      case "withdrawn":
        if (worker) this.#withdrawn(worker, event.chunks);
        break;
      case "tick":
        this.#tick();
        break;
      case "close":
        this.#close();
        break;
      default:
        event satisfies never;
    }
    // First, so that those who are yet to come have their share of what is handed out.
    this.#requestWorkers();
    this.#fillAll();
    this.#recallAll();
    this.#pullAll();
    this.#giveUp();
    return this.#actions;
  }

  /** How many workers are in each state. */
  count(): Record<Worker["state"] | "busy", number> {
    const count = { requested: 0, started: 0, ready: 0, disconnected: 0, busy: 0 };
    for (const worker of this.#workers.values()) {
      count[worker.state]++;
      if (worker.items > 0) count.busy++;
    }
    return count;
  }

  /** Since when the first of those has waited that are only asked for. */
  get queuedSince(): number | undefined {
    let first: number | undefined;
    for (const { state, since } of this.#workers.values()) {
      if (state === "requested") first = Math.min(since, first ?? since);
    }
    return first;
  }

  /** Why one of those that are only asked for is not in the queue, if that is so. */
  get delay(): string | undefined {
    for (const { state, delay } of this.#workers.values()) {
      if (state === "requested" && delay !== undefined) return delay;
    }
    return undefined;
  }

  /** The names of the workers that have not ended. */
  workers(): string[] {
    return [...this.#workers.keys()];
  }

  /** Whether a run is not over. */
  isRunning(run: number): boolean {
    return this.#runs.has(run);
  }

  /** Which item of which run it is that a worker has at this offset of a chunk. */
  itemAt(
    worker: string,
    chunk: number,
    offset: number,
  ): { run: number; index: number; attempt: number } | undefined {
    const held = this.#workers.get(worker)?.chunks.find((held) => held.chunk === chunk);
    return held && itemOf(held, offset);
  }

  /**
   * The same, also of the last chunk that a worker has ended: its items may print after
   * their end.
   */
  printerAt(
    worker: string,
    chunk: number,
    offset: number,
  ): { run: number; index: number; attempt: number } | undefined {
    const last = this.#workers.get(worker)?.last;
    if (last?.chunk !== chunk) return this.itemAt(worker, chunk, offset);
    return itemOf(last, offset);
  }

  /** How many chunks wait for or run on workers. */
  get outstandingChunks(): number {
    return this.#chunks.size;
  }

  /**
   * Checks every rule that must always hold.
   *
   * @throws {Error} Naming the rule that does not.
   */
  validate(): void {
    const must = (holds: boolean, rule: string) => {
      if (!holds) throw new Error(`The dispatcher broke its rule: ${rule}`);
    };
    const assigned = new Map<Run, number[]>();
    for (const worker of this.#workers.values()) {
      let items = 0;
      for (const chunk of worker.chunks) {
        must(this.#chunks.get(chunk.chunk) === chunk, "a worker's chunk is known");
        must(chunk.done < chunk.count, "a finished chunk is forgotten");
        must(this.isRunning(chunk.run.settings.id), "a chunk's run is not over");
        const list = assigned.get(chunk.run) ?? [];
        for (let i = chunk.done; i < chunk.count; i++) list.push(chunk.first + i);
        assigned.set(chunk.run, list);
        items += chunk.count - chunk.done;
      }
      must(items === worker.items, "a worker's items are counted");
      must(!worker.alone || items === 1, "a suspect or Job is alone with its worker");
      const runs = new Set(worker.chunks.map((chunk) => chunk.run));
      must(runs.size <= 1, "a worker holds chunks of one run");
      must(
        items === 0 || worker.state === "ready" || worker.state === "disconnected",
        "only a worker that came has items",
      );
    }
    const held = [...this.#workers.values()].flatMap((worker) => worker.chunks);
    must(held.length === this.#chunks.size, "every chunk is with one worker");
    must(this.#workers.size <= this.#settings.workers, "no more workers than allowed");
    for (const run of this.#runs.values()) {
      const with_ = assigned.get(run) ?? [];
      const waiting = run.waiting();
      must(run.assigned === with_.length, "a run's assigned items are counted");
      must(run.pending === waiting.length, "a run's waiting items are counted");
      const all = new Set([...with_, ...waiting]);
      must(all.size === with_.length + waiting.length, "an item is in one place");
      must(all.size + run.settled === run.available, "no item is lost");
      must(!run.complete, "a run that is complete is over");
      const hope = run.pending === 0 || this.#workers.size > 0;
      must(hope, "nothing waits where no worker can come");
    }
  }

  #itemsCame(id: number, count: number): void {
    const run = this.#runs.get(id);
    if (!run) return;
    run.available += count;
    run.pulled = Math.max(0, run.pulled - count);
    run.expected = 0;
    if (run.terminating) this.#cancelWaiting(run);
  }

  #sourceEnded(id: number): void {
    const run = this.#runs.get(id);
    if (!run) return;
    run.ended = true;
    run.expected = 0;
    this.#finish(run);
  }

  /** Drops a run. What its workers still hold of it is forgotten here and ended there. */
  #cancel(id: number): void {
    const run = this.#runs.get(id);
    if (!run) return;
    this.#runs.delete(id);
    for (const worker of this.#workers.values()) {
      const chunks = worker.chunks.filter((chunk) => chunk.run === run);
      if (chunks.length === 0) continue;
      for (const chunk of chunks) this.#forget(worker, chunk);
      worker.excused = true;
      worker.recalls = 0;
      this.#feed(worker);
      const ids = chunks.map((chunk) => chunk.chunk);
      this.#actions.push({ type: "cancel", worker: worker.id, chunks: ids });
    }
  }

  /** Lets what runs come to an end; what waits is cancelled. */
  #terminate(id: number, grace: number): void {
    const run = this.#runs.get(id);
    if (!run) return;
    run.terminating = true;
    run.expected = 0;
    this.#cancelWaiting(run);
    for (const worker of this.#workers.values()) {
      for (const chunk of worker.chunks) {
        if (chunk.run !== run) continue;
        worker.excused = true;
        const terminateBy = this.#now + grace + OVERTIME;
        // It has been told so, or has less time.
        if (terminateBy >= chunk.terminateBy) continue;
        chunk.terminateBy = terminateBy;
        const action = { worker: worker.id, chunk: chunk.chunk, grace };
        this.#actions.push({ type: "terminate", ...action });
      }
    }
    this.#finish(run);
  }

  #hello(id: string, worker: Worker | undefined, incarnation: string): void {
    const refuse = (refused: string) =>
      this.#actions.push({ type: "welcome", worker: id, refused });
    if (this.#closed) {
      refuse("the run is over");
    } else if (!worker) {
      refuse("this run does not expect the worker, or has given it up");
    } else if (worker.former.has(incarnation)) {
      refuse("another process has taken its place");
    } else if (worker.state === "started" && worker.incarnation === incarnation) {
      // It is about to restart, and only wants to know whether it was heard.
      this.#actions.push({ type: "welcome", worker: id });
    } else {
      if (worker.incarnation !== incarnation) {
        const detail = "its process was started anew without a word";
        this.#takeBack(worker, { worker: id, cause: "exit", detail });
        worker.former.add(worker.incarnation);
        worker.incarnation = incarnation;
        worker.excused = false;
        worker.recalls = 0;
      }
      this.#actions.push({ type: "welcome", worker: id });
      this.#startFailures = 0;
      // Also when it was never missed: what it said meanwhile is still on its way.
      this.#enter(worker, "ready");
      this.#feed(worker);
    }
  }

  #heard(worker: Worker): void {
    worker.heard = this.#now;
    if (worker.state === "disconnected") {
      this.#enter(worker, "ready");
      this.#feed(worker);
    }
  }

  #results(
    worker: Worker,
    { segments, elapsed, bytes }: Extract<CoreEvent, { type: "results" }>,
  ): void {
    this.#heard(worker);
    let total = 0;
    for (const segment of segments) total += segment.count;
    for (let i = 0; i < segments.length; i++) {
      const { chunk: id, from, count } = segments[i]!;
      const chunk = this.#holds(worker, id);
      if (!chunk) continue;
      if (from < chunk.done || from + count > chunk.count) {
        this.#drop(worker, "unreachable", "it reported results it does not owe");
        return;
      }
      worker.excused = true;
      this.#handBack(worker, chunk, from);
      const { run } = chunk;
      const first = chunk.first + from;
      this.#advance(worker, chunk, count);
      run.settle(first, count);
      run.measure(count, elapsed * count / total, bytes * count / total);
      const id_ = run.settings.id;
      this.#actions.push({ type: "accept", run: id_, segment: i, first, count });
      this.#finish(run);
    }
    this.#feed(worker);
  }

  #failed(worker: Worker, event: Extract<CoreEvent, { type: "failed" }>): void {
    this.#heard(worker);
    const chunk = this.#holds(worker, event.chunk);
    if (!chunk) return;
    if (event.offset < chunk.done || event.offset >= chunk.count) {
      this.#drop(worker, "unreachable", "it reported a failure it does not owe");
      return;
    }
    this.#handBack(worker, chunk, event.offset);
    const { run } = chunk;
    const index = chunk.first + event.offset;
    this.#advance(worker, chunk, 1);
    worker.excused = true;
    for (const other of worker.chunks) other.excused = true;
    const { reason } = event;
    if (run.terminating || reason !== "threw" || !run.retryError(index)) {
      this.#fail(run, index, { kind: "reported", reason });
    }
    this.#finish(run);
    this.#feed(worker);
  }

  #returned(worker: Worker, cuts: readonly Cut[]): void {
    this.#heard(worker);
    let counted: Run | undefined;
    for (const { chunk: id, from } of cuts) {
      const chunk = this.#holds(worker, id);
      if (!this.#workers.has(worker.id)) return;
      if (!chunk) continue;
      const { run } = chunk;
      if (from < chunk.done || from > chunk.count) {
        this.#drop(worker, "unreachable", "it handed back items it does not have");
        return;
      }
      if (chunk.excused && counted !== run) {
        run.handedBack++;
        counted = run;
      }
      const forgiven = chunk.excused && run.handedBack <= MOST_HANDED_BACK;
      if (forgiven || from > 0) {
        this.#cut(worker, chunk, from);
        this.#finish(run);
      } else {
        // Nobody knows why. Were it forgiven, it could go on for ever.
        const detail = "the thread that had the item ended, and did not say why";
        const loss: WorkerLoss = { worker: worker.id, cause: "exit", detail };
        this.#blame(worker, chunk, worker.alone, loss);
      }
    }
    this.#feedLast(worker);
  }

  /** What never left the host is no sign of life. */
  #withdrawn(worker: Worker, ids: readonly number[]): void {
    for (const id of ids) {
      const chunk = this.#holds(worker, id);
      if (!chunk) continue;
      this.#cut(worker, chunk, chunk.done);
      this.#finish(chunk.run);
    }
    this.#feedLast(worker);
  }

  /** What it was asked to hand back before it had that, it was asked in vain. */
  #moved(worker: Worker): void {
    worker.moved = this.#now;
    worker.recalls = Math.min(worker.recalls, 1);
  }

  /** An item's time counts from here on. */
  #began(worker: Worker, id: number): void {
    this.#heard(worker);
    const chunk = this.#holds(worker, id);
    if (!chunk || chunk !== worker.chunks[0] || chunk.done > 0) return;
    worker.progress = this.#now;
    worker.begun = true;
  }

  /** The worker has reported what it began; what else it has it did not begin. */
  #restarting(worker: Worker, why: string): void {
    if (worker.state !== "ready" && worker.state !== "disconnected") return;
    if (worker.excused) {
      for (const chunk of [...worker.chunks]) {
        this.#handBack(worker, chunk, chunk.count);
        this.#finish(chunk.run);
      }
    } else {
      // Were it forgiven, it could go on for ever.
      const detail = `its process started anew, ${
        why === "" ? "and did not say why" : `because ${why}`
      }`;
      this.#takeBack(worker, { worker: worker.id, cause: "exit", detail });
    }
    this.#hungry.delete(worker);
    this.#enter(worker, "started");
  }

  #tick(): void {
    const { queueTimeout, startTimeout, silenceTimeout, reconnectGrace } =
      this.#settings;
    for (const worker of [...this.#workers.values()]) {
      const age = this.#now - worker.since;
      if (worker.state === "requested" && age > queueTimeout) {
        const why = worker.delay === undefined ? "" : `: ${worker.delay}`;
        const detail =
          `it was asked for and did not start within ${queueTimeout} ms${why}`;
        this.#drop(worker, "never started", detail);
      } else if (worker.state === "started" && age > startTimeout) {
        const detail =
          `it started and did not reach the host within ${startTimeout} ms`;
        this.#drop(worker, "unreachable", detail);
      } else if (worker.state === "disconnected" && age > reconnectGrace) {
        const cause = this.#settings.lostCause ?? "unreachable";
        this.#drop(worker, cause, "the connection to it was lost");
      } else if (worker.state === "ready" && this.#overdue(worker)) {
        this.#endOverdue(worker);
      } else if (
        worker.state === "ready" && this.#now - worker.heard > silenceTimeout
      ) {
        this.#enter(worker, "disconnected");
      }
    }
  }

  /**
   * Whether the worker should have ended what it runs, and did not. It must have been
   * heard of since then, and not only of its return: of a silent one nobody knows what
   * it has done; nor of one to which an item, or from which a result is under way.
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
   * The host does what the worker failed to do: it ends the worker, and fails the item.
   * Of several items it cannot know which one it is, so each is first run alone.
   */
  #endOverdue(worker: Worker): void {
    const chunk = worker.chunks[0]!;
    if (worker.items === 1) {
      const kind = worker.heard > chunk.terminateBy ? "cancelled" : "timeout";
      this.#advance(worker, chunk, 1);
      this.#fail(chunk.run, chunk.first + chunk.done - 1, { kind });
      this.#finish(chunk.run);
    }
    this.#drop(worker, "unreachable", "it did not end an item that was due");
  }

  #close(): void {
    this.#closed = true;
    for (const id of [...this.#runs.keys()]) this.#cancel(id);
    for (const worker of this.#workers.values()) {
      const came = worker.state === "ready" || worker.state === "disconnected";
      this.#actions.push({ type: came ? "leave" : "stop", worker: worker.id });
    }
  }

  /** The host gives a worker up and has the scheduler end it. */
  #drop(worker: Worker, cause: WorkerLoss["cause"], detail: string): void {
    const loss = { cause, detail };
    this.#lose(worker, loss);
    this.#actions.push({ type: "stop", worker: worker.id, loss });
  }

  /** A worker is gone: what was with it is charged, suspected or both. */
  #lose(worker: Worker, found: WorkerLoss): void {
    const loss = { worker: worker.id, ...found };
    this.#workers.delete(worker.id);
    this.#hungry.delete(worker);
    this.#lastLoss = loss;
    const came = worker.state === "ready" || worker.state === "disconnected";
    if (came) this.#startFailures = 0;
    else this.#startFailures++;
    this.#takeBack(worker, loss);
  }

  /** Takes back what was with a process that is lost. */
  #takeBack(worker: Worker, loss: WorkerLoss): void {
    const certain = worker.items === 1;
    for (const chunk of [...worker.chunks]) this.#blame(worker, chunk, certain, loss);
  }

  /** What is left of a chunk may have ended what ran it; if alone, it certainly has. */
  #blame(worker: Worker, chunk: Chunk, certain: boolean, loss: WorkerLoss): void {
    const { run } = chunk;
    const end = chunk.first + chunk.count;
    this.#forget(worker, chunk);
    for (let index = chunk.first + chunk.done; index < end; index++) {
      if (run.terminating) {
        this.#fail(run, index, { kind: "cancelled" });
      } else if (certain) {
        const losses = run.charge(index, loss);
        if (losses) this.#fail(run, index, { kind: "lost", losses });
      } else {
        run.suspect(index);
      }
    }
    this.#finish(run);
  }

  #fail(run: Run, index: number, failure: Failure): void {
    run.settle(index, 1);
    this.#actions.push({ type: "fail", run: run.settings.id, index, failure });
  }

  /** What waits of a run that is being terminated. */
  #cancelWaiting(run: Run): void {
    for (let range; (range = run.takeSuspect() ?? run.take(Infinity));) {
      this.#failAll(run, range);
    }
  }

  /** Items of a run that is being terminated. */
  #failAll(run: Run, { first, count }: Range): void {
    for (let i = 0; i < count; i++) this.#fail(run, first + i, { kind: "cancelled" });
  }

  /** Ends a run whose items are all settled. */
  #finish(run: Run): void {
    if (!run.complete || !this.#runs.delete(run.settings.id)) return;
    this.#actions.push({ type: "done", run: run.settings.id });
  }

  #enter(worker: Worker, state: Worker["state"]): void {
    worker.state = state;
    worker.since = this.#now;
    worker.heard = this.#now;
    if (state === "disconnected") this.#hungry.delete(worker);
  }

  /** The worker could take more, if it is still there. */
  #feed(worker: Worker): void {
    if (worker.state !== "ready" || !this.#workers.has(worker.id)) return;
    this.#hungry.add(worker);
  }

  /** What it did not get to is for others first. */
  #feedLast(worker: Worker): void {
    this.#hungry.delete(worker);
    this.#feed(worker);
  }

  /** The chunk, if it is with this worker; a stale report of it means nothing. */
  #holds(worker: Worker, id: number): Chunk | undefined {
    if (id > this.#lastChunk) {
      this.#drop(worker, "unreachable", "it reported a chunk that never was");
      return undefined;
    }
    const chunk = this.#chunks.get(id);
    return chunk && worker.chunks.includes(chunk) ? chunk : undefined;
  }

  /** The next `count` items of a chunk are no longer with the worker. */
  #advance(worker: Worker, chunk: Chunk, count: number): void {
    chunk.done += count;
    chunk.run.assigned -= count;
    worker.items -= count;
    worker.progress = this.#now;
    worker.begun = true;
    worker.recalls = 0;
    if (chunk.done === chunk.count) this.#forget(worker, chunk);
  }

  /** The items of a chunk before offset `until` go back to wait. */
  #handBack(worker: Worker, chunk: Chunk, until: number): void {
    const count = until - chunk.done;
    if (count === 0) return;
    const first = chunk.first + chunk.done;
    const { run } = chunk;
    this.#advance(worker, chunk, count);
    if (run.terminating) this.#failAll(run, { first, count });
    else run.giveBack({ first, count });
  }

  /** The items of a chunk from offset `from` on go back to wait. */
  #cut(worker: Worker, chunk: Chunk, from: number): void {
    const { run } = chunk;
    const range = { first: chunk.first + from, count: chunk.count - from };
    chunk.count = from;
    worker.items -= range.count;
    run.assigned -= range.count;
    if (chunk.done === chunk.count) this.#forget(worker, chunk);
    if (run.terminating) this.#failAll(run, range);
    else run.giveBack(range);
  }

  #forget(worker: Worker, chunk: Chunk): void {
    const left = chunk.count - chunk.done;
    worker.items -= left;
    chunk.run.assigned -= left;
    // Chunks end in order, so this is nearly always the first.
    if (worker.chunks[0] === chunk) worker.chunks.shift();
    else worker.chunks.splice(worker.chunks.indexOf(chunk), 1);
    if (worker.chunks.length === 0) worker.alone = false;
    if (chunk.count > 0) worker.last = chunk;
    this.#chunks.delete(chunk.chunk);
  }

  #fillAll(): void {
    if (this.#closed) return;
    for (const run of this.#runs.values()) {
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
      const most = mostItems(worker, run, this.#workers.size);
      if (most === 0) break;
      const suspect = run.takeSuspect();
      const range = suspect ?? run.take(most);
      if (!range) break;
      if (worker.items === 0) {
        worker.progress = this.#now;
        worker.begun = false;
      }
      const { first, count } = range;
      const attempt = count === 1 ? run.attempt(first) : 1;
      // Properties that are spread would take three times as long.
      const chunk: Chunk = {
        chunk: ++this.#lastChunk,
        first,
        count,
        attempt,
        run,
        done: 0,
        terminateBy: Infinity,
        excused: false,
      };
      this.#chunks.set(chunk.chunk, chunk);
      worker.chunks.push(chunk);
      worker.items += count;
      worker.alone = suspect !== undefined || run.settings.exclusive;
      run.assigned += count;
      chunks.push({ chunk: chunk.chunk, first, count, attempt });
    }
    if (run.pending > 0) this.#hungry.delete(worker);
    if (chunks.length > 0) {
      const action = { worker: worker.id, run: run.settings.id, chunks };
      this.#actions.push({ type: "assign", ...action });
    }
  }

  /**
   * Where a worker has no work, or no more than what it runs, while items wait with
   * others, those hand them back.
   */
  #recallAll(): void {
    if (this.#closed || this.#now < this.#recallAt) return;
    for (const run of this.#runs.values()) if (run.pending > 0) return;
    const needy = [...this.#hungry].filter(({ items }) => items <= 1);
    if (needy.length === 0) return;
    let waiting = false;
    for (const worker of this.#workers.values()) {
      if (worker.items < 2 || worker.state !== "ready") continue;
      const { run } = worker.chunks[0]!;
      // One item may wait behind that which runs, unless somebody has nothing to do.
      const mayWait = worker.items > 2 && run.settings.chunkSize === "auto";
      const at = needy.findIndex(({ items, chunks }) =>
        items === 0 || mayWait && chunks[0]!.run === run
      );
      if (at < 0) continue;
      waiting = true;
      const since = this.#now - worker.progress;
      if (!isWorthRecalling(worker, run, since, this.#now)) continue;
      worker.recalls++;
      worker.recalled = this.#now;
      for (const chunk of worker.chunks) chunk.excused = true;
      run.atLeast(since);
      this.#actions.push({ type: "recall", worker: worker.id });
      needy.splice(at, 1);
      if (needy.length === 0) break;
    }
    if (!waiting) return;
    this.#recallAt = this.#now + RECALL_INTERVAL;
    this.#actions.push({ type: "wake", after: RECALL_INTERVAL });
  }

  /** Has the sources read so far ahead that no worker need wait for them. */
  #pullAll(): void {
    if (this.#closed) return;
    for (const run of this.#runs.values()) {
      if (run.ended || run.terminating) continue;
      const wanted = Math.ceil(4 * this.#settings.workers * usualItems(run));
      // Not for a few items more: only when half of it is used up.
      const there = run.pending + run.pulled;
      if (there > wanted / 2) continue;
      run.pulled += wanted - there;
      const action = { run: run.settings.id, count: wanted - there };
      this.#actions.push({ type: "pull", ...action });
    }
  }

  #requestWorkers(): void {
    if (this.#closed || this.#startFailures >= MOST_START_FAILURES) return;
    if (this.#workers.size >= this.#settings.workers) return;
    let pending = 0;
    for (const run of this.#runs.values()) pending += run.pending + run.expected;
    if (pending === 0) return;
    let busy = 0;
    for (const worker of this.#workers.values()) if (worker.items > 0) busy++;
    const wanted = Math.min(this.#settings.workers, pending + busy);
    const missing = wanted - this.#workers.size;
    if (missing <= 0) return;
    const ids: string[] = [];
    for (let i = 0; i < missing; i++) {
      const id = `${++this.#lastWorker}`;
      ids.push(id);
      this.#workers.set(id, {
        id,
        state: "requested",
        since: this.#now,
        heard: this.#now,
        progress: this.#now,
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
      });
    }
    this.#actions.push({ type: "request", workers: ids });
  }

  /** Where no worker is left and none can come, what waits fails with the reason. */
  #giveUp(): void {
    if (this.#workers.size > 0 || this.#startFailures < MOST_START_FAILURES) return;
    const loss = this.#lastLoss!;
    for (const [id, run] of [...this.#runs]) {
      // Its first item, if it comes, may ask anew.
      run.expected = 0;
      if (run.pending === 0) continue;
      this.#runs.delete(id);
      this.#actions.push({ type: "abandon", run: id, loss });
    }
    this.#startFailures = 0;
  }
}

/** Which item of its run is at this offset of a chunk. */
function itemOf(
  { run, first, count, attempt }: Chunk,
  offset: number,
): { run: number; index: number; attempt: number } | undefined {
  if (offset >= count) return undefined;
  return { run: run.settings.id, index: first + offset, attempt };
}
