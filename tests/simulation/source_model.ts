/**
 * Where a run's items come from: there from the start, or as they are asked for.
 *
 * @module
 */

import type { CoreEvent } from "../../src/core/events.ts";
import type { RunAccount } from "./accounts.ts";
import type { Random } from "./prng.ts";

/** What a source needs of its host. */
export interface SourceHost {
  later(delay: number, action: () => void): void;
  handle(event: CoreEvent): void;
}

/** One run's source. */
export class SourceModel {
  readonly #run: RunAccount;
  readonly #random: Random;
  readonly #host: SourceHost;
  #wanted = 0;
  #reading = false;

  /**
   * @param run The run.
   * @param random How it comes.
   * @param host Who is told.
   */
  constructor(run: RunAccount, random: Random, host: SourceHost) {
    this.#run = run;
    this.#random = random;
    this.#host = host;
  }

  /** Gives what is there. */
  open(): void {
    const { items, lazy, settings: { id: run } } = this.#run.plan;
    if (lazy || this.#run.over !== undefined) return;
    if (items.length > 0) {
      this.#host.handle({ type: "items", run, count: items.length });
    }
    this.#end();
  }

  /** More is asked for. */
  pull(count: number): void {
    this.#wanted += count;
    if (this.#run.plan.lazy && !this.#reading) this.#read();
  }

  /** Gives items in portions as it likes, not more than were asked for. */
  #read(): void {
    const random = this.#random;
    const { items, settings: { id } } = this.#run.plan;
    this.#reading = true;
    const delay = random.chance(0.8) ? random.between(0, 20) : random.between(0, 1500);
    this.#host.later(delay, () => {
      if (this.#run.over !== undefined) return;
      const left = Math.min(this.#wanted, items.length - this.#run.available);
      const count = random.int(Math.min(1, left), left);
      this.#wanted -= count;
      if (count > 0) this.#host.handle({ type: "items", run: id, count });
      this.#reading = false;
      if (this.#run.available === items.length) {
        this.#reading = true;
        this.#host.later(random.between(0, 100), () => this.#end());
      } else if (this.#wanted > 0) this.#read();
    });
  }

  #end(): void {
    if (this.#run.over !== undefined) return;
    this.#host.handle({ type: "ended", run: this.#run.plan.settings.id });
  }
}
