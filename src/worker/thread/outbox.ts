/**
 * The results of the thread on their way to the host.
 *
 * @module
 */

import { encodeFailure } from "../../protocol/failure.ts";
import { type NumberOf, Packed, packIfCan } from "../../protocol/instances.ts";
import { serializePacked } from "../../protocol/lists.ts";
import type { FailureReason, Segment } from "../../protocol/messages.ts";
import { Refusal } from "../../protocol/refusal.ts";
import type { Child } from "../../protocol/steps.ts";
import { complaint } from "../../protocol/values.ts";
import type { HeldResults } from "../between/held_results.ts";
import { epoch } from "../between/running_item.ts";
import type { FromThread } from "../between/thread_messages.ts";

/** How many results the event loop is left, rather than sent. */
const MOST_LEFT = 256;
/** How long they may have taken, in milliseconds: for others a message costs nothing. */
const LONGEST_LEFT = 1000;
/** An own copy: a function may replace what is global. */
const { max } = Math;

/** What one batch has to report. */
export class Outbox {
  readonly #held: HeldResults;
  readonly #post: (message: FromThread) => void;
  readonly #before: () => void;
  readonly #lossy: (values: () => Child[]) => void;
  readonly #numberOf: NumberOf;
  #times: number[] = [];
  readonly #clock: () => number;
  /** From when on the time counts for the results that are sent next. */
  #since: number;

  /**
   * @param held Holds results until they are sent on. Each is copied when it comes.
   * @param post Sends them on.
   * @param before Is called before they are sent on.
   * @param lossy Is told where an object is that arrives without its class.
   * @param numberOf Knows the classes that the host has.
   * @param clock Tells the time, in milliseconds.
   */
  constructor(
    held: HeldResults,
    post: (message: FromThread) => void,
    before: () => void,
    lossy: (values: () => Child[]) => void,
    numberOf: NumberOf,
    clock: () => number = epoch,
  ) {
    this.#held = held;
    this.#post = post;
    this.#before = before;
    this.#lossy = lossy;
    this.#numberOf = numberOf;
    this.#clock = clock;
    this.#since = clock();
  }

  /** The first item begins: time before it, such as to load code, does not count. */
  start(): void {
    this.#since = this.#clock();
  }

  /** Takes down how long an item took, in milliseconds. */
  took(chunk: number, offset: number, time: number): void {
    this.#times.push(chunk, offset, time);
  }

  /** Holds a result until it is sent on with others; one that is large is sent at once. */
  keep(chunk: number, offset: number, result: unknown): void {
    if (this.#hold(chunk, offset, result)) return;
    const wasEmpty = this.#held.count === 0;
    this.flush();
    if (!wasEmpty && this.#hold(chunk, offset, result)) return;
    this.#sendAlone(chunk, offset, result);
  }

  /** Holds a result beside the others, if it can be. */
  #hold(chunk: number, offset: number, result: unknown): boolean {
    const held = this.#held;
    const { numberCount } = held;
    if (typeof result === "number" && numberCount === held.count) {
      return held.addNumber(chunk, offset, result);
    }
    return numberCount === 0 &&
      held.add(chunk, offset, result, (refused) => {
        try {
          return this.#loses(result, refused);
        } catch {
          // It is told why when it is tried alone.
          return false;
        }
      });
  }

  /**
   * An object in a result would arrive without its class, or not at all.
   *
   * @param refused Whether the result cannot travel as it is.
   * @returns The result as bytes in which it keeps it.
   * @throws {Refusal} When an object in it cannot travel as what it is.
   */
  #loses(result: unknown, refused = false): Uint8Array | undefined {
    const packed = packIfCan(result, { numberOf: this.#numberOf });
    if (packed ? packed.loses && (packed.bytes || !refused) : !refused) {
      this.#lossy(() => [{ child: result, step: () => "result" }]);
    }
    return packed?.bytes;
  }

  /**
   * Sends on what is there.
   *
   * @param until When its last result came. The time since then belongs to the running
   * item, and is counted with the next results.
   */
  flush(until: number = this.#clock()): void {
    this.#before();
    this.#sendTimes();
    if (this.#held.count === 0) return;
    this.#held.sending();
    const { segments, values, elapsed } = this.#held.rest();
    this.#since -= elapsed;
    if (values.length > 0) this.#send(segments, serializePacked(values), until);
    this.#held.sent();
  }

  /**
   * Leaves what there is to the event loop, if that is a few numbers and nothing else:
   * nothing is used for it that a function can have replaced.
   *
   * @returns Whether it could be.
   */
  leave(): boolean {
    const { count, numberCount } = this.#held;
    if (count === 0 || count !== numberCount || count > MOST_LEFT) return false;
    if (this.#times.length > 0) return false;
    const elapsed = max(0, this.#clock() - this.#since);
    if (elapsed > LONGEST_LEFT) return false;
    this.#held.leave(elapsed);
    return true;
  }

  #sendTimes(): void {
    if (this.#times.length === 0) return;
    this.#post({ type: "times", times: new Float64Array(this.#times) });
    this.#times = [];
  }

  /** Sends a result that cannot be held: there is no room for it, or it cannot travel. */
  #sendAlone(chunk: number, offset: number, result: unknown): void {
    let list: Uint8Array[];
    try {
      // They move to the event loop, and the function may use its arrays again.
      let packed: Uint8Array | undefined;
      list = serializePacked([result], () => packed = this.#loses(result));
      if (packed) list = serializePacked([new Packed(packed)]);
      list = list.map((frame, i) => i === 0 ? frame : new Uint8Array(frame));
    } catch (error) {
      const { packed, reason } = this.#packRefused(result, error);
      if (!packed) return this.fail(chunk, offset, "unserializable", reason);
      list = serializePacked([new Packed(packed)]);
    }
    this.#send([{ chunk, from: offset, count: 1 }], list, this.#clock());
  }

  /** A result that cannot travel as it is as bytes, or why it cannot. */
  #packRefused(
    result: unknown,
    error: unknown,
  ): { packed?: Uint8Array | undefined; reason?: Error } {
    try {
      const packed = error instanceof Refusal ? undefined : this.#loses(result, true);
      if (packed) return { packed };
    } catch (refusal) {
      error = refusal;
    }
    return { reason: complaint(result, "result", "the host", error) };
  }

  /** Sends results that took until then. */
  #send(segments: Segment[], list: Uint8Array[], until: number): void {
    const elapsed = max(0, until - this.#since);
    this.#post({ type: "results", segments, elapsed, list });
    this.#since += elapsed;
  }

  /** Says that an item has no result. The time of a failed item is not counted. */
  fail(chunk: number, offset: number, reason: FailureReason, error: unknown): void {
    const value = encodeFailure(
      error,
      this.#numberOf,
      (lost) => this.#lossy(() => [lost]),
    );
    this.#post({ type: "failed", chunk, offset, reason, exitStatus: 0, value });
    this.#since = this.#clock();
  }
}
