/**
 * The accounts of one simulation, and what is booked in them.
 *
 * @module
 */

import {
  type Held,
  leftOf,
  must,
  type Outcome,
  type RunAccount,
  type Witness,
  type WorkerAccount,
} from "./accounts.ts";

/** All accounts. */
export class Books {
  readonly runs = new Map<number, RunAccount>();
  readonly workers = new Map<string, WorkerAccount>();
  readonly chunks = new Map<number, Held>();
  now = 0;
  /** Grows with each item that is settled or charged, and each run that ends. */
  progress = 0;
  /** How many workers in a row ended before they came. */
  neverCame = 0;
  closed = false;
  readonly #witness: Witness;

  /** @param witness What the models know. */
  constructor(witness: Witness) {
    this.#witness = witness;
  }

  /** The chunk of this number, if it is with this worker. */
  held(worker: WorkerAccount | undefined, chunk: number): Held | undefined {
    const held = this.chunks.get(chunk);
    return held?.worker === worker ? held : undefined;
  }

  /** The first items of a chunk are settled or handed back. */
  advance(held: Held, done: number): void {
    held.done = done;
    if (done === held.count) this.release(held);
  }

  /** A chunk is no longer with its worker. */
  release(held: Held): void {
    this.chunks.delete(held.chunk);
    const { chunks } = held.worker;
    chunks.splice(chunks.indexOf(held), 1);
    if (chunks.length === 0) held.worker.alone = false;
  }

  /** An item has come to its end. */
  settle(run: RunAccount, index: number, outcome: Outcome): void {
    must(index < run.available, "an item that has not come is settled");
    must(run.outcomes[index] === undefined, "an item is settled twice");
    run.outcomes[index] = outcome;
    run.settled++;
    run.handedBack = 0;
    this.progress++;
    run.suspects.delete(index);
    run.fresh.delete(index);
    run.rests.delete(index);
  }

  /** A run is over. */
  finish(run: RunAccount, how: NonNullable<RunAccount["over"]>): void {
    run.over = how;
    this.progress++;
    this.#witness.count(`run ${how}`);
    for (const held of [...this.chunks.values()]) {
      if (held.run === run) this.release(held);
    }
  }

  /** Workers with items of this run are told to end them, and so may restart. */
  excuse(run: RunAccount): void {
    for (const held of this.chunks.values()) {
      if (held.run === run) held.worker.excused = true;
    }
  }

  /** A process is lost, and all that it had with it. */
  takeBack(worker: WorkerAccount): void {
    if (worker.late) return this.#cutOff(worker);
    const left = worker.chunks.reduce((sum, held) => sum + leftOf(held), 0);
    for (const held of [...worker.chunks]) {
      this.lost(held, left === 1);
      this.release(held);
    }
  }

  /** A job has run into its limit: that is held against nobody. */
  #cutOff(worker: WorkerAccount): void {
    const [held] = worker.chunks;
    for (const held of [...worker.chunks]) this.release(held);
    if (!held || held.run.terminating) return;
    const index = held.first + held.done;
    const { run } = held;
    this.#witness.count("cut off");
    this.progress++;
    run.tries[index]!++;
    run.suspects.delete(index);
    run.fresh.add(index);
    const share = (this.now - held.since) / (this.now - worker.came);
    run.shares.set(index, [...run.shares.get(index) ?? [], share]);
  }

  /** What a chunk still has was lost with its worker or its thread. */
  lost(held: Held, alone: boolean): void {
    const { run, worker: { id } } = held;
    if (run.terminating) return;
    this.#witness.count(alone ? "charged" : "suspected");
    for (let i = held.first + held.done; i < held.first + held.count; i++) {
      run.suspects.add(i);
      run.tries[i]!++;
      if (!alone) continue;
      const { kind } = run.plan.items[i]!;
      const fair = kind === "vanishes" || !this.#witness.healthy(id);
      must(fair, "an item is charged for the loss of a worker that is well");
      run.charges[i]!.push(id);
      this.progress++;
    }
  }
}
