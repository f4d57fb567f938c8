/**
 * Keeps account of every item, from what goes into the core and what comes out of it
 * alone, and says when that cannot be right. It knows the rules, not how the core keeps
 * them.
 *
 * @module
 */

import type { CoreAction, CoreEvent, CoreSettings } from "../../src/core/events.ts";
import type { AssignedChunk } from "../../src/protocol/messages.ts";
import {
  type Carried,
  leftOf,
  must,
  type RunAccount,
  type Witness,
  type WorkerAccount,
} from "./accounts.ts";
import { Books } from "./books.ts";
import type { Liveness } from "./liveness.ts";
import {
  checkAssignment,
  checkDismissals,
  checkRecall,
  checkRequest,
  checkResults,
  checkWorkers,
  mustBeAlone,
} from "./rules.ts";
import { checkFailure } from "./verdicts.ts";

type Event<T extends CoreEvent["type"]> = Extract<CoreEvent, { type: T }>;
type Action<T extends CoreAction["type"]> = Extract<CoreAction, { type: T }>;

/** So many times chunks may be handed back while nothing is settled. */
const MOST_HANDED_BACK = 50;

const SIGNS_OF_LIFE = new Set([
  "heard",
  "began",
  "moved",
  "results",
  "failed",
  "returned",
]);

/** Watches one core. */
export class Ledger {
  readonly #settings: CoreSettings;
  readonly #witness: Witness;
  readonly #books: Books;
  readonly #liveness: Liveness;
  #lastChunk = 0;

  /**
   * @param settings The core's.
   * @param witness What the models know.
   * @param liveness Watches that nothing waits in vain.
   */
  constructor(settings: CoreSettings, witness: Witness, liveness: Liveness) {
    this.#liveness = liveness;
    this.#settings = settings;
    this.#witness = witness;
    this.#books = new Books(witness);
  }

  /** The runs that have begun. */
  get runs(): Map<number, RunAccount> {
    return this.#books.runs;
  }

  /** Grows with each item that is settled or charged, and each run that ends. */
  get progress(): number {
    return this.#books.progress;
  }

  /** Whether all runs that have begun are over. */
  get settled(): boolean {
    for (const run of this.runs.values()) if (run.over === undefined) return false;
    return true;
  }

  /** Takes note of an event before the core does. */
  before(event: CoreEvent, now: number): void {
    const books = this.#books;
    books.now = now;
    const worker = "worker" in event ? books.workers.get(event.worker) : undefined;
    if (worker && SIGNS_OF_LIFE.has(event.type)) {
      worker.heard = now;
      if (worker.state === "away") worker.state = "ready";
    }
    switch (event.type) {
      case "moved":
        if (worker) worker.moved = now;
        break;
      case "items":
        books.runs.get(event.run)!.available += event.count;
        break;
      case "ended":
        books.runs.get(event.run)!.ended = true;
        break;
      case "terminate":
        books.runs.get(event.run)!.terminating = true;
        books.excuse(books.runs.get(event.run)!);
        break;
      case "cancel":
        books.excuse(books.runs.get(event.run)!);
        books.finish(books.runs.get(event.run)!, "cancelled");
        break;
      case "close":
        books.closed = true;
        for (const run of books.runs.values()) {
          if (run.over === undefined) books.finish(run, "cancelled");
        }
        break;
      case "workerEnded":
        if (worker) worker.late = event.loss.cause === "run time limit";
        break;
      case "disconnected":
        if (worker?.state === "ready") worker.state = "away";
        break;
      case "failed": {
        const { chunk, offset, reason } = event;
        const held = books.held(worker, chunk);
        if (!held || offset < held.done || offset >= held.count) break;
        if (reason === "threw") {
          this.#threw(held.run, held.first + offset, event.final === true);
        }
        books.advance(held, offset + 1);
        worker!.used = true;
        worker!.excused = true;
        for (const other of worker!.chunks) other.excused = true;
        break;
      }
      case "restarting": {
        if (worker?.state !== "ready" && worker?.state !== "away") break;
        this.#witness.count("restarting");
        if (worker.excused) {
          for (const held of [...worker.chunks]) {
            books.release(held);
          }
        } else books.takeBack(worker);
        worker.state = "restarting";
        break;
      }
      case "withdrawn": {
        for (const chunk of event.chunks) {
          const held = books.held(worker, chunk);
          if (held) books.release(held);
        }
        break;
      }
      case "returned": {
        const counted = new Set<unknown>();
        for (const { chunk, from } of event.cuts) {
          const held = books.held(worker, chunk);
          if (!held) continue;
          if (from < held.done || from > held.count) break;
          if (held.excused && !counted.has(held.run)) {
            held.run.handedBack++;
            counted.add(held.run);
          }
          const forgiven = held.excused && held.run.handedBack <= MOST_HANDED_BACK;
          if (!forgiven && from === 0) {
            this.#witness.count("thread lost");
            books.lost(held, worker!.alone);
            books.release(held);
          } else {
            held.count = from;
            books.advance(held, held.done);
          }
        }
        break;
      }
    }
  }

  /** An item threw: if it is tried again, it rests first. */
  #threw(run: RunAccount, index: number, final: boolean): void {
    const throws = ++run.throws[index]!;
    run.tries[index]!++;
    if (final) run.final.add(index);
    const { retryErrors, retryDelay, retryFactor } = run.plan.settings;
    if (final || run.terminating || throws > retryErrors || retryDelay === 0) return;
    run.rests.set(index, this.#books.now + retryDelay * retryFactor ** (throws - 1));
    this.#witness.count("rests");
  }

  /** Checks what the core wants done about it. `still` are the workers that it knows. */
  after(
    event: CoreEvent,
    actions: CoreAction[],
    carried: Carried,
    still: string[],
  ): void {
    const books = this.#books;
    const alive = new Set(still);
    must(alive.size === still.length, "two workers have the same name");
    checkDismissals(books, event, actions, alive);
    if (event.type === "tick") {
      for (const action of actions) {
        if (action.type === "fail") this.#overdue(action, alive);
      }
    }
    if (event.type === "hello") this.#meet(event, actions);
    for (const action of actions) {
      if (action.type !== "accept") this.#bury(alive);
      this.#check(event, action, carried);
    }
    this.#bury(alive);
    must(books.workers.size === alive.size, "a worker is there that was not asked for");
    checkWorkers(books, this.#settings);
    this.#liveness.check(books);
    if (books.workers.size === 0 && books.neverCame >= 3) {
      books.neverCame = 0;
      for (const run of books.runs.values()) run.hopeless = true;
    }
  }

  #check(event: CoreEvent, action: CoreAction, carried: Carried): void {
    const books = this.#books;
    const run = "run" in action ? books.runs.get(action.run)! : undefined;
    if (run) must(run.over === undefined, `${action.type} of a run that is over`);
    switch (action.type) {
      case "request":
        checkRequest(books);
        for (const id of action.workers) {
          must(!books.workers.has(id), "a worker's name is used twice");
          const rest = {
            incarnation: "",
            excused: false,
            heard: 0,
            moved: 0,
            chunks: [],
            alone: false,
            came: Infinity,
            used: false,
            late: false,
          };
          books.workers.set(id, { id, state: "asked for", ...rest });
        }
        break;
      case "welcome": {
        if (action.refused !== undefined) return this.#witness.count("refused");
        const worker = books.workers.get(action.worker)!;
        if (worker.state === "ready") books.neverCame = 0;
        break;
      }
      case "assign":
        for (const chunk of action.chunks) {
          this.#assign(books.workers.get(action.worker), run!, chunk);
        }
        break;
      case "recall": {
        const worker = books.workers.get(action.worker)!;
        checkRecall(books, worker);
        for (const held of worker.chunks) held.excused = true;
        this.#witness.count("recalled");
        break;
      }
      case "accept":
        this.#accept(event, run!, action, carried.values!);
        break;
      case "fail":
        books.settle(run!, action.index, action.failure);
        this.#witness.count(`failed: ${action.failure.kind}`);
        checkFailure(event, run!, action.index, action.failure, carried);
        break;
      case "abandon":
        must(books.neverCame >= 3, "a run is given up though workers came");
        must(books.workers.size === 0, "a run is given up though a worker may come");
        for (let i = 0; i < run!.available; i++) run!.outcomes[i] ??= "abandoned";
        books.finish(run!, "abandoned");
        break;
      case "done":
        must(run!.ended, "a run is done before its source has ended");
        must(run!.settled === run!.plan.items.length, "a run is done without an item");
        books.finish(run!, "done");
        break;
      case "pull":
        must(!run!.ended && action.count > 0, "a source is asked in vain");
        break;
    }
  }

  /** A process says hello; it may be another one than before. */
  #meet({ worker: id, incarnation }: Event<"hello">, actions: CoreAction[]): void {
    const books = this.#books;
    const worker = books.workers.get(id);
    const welcome = actions.find((action) => action.type === "welcome");
    if (!worker || welcome?.refused !== undefined) return;
    worker.heard = this.#books.now;
    const same = worker.incarnation === incarnation;
    if (same && worker.state === "restarting") return;
    if (worker.came === Infinity || !same && worker.state !== "restarting") {
      worker.came = books.now;
      worker.used = false;
    }
    if (!same) {
      if (worker.chunks.length > 0) this.#witness.count("replaced without a word");
      books.takeBack(worker);
      worker.excused = false;
    } else this.#witness.count("came back");
    worker.incarnation = incarnation;
    worker.state = "ready";
  }

  #assign(
    worker: WorkerAccount | undefined,
    run: RunAccount,
    assigned: AssignedChunk,
  ): void {
    checkAssignment(this.#books, worker, run, assigned);
    const { chunk, first, count } = assigned;
    must(chunk > this.#lastChunk, "a chunk's number is used twice");
    const since = this.#books.now;
    const held = { chunk, worker, run, first, count, done: 0, excused: false, since };
    worker.alone = mustBeAlone(run, first);
    for (let i = first; i < first + count; i++) run.places[i] = held;
    run.suspects.delete(first);
    run.fresh.delete(first);
    run.rests.delete(first);
    this.#lastChunk = chunk;
    this.#books.chunks.set(chunk, held);
    worker.chunks.push(held);
  }

  #accept(
    event: CoreEvent,
    run: RunAccount,
    action: Action<"accept">,
    values: number[],
  ): void {
    must(event.type === "results", "results are accepted out of thin air");
    const { chunk, from } = event.segments[action.segment]!;
    const held = this.#books.held(this.#books.workers.get(event.worker), chunk);
    checkResults(event, held, run, action, values);
    const { first, count } = action;
    for (let i = first; i < first + count; i++) this.#books.settle(run, i, "accepted");
    held.worker.excused = held.worker.used = true;
    this.#books.advance(held, from + count);
  }

  /** The host itself ends an item, and its worker, for a reason that is known. */
  #overdue({ run: id, index, failure }: Action<"fail">, alive: Set<string>): void {
    if (failure.kind !== "timeout" && failure.kind !== "cancelled") return;
    const run = this.runs.get(id)!;
    const held = run.places[index]!;
    const { worker } = held;
    must(!alive.has(worker.id), "an overdue item's worker is kept");
    const fair = run.plan.items[index]!.kind === "stuck" ||
      !this.#witness.prompt(worker.id) ||
      // Of a terminated run it may also have been lost with its worker.
      run.terminating && !this.#witness.healthy(worker.id);
    must(fair, "the host ends an item that its worker would have ended");
    const alone = worker.chunks.length === 1 && leftOf(held) === 1;
    must(alone, "an overdue item was not alone");
    this.#books.release(held);
  }

  /** Forgets the workers that the core has given up. */
  #bury(alive: Set<string>): void {
    const books = this.#books;
    for (const worker of books.workers.values()) {
      if (alive.has(worker.id)) continue;
      if (worker.state === "ready" || worker.state === "away") books.neverCame = 0;
      else books.neverCame++;
      books.workers.delete(worker.id);
      books.takeBack(worker);
    }
  }
}
