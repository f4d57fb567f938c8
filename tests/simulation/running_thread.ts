/**
 * The thread of a worker: it runs items in virtual time, in the order in which
 * `src/worker/thread/main.ts` does, and reports by the same parts: `RunningItem`,
 * `HeldResults`, `Outbox`. What it says, and is told, takes a moment.
 *
 * @module
 */

import { HeldResults } from "../../src/worker/between/held_results.ts";
import { RunningItem } from "../../src/worker/between/running_item.ts";
import type {
  Batch,
  FromThread,
  ToThread,
} from "../../src/worker/between/thread_messages.ts";
import { Outbox } from "../../src/worker/thread/outbox.ts";
import { itemsOf, resultOf, valueOf } from "./items.ts";
import type { Item, Scenario } from "./scenario.ts";

/** Results are sent on when so many milliseconds have passed since the last time. */
const FLUSH_INTERVAL = 10;

/**
 * Memory of threads that are gone. It is used again, for V8 does not free memory that may
 * be shared before the program has a rest.
 */
const unused: SharedArrayBuffer[] = [];

/** Memory for results. It begins with zeros: what comes after is written before it is read. */
function memoryForResults(): SharedArrayBuffer {
  const memory = unused.pop() ?? new SharedArrayBuffer(HeldResults.SIZE);
  new Uint8Array(memory, 0, 64).fill(0);
  return memory;
}

/** The process whose thread it is. */
export interface Surrounding {
  readonly scenario: Scenario;
  /** The time. */
  readonly now: number;
  /** How much slower it is than others. */
  readonly slowness: number;
  /** Has something happen in the process, unless that ends before. */
  later(delay: number, action: () => void): void;
  /** The thread says something. */
  said(message: FromThread): void;
  /** The thread may have left results. */
  called(): void;
  /** The thread has ended. */
  crashed(): void;
  /** An item ends the process. */
  die(why: string, item: Item): void;
  /** A line for the trace. */
  say(what: string): void;
}

/** A batch while it runs. */
interface Run {
  batch: Batch;
  items: Item[];
  outbox: Outbox;
  /** Which chunk is at hand, which of its items, and which of the batch that is. */
  chunk: number;
  offset: number;
  place: number;
  /** When results were last sent on because of the time. */
  tick: number;
}

/** The thread. */
export class RunningThread {
  /** Its memory, as the event loop sees it. */
  readonly memory: { running: RunningItem; results: HeldResults };
  readonly #process: Surrounding;
  readonly #running: RunningItem;
  readonly #held: HeldResults;
  readonly #shared: SharedArrayBuffer;
  readonly #codes = new Set<number>();
  readonly #batches: Batch[] = [];
  readonly #aborts = new Set<number>();
  #run: Run | undefined;
  #item: Item | undefined;
  /** How many items have begun. */
  #begun = 0;
  #halted = false;
  /** When what was said last arrives, each way. */
  readonly #last = { in: 0, out: 0 };

  /** @param process The process whose thread it is. */
  constructor(process: Surrounding) {
    this.#process = process;
    const running = new SharedArrayBuffer(RunningItem.SIZE);
    const held = this.#shared = memoryForResults();
    this.#running = new RunningItem(running);
    this.#held = new HeldResults(held);
    this.memory = {
      running: new RunningItem(running),
      results: new HeldResults(held),
    };
    process.later(process.scenario.random.between(0, 50), () => {
      this.#say({ type: "ready" });
    });
  }

  /** Its process is gone, and with it the thread. */
  close(): void {
    unused.push(this.#shared);
    this.#halted = true;
  }

  /** The chunk that it runs, if any. */
  get chunk(): number | undefined {
    return this.#run?.batch.chunks[this.#run.chunk]?.chunk;
  }

  /** Whether it runs what its process cannot end. */
  get isStuck(): boolean {
    return this.#item?.kind === "stuck";
  }

  /** Tells it something. */
  tell(message: ToThread): void {
    // The event loop goes on to change its own.
    const told = message.type === "batch"
      ? { ...message, chunks: message.chunks.map((chunk) => ({ ...chunk })) }
      : message;
    this.#afterTheLast("in", () => this.#take(told));
  }

  /** Says something else than what became of its items. */
  post(message: FromThread): void {
    this.#held.posted();
    this.#say(message);
  }

  /** Says that it cannot go on, and does not. */
  giveUp(): void {
    this.post({ type: "replaced", what: "something" });
    this.#halted = true;
  }

  #say(message: FromThread): void {
    this.#afterTheLast("out", () => this.#process.said(message));
  }

  #afterTheLast(way: "in" | "out", action: () => void): void {
    const { now, scenario: { random } } = this.#process;
    const delay = random.chance(0.9) ? 0 : random.between(0, 5);
    this.#last[way] = Math.max(this.#last[way], now + delay);
    this.#process.later(this.#last[way] - now, action);
  }

  #take(message: ToThread): void {
    if (this.#halted) return;
    switch (message.type) {
      case "code":
        this.#codes.add(message.code);
        break;
      case "forget":
        for (const code of message.codes) this.#codes.delete(code);
        break;
      case "batch":
        if (!this.#codes.has(message.code)) {
          throw new Error("A chunk came before its code");
        }
        this.#batches.push(message);
        if (!this.#run) this.#pump();
        break;
      case "abort":
        this.#aborts.add(message.chunk);
        if (this.chunk === message.chunk) this.#obey();
        break;
      case "message":
        break;
      default:
        message satisfies never;
    }
  }

  #pump(): void {
    const batch = this.#batches.shift();
    this.#run = undefined;
    if (!batch) {
      const begun = this.#begun;
      // What was left behind has its turn.
      return this.#process.later(this.#process.scenario.random.between(0, 2), () => {
        if (!this.#run && !this.#halted && begun === this.#begun) this.#running.end();
      });
    }
    const { now, scenario } = this.#process;
    const outbox = new Outbox(
      this.#held,
      (message) => this.post(message),
      () => {},
      () => {},
      () => undefined,
      () => this.#process.now,
    );
    const items = itemsOf(batch.list, scenario);
    if (items[0]!.index !== batch.chunks[0]!.first) {
      throw new Error("A chunk came with other arguments");
    }
    this.#run = { batch, items, outbox, chunk: 0, offset: 0, place: 0, tick: now };
    this.#running.load();
    this.#during(
      scenario.random.chance(0.9) ? 0 : scenario.random.between(0, 3),
      () => {
        this.#running.start();
        this.#next();
      },
    );
  }

  /** Begins the next item that was not taken back. */
  #next(): void {
    const run = this.#run!;
    const { chunks, timed, announce } = run.batch;
    this.#item = undefined;
    for (; run.chunk < chunks.length; run.chunk++, run.offset = 0) {
      const { chunk, count } = chunks[run.chunk]!;
      const first = run.offset === 0;
      if (first && (announce || timed && run.chunk === 0)) {
        this.post({ type: "started", chunk });
      }
      for (; run.offset < count; run.offset++, run.place++) {
        if (this.#running.begin(timed ? this.#process.now : 0)) return this.#begin();
      }
    }
    if (this.#batches.length === 0 && run.outbox.leave()) {
      this.#running.settle();
      this.#afterTheLast("out", () => this.#process.called());
    } else {
      this.#running.settle();
      run.outbox.flush();
    }
    this.#pump();
  }

  #begin(): void {
    const run = this.#run!;
    const item = run.items[run.place]!;
    const process = this.#process;
    const { random } = process.scenario;
    this.#item = item;
    this.#begun++;
    if (random.chance(0.05)) this.#print();
    // One that can hear that it is to end is asynchronous: it does not hold others up.
    if (item.obedient) run.outbox.flush();
    const work = item.work * process.slowness;
    switch (item.kind) {
      case "hangs":
      case "stuck":
        break;
      case "poison":
        this.#during(work, () => process.die("poison", item));
        break;
      case "vanishes":
        this.#during(work, () => {
          process.say(`gives up at item ${item.run}:${item.index}`);
          this.giveUp();
        });
        break;
      case "exits":
        this.#during(work, () => {
          this.post({ type: "exited", exitStatus: 3 });
          this.#halted = true;
        });
        break;
      case "crashes":
        this.#during(work, () => {
          this.#halted = true;
          this.#afterTheLast("out", () => process.crashed());
        });
        break;
      case "throws":
        this.#during(work, () => this.#fail("threw"));
        break;
      case "unserializable":
        this.#during(work, () => this.#end(() => {}));
        break;
      case "flaky":
        this.#during(work, () => {
          if (item.throwsLeft-- > 0) this.#fail("threw");
          else this.#end(valueOf(item, resultOf(item.payload)));
        });
        break;
      case "good":
        this.#during(work, () => this.#end(valueOf(item, resultOf(item.payload))));
        break;
      default:
        item.kind satisfies never;
    }
    if (this.#aborts.has(this.chunk!)) this.#obey();
  }

  /** Comes to an end when it is asked to, if it listens. */
  #obey(): void {
    const { obedient, kind } = this.#item ?? { obedient: false };
    if (obedient && kind !== "stuck") this.#during(1, () => this.#fail("cancelled"));
  }

  #print(): void {
    const { random } = this.#process.scenario;
    const { offset } = this.#run!;
    const print = { chunk: this.chunk!, offset, level: "log", text: "x" } as const;
    this.post({
      type: "printed",
      print: { ...print, time: this.#process.now },
      urgent: random.chance(0.5),
    });
  }

  /** What happens after a time in this thread, if the same item still runs. */
  #during(delay: number, action: () => void): void {
    const begun = this.#begun;
    const run = this.#run;
    const item = this.#item;
    this.#process.later(delay, () => {
      const same = begun === this.#begun && run === this.#run && item === this.#item;
      if (same && !this.#halted) action();
    });
  }

  /** The item has given a value. */
  #end(value: unknown): void {
    const run = this.#run!;
    run.outbox.keep(this.chunk!, run.offset, value);
    this.#goOn();
  }

  #fail(reason: "threw" | "cancelled"): void {
    const run = this.#run!;
    run.outbox.flush();
    run.outbox.fail(this.chunk!, run.offset, reason, this.#item!.payload);
    this.#goOn();
  }

  #goOn(): void {
    const run = this.#run!;
    const { now } = this.#process;
    run.offset++;
    run.place++;
    if (now - run.tick >= FLUSH_INTERVAL) {
      run.tick = now;
      run.outbox.flush();
    }
    this.#next();
  }
}
