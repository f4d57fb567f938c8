/**
 * The results of the thread on their way to the host.
 *
 * @module
 */

import { encodeFailure } from "../../protocol/failure.ts";
import { type List, serializeList } from "../../protocol/lists.ts";
import type { FailureReason, Segment } from "../../protocol/messages.ts";
import type { Child } from "../../protocol/steps.ts";
import { complaint } from "../../protocol/values.ts";
import type { HeldResults } from "../between/held_results.ts";
import { epoch } from "../between/running_item.ts";
import type { FromExecutor } from "../between/thread_messages.ts";

/** What one batch has to report. */
export class Outbox {
  readonly #held: HeldResults;
  readonly #post: (message: FromExecutor) => void;
  readonly #before: () => void;
  readonly #lossy: (values: () => Child[]) => void;
  /** What cannot be held as numbers alone. */
  #values: unknown[] = [];
  /** Whether one of them may change after it was returned. */
  #mutable = false;
  #segments: Segment[] = [];
  #times: number[] = [];
  readonly #clock: () => number;
  /** From when on the time counts for the results that are sent next. */
  #since: number;

  /**
   * @param held Where results are until they are sent on.
   * @param post Sends them on.
   * @param before Is called before they are sent on.
   * @param lossy Is told where an object is that arrives without its class.
   * @param clock Tells the time, in milliseconds.
   */
  constructor(
    held: HeldResults,
    post: (message: FromExecutor) => void,
    before: () => void,
    lossy: (values: () => Child[]) => void,
    clock: () => number = epoch,
  ) {
    this.#held = held;
    this.#post = post;
    this.#before = before;
    this.#lossy = lossy;
    this.#clock = clock;
    this.#since = clock();
  }

  /** Takes down how long an item took, in milliseconds. */
  took(chunk: number, offset: number, time: number): void {
    this.#times.push(chunk, offset, time);
  }

  /** Holds a result until it is sent on with others. */
  keep(chunk: number, offset: number, result: unknown): void {
    if (typeof result === "number" && this.#values.length === 0) {
      if (this.#held.addNumber(chunk, offset, result)) return;
      this.flush();
      if (this.#held.addNumber(chunk, offset, result)) return;
    } else if (this.#held.numberCount > 0) this.flush();
    const segment = this.#segments.at(-1);
    if (segment?.chunk === chunk) segment.count++;
    else this.#segments.push({ chunk, from: offset, count: 1 });
    this.#values.push(result);
    this.#mutable ||= typeof result === "object" && result !== null;
    const lossy = () => this.#lossy(() => asResults([result]));
    if (!this.#held.add(chunk, offset, result, lossy)) this.flush();
  }

  /**
   * Sends on what is there.
   *
   * @param until When the last of it was there. What has passed since then is time of the
   * item that runs, which has no result yet, and so it counts for what is sent next.
   */
  flush(until: number = this.#clock()): void {
    this.#before();
    if (this.#times.length > 0) {
      this.#post({ type: "times", times: new Float64Array(this.#times) });
      this.#times = [];
    }
    if (this.#held.numberCount > 0) {
      this.#held.sending();
      const { segments, values } = this.#held.rest();
      if (values.length > 0) this.#sendTimed(segments, values, until);
      this.#held.sent();
    } else if (this.#segments.length > 0) {
      this.#drop(this.#held.sending());
      if (this.#segments.length > 0) {
        if (this.#mutable) this.#asReturned();
        this.#sendTimed(this.#segments, this.#values, until);
        this.#segments = [];
        this.#values = [];
        this.#mutable = false;
      }
      this.#held.sent();
    }
  }

  /** An object may have changed since it was returned, such as one that is used again. */
  #asReturned(): void {
    this.#held.rest().values.forEach((value, i) => this.#values[i] = value);
  }

  /** Drops the first results, which the event loop has taken. */
  #drop(count: number): void {
    if (count === 0) return;
    this.#values.splice(0, count);
    while (count > 0) {
      const segment = this.#segments[0]!;
      const dropped = Math.min(count, segment.count);
      segment.from += dropped;
      segment.count -= dropped;
      count -= dropped;
      if (segment.count === 0) this.#segments.shift();
    }
  }

  /** Sends results that took until then. */
  #sendTimed(segments: Segment[], values: List, until: number): void {
    const elapsed = Math.max(0, until - this.#since);
    this.#send(segments, values, elapsed);
    this.#since += elapsed;
  }

  /** Sends results; where one of them cannot travel, the others still do. */
  #send(segments: Segment[], values: List, elapsed: number): void {
    let list: Uint8Array[];
    try {
      // They move to the event loop, and the function may use its arrays again.
      const lossy = () => this.#lossy(() => asResults(values));
      list = serializeList(values, lossy).map((frame, i) =>
        i === 0 ? frame : new Uint8Array(frame)
      );
    } catch (error) {
      if (values.length > 1) {
        return this.#sendOneByOne(segments, values, elapsed / values.length);
      }
      const [{ chunk, from }] = segments as [Segment];
      const reason = complaint(values[0], "result", "the host", error);
      return this.fail(chunk, from, "unserializable", reason);
    }
    this.#post({ type: "results", segments, elapsed, list });
  }

  #sendOneByOne(segments: Segment[], values: List, elapsed: number): void {
    let next = 0;
    for (const { chunk, from, count } of segments) {
      for (let i = from; i < from + count; i++) {
        this.#send([{ chunk, from: i, count: 1 }], [values[next++]], elapsed);
      }
    }
  }

  /** Says that an item has no result; so its time counts for none. */
  fail(chunk: number, offset: number, reason: FailureReason, error: unknown): void {
    const value = encodeFailure(error, (lost) => this.#lossy(() => [lost]));
    this.#post({ type: "failed", chunk, offset, reason, exitStatus: 0, value });
    this.#since = this.#clock();
  }
}

function asResults(values: List): Child[] {
  return Array.from(values, (child) => ({ child, step: () => "result" }));
}
