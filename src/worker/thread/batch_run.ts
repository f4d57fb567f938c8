/**
 * The items of one batch, one after the other.
 *
 * @module
 */

import type { AssignedChunk } from "../../protocol/messages.ts";
import { isPacked, unpack } from "../../protocol/instances.ts";
import { deserializePacked, type List } from "../../protocol/lists.ts";
import { Refusal } from "../../protocol/refusal.ts";
import { unmade } from "../../protocol/refused.ts";
import type { HeldResults } from "../between/held_results.ts";
import { epoch, type RunningItem } from "../between/running_item.ts";
import type { Batch, FromThread } from "../between/thread_messages.ts";
import type { Call, Codes } from "./codes.ts";
import type { Current } from "./current.ts";
import type { Guard } from "./guard.ts";
import { Outbox } from "./outbox.ts";

/**
 * Results are sent on when the next item begins, if they have waited this long, in
 * milliseconds. Before the thread waits for a promise all that is there is sent.
 * What waits behind an item that is long and synchronous is taken by the event loop, out
 * of the memory that it shares.
 */
const FLUSH_INTERVAL = 10;
/**
 * The clock is read after at most this many items. It ticks each millisecond: so if it has
 * ticked at most once since it was last read, the items were too quick to be timed singly.
 */
const MOST_UNTIMED = 64;
const UNTIMED = 1;
// Own copies: the function may replace what is global.
/** The cheapest clock that there is, and the most exact one. */
const clock = Date.now;
const preciseClock = performance.now.bind(performance);
const { min } = Math;

/** In place of an argument that could not be made. */
class Unmade {
  constructor(readonly error: unknown) {}
}

/** What a batch runs in. */
export interface ItemThread {
  readonly running: RunningItem;
  readonly held: HeldResults;
  readonly current: Current;
  readonly guard: Guard;
  readonly codes: Codes;
  /** Says something to the event loop. */
  readonly post: (message: FromThread) => void;
  /** Has the event loop see to the results that are left to it. */
  readonly call: () => void;
  /** Whether another batch waits. */
  readonly hasMore: () => boolean;
  /** Says why the process has to start anew, and does nothing more. */
  readonly giveUp: (what: string) => never;
}

/** One batch while it runs. */
export class BatchRun {
  readonly #batch: Batch;
  readonly #thread: ItemThread;
  readonly #running: RunningItem;
  readonly #held: HeldResults;
  readonly #current: Current;
  readonly #guard: Guard;
  readonly #outbox: Outbox;
  /** When results were last sent on because of the time. */
  #tick = clock();
  /** When the clock was last read, and after how many items it is read again. */
  #looked = this.#tick;
  #stride = 1;
  /** The number of the chunk that is at hand. */
  #chunk = 0;
  /** Of the item that runs: its offset within its chunk, and its place in the batch. */
  #offset = 0;
  #next = 0;
  /** The offset of the first item since the time was looked at, and when it began if known. */
  #first = 0;
  #began: number | undefined = epoch();
  /** The chunk that is at hand was taken back before it began. */
  #recalled = false;
  /** No more than one item ran since the surroundings were looked at. */
  #single = true;
  /** Nothing of the function's has run since the surroundings were looked at. */
  #checked = false;
  /** How many held results are known to be sound. */
  #sound: number;

  /**
   * @param batch What to run.
   * @param thread What it runs in.
   */
  constructor(batch: Batch, thread: ItemThread) {
    this.#batch = batch;
    this.#thread = thread;
    this.#running = thread.running;
    this.#held = thread.held;
    this.#current = thread.current;
    this.#guard = thread.guard;
    this.#sound = thread.held.count;
    this.#outbox = new Outbox(
      thread.held,
      thread.post,
      () => {
        this.#check();
        this.#sound = 0;
      },
      (values) => thread.codes.warnOfLoss(batch.code, values),
      (prototype) => thread.codes.numberOf(batch.code, prototype),
    );
  }

  /** Runs its items and reports them. */
  async run(): Promise<void> {
    this.#giveUpIfReplaced();
    const { code, chunks, list, announce, measure, timed } = this.#batch;
    const current = this.#current;
    let call: Call;
    let args: List;
    let hasUnmade = false;
    current.batch = this.#batch;
    current.over = false;
    // What is printed meanwhile is the first item's.
    current.chunk = chunks[0]!;
    current.offset = 0;
    this.#running.load();
    try {
      const found = await this.#thread.codes.call(code);
      call = measure ? this.#measured(found) : found;
      const { codes } = this.#thread;
      const prototypeOf = (number: number) => codes.prototypeOf(code, number);
      const functionOf = (number: number) => codes.valueOf(code, number);
      const restore = (number: number) => codes.restore(code, number);
      args = isPacked(list[0]!)
        ? unpack(list[0]!, prototypeOf, functionOf, restore) as List
        : deserializePacked(list, (_, bytes) => {
          try {
            return unpack(bytes, prototypeOf, functionOf, restore);
          } catch (error) {
            hasUnmade = true;
            return new Unmade(error);
          }
        });
      if (hasUnmade) call = this.#exceptUnmade(call);
    } catch (error) {
      this.#failAll(error);
      return this.#end();
    }
    this.#running.start();
    this.#outbox.start();
    for (let i = 0; i < chunks.length; i++) {
      const chunk = chunks[i]!;
      const before: AssignedChunk | undefined = current.chunk;
      const offsetBefore: number = current.offset;
      current.begin(chunk);
      this.#chunk = chunk.chunk;
      if (announce || timed && i === 0) {
        this.#thread.post({ type: "started", chunk: this.#chunk });
      }
      current.takeEarly();
      this.#offset = 0;
      let promise = this.#runSome(call, args, chunk.count);
      for (;;) {
        if (promise) await this.#settle(promise);
        if (this.#offset === chunk.count) break;
        this.#look();
        promise = this.#runSome(call, args, chunk.count);
      }
      if (i === chunks.length - 1 && !promise && this.#leave()) return;
      this.#look();
      if (!this.#recalled) continue;
      this.#recalled = false;
      current.chunk = before;
      current.offset = offsetBefore;
    }
    this.#end();
    this.#outbox.flush();
    this.#giveUpIfReplaced();
  }

  /** If no other batch waits, leaves the last results to the event loop: the quickest way. */
  #leave(): boolean {
    if (this.#thread.hasMore() || !this.#guard.canWait()) return false;
    if (this.#recalled || this.#guard.replaced !== undefined) return false;
    if (!this.#outbox.leave()) return false;
    this.#end();
    this.#thread.call();
    return true;
  }

  /** Nothing came of what the items call. */
  #failAll(error: unknown): void {
    for (const { chunk, count } of this.#batch.chunks) {
      for (let i = 0; i < count; i++) {
        if (this.#running.begin(0)) this.#outbox.fail(chunk, i, "threw", error);
      }
    }
  }

  /** The items are over. What they left behind may still print, as the last item. */
  #end(): void {
    this.#current.over = true;
    this.#running.settle();
  }

  #giveUpIfReplaced(): void {
    const { replaced } = this.#guard;
    if (replaced !== undefined) this.#thread.giveUp(replaced);
  }

  /**
   * Runs items until the time has to be looked at. It is called again and again, and so is
   * optimized soon, unlike a loop in a function that begins once for each batch.
   *
   * @param count How many items the chunk has.
   * @returns The promise that an item gave, if one did, which has then to be settled.
   */
  #runSome(
    call: Call,
    args: List,
    count: number,
  ): PromiseLike<unknown> | undefined {
    this.#single = this.#stride === 1;
    this.#first = this.#offset;
    const until = min(count, this.#offset + this.#stride);
    const running = this.#running;
    const held = this.#held;
    const current = this.#current;
    const chunk = this.#chunk;
    const { timed } = this.#batch;
    let offset = this.#offset;
    let next = this.#next;
    this.#checked = false;
    for (; offset < until; offset++, next++) {
      const argument = args[next];
      // What is large need not be kept until the batch has ended.
      if (typeof argument === "object") args[next] = undefined as never;
      if (running.begin(timed ? epoch() : 0)) {
        current.offset = offset;
        try {
          const result = call(argument);
          if (typeof result !== "number" || !held.addNumber(chunk, offset, result)) {
            this.#offset = offset;
            this.#next = next;
            if (this.#single) this.#guard.restore();
            if (isThenable(result)) return result;
            this.#outbox.keep(chunk, offset, result);
            // The next one has its turn.
            this.#checked = false;
          }
        } catch (error) {
          this.#offset = offset;
          this.#next = next;
          this.#threw(error);
        }
        if (current.made) this.#closeJob();
      } else if (offset === 0) this.#recalled = true;
    }
    this.#offset = offset;
    this.#next = next;
    return undefined;
  }

  /** Waits for the promise that the running item gave. */
  async #settle(promise: PromiseLike<unknown>): Promise<void> {
    this.#flushEarlier();
    this.#single = true;
    try {
      const result = await promise;
      this.#guard.restore();
      this.#outbox.keep(this.#chunk, this.#offset, result);
    } catch (error) {
      this.#threw(error);
    }
    if (this.#current.made) this.#closeJob();
    // Others have had their turn, and will.
    this.#checked = false;
    this.#offset++;
    this.#next++;
  }

  /** Sends on what there was before the item that runs. */
  #flushEarlier(): void {
    // If the clock was not read since, the items were quick.
    const known = this.#offset === this.#first;
    this.#outbox.flush(known ? this.#began : undefined);
  }

  #threw(error: unknown): void {
    this.#flushEarlier();
    const cancelled = this.#current.made?.ended(error) ?? false;
    const reason = cancelled ? "cancelled" : "threw";
    this.#outbox.fail(this.#chunk, this.#offset, reason, error);
    // The error may have getters of its own.
    this.#checked = false;
  }

  /**
   * Looks at the surroundings. If an item changed them, the process restarts after that
   * item. If others ran after it, their results may have gone wrong in our hands: they are
   * dropped, and the items run again. Numbers are kept, for nothing is done to them.
   */
  #check(): void {
    if (this.#checked) return;
    this.#checked = true;
    this.#guard.restore();
    const { replaced } = this.#guard;
    if (replaced === undefined) this.#sound = this.#held.count;
    else if (!this.#single) {
      if (this.#held.numberCount === 0) this.#held.cut(this.#sound);
      this.#thread.giveUp(replaced);
    }
  }

  #closeJob(): void {
    this.#guard.restore();
    this.#current.made?.close();
    this.#current.made = undefined;
  }

  /** Sends on what has waited long enough, and says when to look at the time again. */
  #look(): void {
    const now = clock();
    // Quick items are not worth the look. Nor are numbers, for none of them is dropped.
    const quick = now - this.#looked <= UNTIMED;
    const single = this.#single && this.#held.numberCount === 0;
    if (single || !quick) this.#check();
    if (this.#guard.replaced !== undefined) {
      this.#outbox.flush();
      this.#giveUpIfReplaced();
    }
    this.#stride = quick ? min(2 * this.#stride, MOST_UNTIMED) : 1;
    this.#looked = now;
    // If the clock is not read after each item, the exact start does not matter.
    this.#began = this.#stride === 1 ? epoch() : undefined;
    if (now - this.#tick < FLUSH_INTERVAL) return;
    this.#tick = now;
    this.#outbox.flush(this.#began);
  }

  /** The same call, which throws for an item that could not be made. */
  #exceptUnmade(call: Call): Call {
    return (argument) => {
      if (!(argument instanceof Unmade)) return call(argument);
      const { error } = argument;
      if (!(error instanceof Refusal)) throw error;
      const { chunk, offset } = this.#current;
      const { announce } = this.#batch;
      throw unmade(announce ? "args" : `args[${chunk!.first + offset}]`, error);
    };
  }

  /** The same call, which takes down how long each item takes. */
  #measured(call: Call): Call {
    return (argument) => {
      const since = preciseClock();
      const ended = () => {
        this.#outbox.took(this.#chunk, this.#current.offset, preciseClock() - since);
      };
      try {
        const result = call(argument);
        if (isThenable(result)) return Promise.resolve(result).finally(ended);
        ended();
        return result;
      } catch (error) {
        ended();
        throw error;
      }
    };
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  const mayBe = typeof value === "object"
    ? value !== null
    : typeof value === "function";
  return mayBe && typeof (value as { then?: unknown }).then === "function";
}
