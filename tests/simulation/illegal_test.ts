/**
 * Whatever workers say, in whichever order, to the host's core: it never throws, loses no
 * item and settles none twice; and when honest workers come, all is done.
 *
 * `GRIDENGINE_SIMULATION_SEED` and `GRIDENGINE_SIMULATION_SEEDS` are as in
 * `simulation_test.ts`.
 *
 * @module
 */

import { Core } from "../../src/core/core.ts";
import type { CoreAction, CoreEvent } from "../../src/core/events.ts";
import { FAILURE_REASONS } from "../../src/protocol/messages.ts";
import type { AssignedChunk, Segment } from "../../src/protocol/messages.ts";
import { must } from "./accounts.ts";
import { Random } from "./prng.ts";

const only = Deno.env.get("GRIDENGINE_SIMULATION_SEED");
const seeds = Number(Deno.env.get("GRIDENGINE_SIMULATION_SEEDS") ?? 10_000) / 10;
/** How many events are drawn. */
const EVENTS = 150;
/** How many more it may take until honest workers have done all. */
const HONEST_EVENTS = 2000;

/** What a run has come to. */
interface RunBook {
  available: number;
  ended: boolean;
  over: boolean;
  settled: Set<number>;
}

/** A core, and what is told to it by workers that say anything. */
class Story {
  readonly #random: Random;
  readonly #core: Core;
  readonly #runs = new Map<number, RunBook>();
  readonly #chunks: AssignedChunk[] = [];
  /** Workers that were asked for, the last one last. */
  readonly #asked: string[] = [];
  /** Chunks that were given to honest workers. */
  readonly #given: { worker: string; chunk: AssignedChunk }[] = [];
  /** Honest workers that have said hello. */
  readonly #came = new Set<string>();
  #now = 0;

  constructor(seed: number) {
    this.#random = new Random(seed);
    this.#core = new Core({
      workers: this.#random.int(1, 4),
      queueTimeout: 4000,
      startTimeout: 3000,
      loadTimeout: 1000,
      silenceTimeout: 2000,
      reconnectGrace: 2000,
    });
  }

  /** Plays it to its end. */
  play(): void {
    for (let i = 0; i < EVENTS; i++) this.#handle(this.#anything());
    this.#end();
  }

  /** From now on all is as it should be. */
  #end(): void {
    for (const [run, { over, ended }] of this.#runs) {
      if (!over && !ended) this.#handle({ type: "ended", run });
    }
    for (const worker of this.#core.workers()) {
      const loss = { cause: "signal", detail: "" } as const;
      this.#handle({ type: "workerEnded", worker, loss });
    }
    this.#given.length = 0;
    for (let i = 0; [...this.#runs.values()].some(({ over }) => !over); i++) {
      must(i < HONEST_EVENTS, "honest workers do not come to an end");
      this.#now += 1;
      const next = this.#given.shift();
      if (next) this.#handle(resultsOf(next));
      else this.#handle({ type: "tick" });
      for (const worker of this.#core.workers()) {
        if (!this.#came.has(worker)) this.#come(worker);
      }
    }
    this.#handle({ type: "close" });
    must(this.#core.outstandingChunks === 0, "chunks are left over");
  }

  #come(worker: string): void {
    this.#came.add(worker);
    this.#handle({ type: "hello", worker, incarnation: "honest" });
  }

  /** Any event, as likely as not one that cannot be. */
  #anything(): CoreEvent {
    const random = this.#random;
    this.#now += random.chance(0.1) ? random.wait(1000) : random.wait(5);
    const run = random.int(1, 4);
    const book = this.#runs.get(run);
    if (!book) return this.#begin(run);
    if (!book.ended && random.chance(0.2)) {
      if (random.chance(0.1)) return { type: "ended", run };
      return { type: "items", run, count: random.int(1, 12) };
    }
    const worker = random.pick([...this.#asked.slice(-6), "1", "17", ""]);
    const chunk = this.#someChunk();
    const { count = 1 } = this.#chunks.find((one) => one.chunk === chunk) ?? {};
    const offset = () =>
      random.pick([0, 0, 1, count - 1, count, count + 1, random.int(0, 5), 2 ** 52]);
    const detail = "it was drawn";
    switch (random.int(0, 19)) {
      case 0:
        return { type: "workerStarted", worker };
      case 1: {
        const loss = { cause: "signal", detail } as const;
        return { type: "workerEnded", worker, loss };
      }
      case 2:
      case 3:
      case 4:
        return { type: "hello", worker, incarnation: random.pick(["one", "two", "3"]) };
      case 5:
        return { type: "disconnected", worker };
      case 6:
        return { type: "violation", worker, detail };
      case 7:
        return { type: "restarting", worker, why: "" };
      case 8:
        return { type: "began", worker, chunk };
      case 9:
        return { type: "heard", worker };
      case 10:
        if (random.chance(0.1)) return { type: "cancel", run };
        return { type: "terminate", run, grace: 100 };
      case 11:
        return { type: "hint", run, estimate: random.pick([0, 1, 1e6]) };
      case 12:
      case 13:
        if (random.chance(0.2)) return { type: "withdrawn", worker, chunks: [chunk] };
        return { type: "returned", worker, cuts: [{ chunk, from: offset() }] };
      case 14:
      case 15: {
        const reason = random.pick(FAILURE_REASONS);
        const final = random.chance(0.2);
        const rest = { chunk, offset: offset(), reason, exitStatus: 1, final };
        return { type: "failed", worker, ...rest };
      }
      case 16:
        return { type: "tick" };
      default: {
        const segments = Array.from({ length: random.int(0, 3) }, (): Segment => {
          const least = Math.max(1, offset());
          return { chunk: this.#someChunk(), from: offset(), count: least };
        });
        const elapsed = random.pick([0, 1, 1e308]);
        return { type: "results", worker, segments, elapsed, bytes: 8 };
      }
    }
  }

  #begin(id: number): CoreEvent {
    const random = this.#random;
    const exclusive = random.chance(0.2);
    this.#runs.set(id, {
      available: 0,
      ended: false,
      over: false,
      settled: new Set(),
    });
    const run = {
      id,
      retries: random.int(0, 2),
      retryErrors: random.int(0, 1),
      retryDelay: random.pick([0, 0, 100]),
      retryFactor: 1,
      timeout: random.pick([0, 100]),
      chunkSize: random.pick(["auto", 1, 5] as const),
      expected: random.int(0, 3),
      exclusive,
    };
    return { type: "run", run };
  }

  /** A chunk that was given to somebody, lately or long ago, or that never was. */
  #someChunk(): number {
    const random = this.#random;
    if (random.chance(0.05)) return random.pick([0, 2 ** 52, this.#chunks.length + 1]);
    return random.pick([{ chunk: 0 }, ...this.#chunks.slice(-6), ...this.#chunks])
      .chunk;
  }

  #handle(event: CoreEvent): void {
    const book = "run" in event && typeof event.run === "number"
      ? this.#runs.get(event.run)
      : undefined;
    if (book && !book.over) {
      if (event.type === "items") book.available += event.count;
      if (event.type === "ended") book.ended = true;
      if (event.type === "cancel") book.over = true;
    }
    const actions = this.#core.handle(event, this.#now);
    this.#core.validate();
    for (const action of actions) this.#note(action);
  }

  #note(action: CoreAction): void {
    switch (action.type) {
      case "request":
        this.#asked.push(...action.workers);
        break;
      case "assign":
        for (const chunk of action.chunks) {
          this.#chunks.push(chunk);
          this.#given.push({ worker: action.worker, chunk });
        }
        break;
      case "accept":
        for (let i = 0; i < action.count; i++) {
          this.#settle(action.run, action.first + i);
        }
        break;
      case "fail":
        this.#settle(action.run, action.index);
        break;
      case "done": {
        const book = this.#runs.get(action.run)!;
        must(book.ended && !book.over, "a run is done that is not");
        must(book.settled.size === book.available, "a run is done without an item");
        book.over = true;
        break;
      }
      case "abandon":
        this.#runs.get(action.run)!.over = true;
        break;
    }
  }

  #settle(run: number, index: number): void {
    const { available, over, settled } = this.#runs.get(run)!;
    must(!over, "an item of a run is settled that is over");
    must(index >= 0 && index < available, "an item is settled that never was");
    must(!settled.has(index), "an item is settled twice");
    settled.add(index);
  }
}

function resultsOf(
  { worker, chunk: { chunk, count } }: { worker: string; chunk: AssignedChunk },
): CoreEvent {
  const segments = [{ chunk, from: 0, count }];
  return { type: "results", worker, segments, elapsed: count, bytes: 8 };
}

function play(seed: number): void {
  try {
    new Story(seed).play();
  } catch (cause) {
    throw new Error(`Seed ${seed}: ${(cause as Error).message}`, { cause });
  }
}

Deno.test("nothing that workers say has the core throw, or lose or settle an item twice", () => {
  if (only !== undefined) return play(Number(only));
  for (let seed = 1; seed <= seeds; seed++) play(seed);
});
