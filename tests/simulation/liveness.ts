/**
 * That nothing waits in vain: while a worker has no work, items that wait behind what
 * another one runs come back from there within a bound.
 *
 * @module
 */

import type { CoreSettings } from "../../src/core/events.ts";
import { leftOf, must, type Witness, type WorkerAccount } from "./accounts.ts";
import type { Books } from "./books.ts";
import type { Faults } from "./scenario.ts";

/** What the core takes to see that a worker is stuck: 20 ms, looked at every 5 ms. */
const NOTICE = 25;
/** How long after a recall that was not answered there is the next one at the latest. */
const AGAIN = 25;
/** After how long results come that an item holds up: see `work.ts`. */
const TAKEN = 100;
/** What a message takes at most, see `network.ts`. */
const LATENCY = 310;
/** What one takes more at most that comes out of order, as does what came after it. */
const DISORDER = 200;
/** In disorder, what is missing is asked for so often. */
const REMINDER = 500;

/** How long items may wait behind another one, while a worker has no work. */
export function patience({ disorder }: Faults): number {
  const latency = LATENCY + (disorder > 0 ? DISORDER + REMINDER : 0);
  // Each thread may miss a recall once.
  return TAKEN + NOTICE + AGAIN + 4 * latency;
}

/** Watches how long items wait in vain. */
export class Liveness {
  readonly #settings: CoreSettings;
  readonly #witness: Witness;
  readonly #patience: number;
  /** Of each worker behind whose item others wait: since when, and behind what. */
  readonly #since = new Map<string, { since: number; behind: string }>();

  /**
   * @param settings The core's.
   * @param witness What the models know.
   * @param patience How long is too long, in milliseconds.
   */
  constructor(settings: CoreSettings, witness: Witness, patience: number) {
    this.#settings = settings;
    this.#witness = witness;
    this.#patience = patience;
  }

  /** Looks at the books as they are now. */
  check(books: Books): void {
    const { now } = books;
    const workers = [...books.workers.values()];
    const idle = !books.closed && workers.some((worker) => this.#isIdle(worker, now));
    for (const worker of workers) {
      const { id, moved, chunks: [first] } = worker;
      const waits = idle && first && worker.state === "ready" && waiting(worker) > 0;
      if (!waits) {
        this.#since.delete(id);
        continue;
      }
      const behind = `${first.run.plan.settings.id}.${first.first + first.done}`;
      let known = this.#since.get(id);
      if (known?.behind !== behind) {
        known = { since: now, behind };
        this.#since.set(id, known);
      }
      // What has not arrived cannot come back.
      const since = Math.max(known.since, moved, this.#witness.calmSince(id));
      must(now - since <= this.#patience, "items wait in vain behind another one");
    }
  }

  #isIdle({ state, heard, chunks }: WorkerAccount, now: number): boolean {
    return state === "ready" && chunks.length === 0 &&
      now - heard <= this.#settings.silenceTimeout;
  }
}

/** How many items wait behind the one that a worker runs. */
function waiting({ chunks }: WorkerAccount): number {
  return chunks.reduce((sum, held) => sum + leftOf(held), 0) - 1;
}
