/**
 * What a worker runs, as `src/worker/process/thread.ts` and `src/worker/thread/executor.ts` do it:
 * chunks in order, results in batches, and a new process when what runs must end; or a
 * new thread, which the protocol provides for, too.
 *
 * @module
 */

import type {
  Cut,
  FailureReason,
  HostMessage,
  Segment,
  WorkerMessage,
} from "../../src/protocol/messages.ts";
import type { Item, Scenario } from "./scenario.ts";
import type { WorkerModel } from "./worker_model.ts";

/** Results are sent on when so many milliseconds of work were done since the last time. */
const FLUSH_AFTER = 5;
/** What an item that takes so long holds up is taken by the event loop, in milliseconds. */
const TAKEN_AFTER = 100;

interface Held {
  chunk: number;
  items: Item[];
  /** The offset of the item that runs next. */
  next: number;
  /** The offset of the first item that was not reported. */
  reported: number;
  timeout: number;
  /** It is to be said when its first item begins. */
  announce: boolean;
  /** It is the last of those that came together. */
  last: boolean;
}

/** The result of an item. */
export function resultOf(payload: number): number {
  return 2 * payload + 1;
}

/** Numbers as a message carries them. */
export function bytesOf(values: number[]): Uint8Array {
  return new Uint8Array(new Float64Array(values).buffer);
}

/** The item whose result it is. */
export function payloadOf(result: number): number {
  return (result - 1) / 2;
}

/** The numbers that a message carries. */
export function valuesOf([bytes]: Uint8Array[]): number[] {
  return [...new Float64Array(bytes!.slice().buffer)];
}

/** What makes a message with these items large, if anything does. */
export function paddingOf(items: Item[]): Uint8Array[] {
  const length = items.reduce((sum, { size }) => sum + size, 0);
  if (length === 0) return [];
  const padding = new Uint8Array(length);
  let at = 0;
  for (const { size, payload } of items) padding.fill(payload, at, at += size);
  return [padding];
}

/** Whether a message with these items came as it was sent; nonsense has no padding. */
export function mustBePadded(
  [, padding]: Uint8Array[],
  { items }: Scenario,
  payloads: number[],
): void {
  if (!padding) return;
  const [known] = paddingOf(payloads.map((payload) => items.get(payload)!));
  if (
    known?.length === padding.length && known.every((byte, i) => byte === padding[i])
  ) {
    return;
  }
  throw new Error("A message in pieces was put together wrongly");
}

/** The thread of one worker, or rather the one thread after the other. */
export class ThreadModel {
  readonly #worker: WorkerModel;
  /** In the order in which they run. */
  readonly #held = new Map<number, Held>();
  /** The chunks that it ever had. */
  readonly #known = new Set<number>();
  /** Which thread it is: what was begun in an earlier one never ends. */
  #thread = 0;
  #running: { held: Held; item: Item } | undefined;
  /** It did not see a recall while this item ran. */
  #missed = false;
  #segments: Segment[] = [];
  #values: number[] = [];
  #flushed = 0;
  /** Its process restarts. */
  #over = false;

  constructor(worker: WorkerModel) {
    this.#worker = worker;
  }

  /** A chunk that it has, if any. */
  someChunk(): number | undefined {
    return this.#held.keys().next().value;
  }

  /** A chunk that another worker may have, but not this one. */
  foreignChunk(): number {
    const chunk = Math.max(0, ...this.#known) - 1;
    return this.#known.has(chunk) ? 0 : Math.max(0, chunk);
  }

  assign(
    { chunks, timeout, list }: Extract<HostMessage, { type: "assign" }>,
  ): void {
    const payloads = valuesOf(list);
    mustBePadded(list, this.#worker.scenario, payloads);
    let next = 0;
    for (const { chunk, first, count } of chunks) {
      const items = payloads.slice(next, next += count).map((payload) =>
        this.#worker.scenario.items.get(payload)!
      );
      if (items[0]!.index !== first) {
        throw new Error("A chunk came with other arguments");
      }
      const last = chunk === chunks.at(-1)!.chunk;
      const announce = timeout > 0 && chunk === chunks[0]!.chunk;
      this.#known.add(chunk);
      const books = { next: 0, reported: 0, timeout, announce, last };
      this.#held.set(chunk, { chunk, items, ...books });
    }
    if (!this.#running) this.#pump();
  }

  recall(): void {
    const { random } = this.#worker.scenario;
    if (this.#over || !this.#running) return;
    // One that comes as the item begins may find the last one not yet seen.
    if (!this.#missed && random.chance(0.1)) return void (this.#missed = true);
    const cuts: Cut[] = [];
    for (const [chunk, held] of this.#held) {
      const from = held === this.#running.held ? held.next + 1 : held.next;
      if (from >= held.items.length) continue;
      held.items.length = from;
      held.last = true;
      cuts.push({ chunk, from });
      this.#advance(chunk, held.reported);
    }
    if (cuts.length > 0) this.#worker.send({ type: "returned", cuts });
  }

  cancel(chunks: number[]): void {
    if (this.#over) return;
    const held = chunks.filter((chunk) => this.#held.delete(chunk));
    if (held.length > 0) this.#replace();
  }

  terminate(chunk: number, grace: number): void {
    const held = this.#held.get(chunk);
    if (!held || this.#over) return;
    const end = () => {
      if (this.#over || this.#held.get(chunk) !== held) return;
      // What cannot be ended is left to the host.
      if (this.#running?.held === held && this.#running.item.kind === "stuck") return;
      this.#fail(held, held.reported, "cancelled");
    };
    if (grace === 0) return end();
    if (this.#running?.held === held && this.#running.item.obedient) {
      const { item } = this.#running;
      if (item.kind !== "stuck") this.#during(1, () => this.#threw(held, "cancelled"));
    }
    this.#worker.later(grace, end);
  }

  /** Begins the next item. */
  #pump(): void {
    this.#running = undefined;
    let held: Held | undefined;
    for (held of this.#held.values()) if (held.next < held.items.length) break;
    if (!held || held.next === held.items.length) return this.#flush();
    const { now } = this.#worker;
    if (now - this.#flushed >= FLUSH_AFTER) this.#flush();
    const item = held.items[held.next]!;
    this.#running = { held, item };
    this.#missed = false;
    if (this.#segments.length > 0) this.#during(TAKEN_AFTER, () => this.#flush());
    this.#begin(held, item);
  }

  #begin(held: Held, item: Item): void {
    const worker = this.#worker;
    const offset = held.next;
    const work = item.work * worker.slowness;
    const { chunk, timeout } = held;
    if (held.announce && offset === 0) worker.send({ type: "started", chunk });
    if (timeout > 0 && item.kind !== "stuck") {
      this.#during(timeout, () => {
        const same = this.#running?.held === held && held.next === offset;
        if (same) this.#fail(held, offset, "timeout");
      });
    }
    switch (item.kind) {
      case "hangs":
      case "stuck":
        return;
      case "poison":
        return this.#during(work, () => worker.die("poison", item));
      case "vanishes":
        return this.#during(work, () => {
          worker.say(`loses the thread of item ${item.run}:${item.index}`);
          this.#replace();
        });
      case "exits":
        return this.#during(work, () => this.#fail(held, offset, "exited"));
      case "throws":
      case "unserializable": {
        const reason = item.kind === "throws" ? "threw" : item.kind;
        return this.#during(work, () => this.#threw(held, reason));
      }
      case "flaky":
      case "good":
        return this.#during(work, () => {
          if (item.kind === "flaky" && item.throwsLeft-- > 0) {
            this.#threw(held, "threw");
          } else this.#ended(held, item);
        });
      default:
        item.kind satisfies never;
    }
  }

  /** What happens after a time in this thread, if the same item still runs. */
  #during(delay: number, action: () => void): void {
    const thread = this.#thread;
    const running = this.#running;
    this.#worker.later(delay, () => {
      if (thread === this.#thread && running === this.#running) action();
    });
  }

  #ended(held: Held, item: Item): void {
    const offset = held.next++;
    const segment = this.#segments.at(-1);
    if (segment?.chunk === held.chunk && segment.from + segment.count === offset) {
      segment.count++;
    } else this.#segments.push({ chunk: held.chunk, from: offset, count: 1 });
    this.#values.push(resultOf(item.payload));
    // What came together is reported to the end before the next begins.
    if (held.last && held.next === held.items.length) this.#flush();
    this.#pump();
  }

  #threw(held: Held, reason: FailureReason): void {
    this.#flush();
    const offset = held.next++;
    this.#advance(held.chunk, offset + 1);
    this.#report(held, offset, reason);
    this.#pump();
  }

  /** Ends the thread under an item, which fails; the rest is handed back. */
  #fail(held: Held, offset: number, reason: FailureReason): void {
    this.#advance(held.chunk, offset + 1);
    this.#report(held, offset, reason);
    this.#replace();
  }

  /** Ends the thread, and with it what it has not sent on. */
  #replace(): void {
    this.#thread++;
    this.#segments = [];
    this.#values = [];
    if (!this.#worker.scenario.handsBack) {
      this.#over = true;
      return this.#worker.restart();
    }
    const cuts = [...this.#held.values()]
      .map(({ chunk, reported }) => ({ chunk, from: reported }));
    if (cuts.length > 0) this.#worker.send({ type: "returned", cuts });
    this.#held.clear();
    this.#pump();
  }

  #report(held: Held, offset: number, reason: FailureReason): void {
    const value = bytesOf([held.items[offset]!.payload]);
    const { chunk } = held;
    const message: WorkerMessage = {
      type: "failed",
      chunk,
      offset,
      reason,
      exitStatus: 0,
      value,
    };
    this.#worker.send(message);
  }

  #flush(): void {
    const { now } = this.#worker;
    if (this.#segments.length > 0) {
      const segments = this.#segments;
      const { items } = this.#worker.scenario;
      const done = this.#values.map((value) => items.get(payloadOf(value))!);
      const list = [bytesOf(this.#values), ...paddingOf(done)];
      for (const { chunk, from, count } of segments) this.#advance(chunk, from + count);
      this.#segments = [];
      this.#values = [];
      const elapsed = now - this.#flushed;
      this.#worker.send({ type: "results", elapsed, segments, list });
    }
    this.#flushed = now;
  }

  #advance(chunk: number, reported: number): void {
    const held = this.#held.get(chunk);
    if (!held) return;
    held.reported = reported;
    if (reported === held.items.length) this.#held.delete(chunk);
  }
}
