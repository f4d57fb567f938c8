/**
 * The host's end of a conversation. It withdraws messages that are no longer needed. It
 * does no I/O, so that the simulation can use it, too.
 *
 * @module
 */

import { Link } from "../protocol/link.ts";
import type { Frames } from "../protocol/messages.ts";
import { chunksOf } from "../protocol/order.ts";

/** What was withdrawn, and what to put on the wire now. */
export interface Withdrawal {
  /** The chunks that the worker will not get. */
  chunks: number[];
  frames: Frames[];
}

/** The conversation with one worker. */
export class HostLink extends Link {
  /** The numbers of the codes that it has, or that are on their way. */
  readonly codes = new Set<number>();

  /**
   * Asks the worker to hand back what it has not begun. Chunks that were not sent yet are
   * withdrawn. A chunk that is being sent now is recalled the next time.
   */
  recall(): Withdrawal {
    const { messages } = this.withdraw(({ type }, begun) =>
      type === "assign" && !begun
    );
    return {
      chunks: messages.flatMap(chunksOf),
      frames: this.send({ type: "recall" }),
    };
  }

  /** Tells the worker to drop chunks, and to end the one that runs. */
  cancel(chunks: number[]): Frames[] {
    return [...this.keepBack(chunks).frames, ...this.send({ type: "cancel", chunks })];
  }

  /** Asks a job to come to an end, or withdraws it if it was not sent yet. */
  terminate(chunk: number, grace: number): Withdrawal {
    const waits = this.waitsFor((message) =>
      message.type === "assign" && chunksOf(message).includes(chunk)
    );
    if (waits) return this.keepBack([chunk]);
    return { chunks: [], frames: this.send({ type: "terminate", chunk, grace }) };
  }

  /** Tells the worker to drop codes. */
  forget(codes: number[]): Frames[] {
    const known = codes.filter((code) => this.codes.delete(code));
    const unsent = new Set<number>();
    const { frames } = this.withdraw((message) => {
      if (message.type !== "code" && message.type !== "assign") return false;
      if (!known.includes(message.code)) return false;
      if (message.type === "code") unsent.add(message.code);
      return true;
    });
    const sent = known.filter((code) => !unsent.has(code));
    if (sent.length > 0) frames.push(...this.send({ type: "forget", codes: sent }));
    return frames;
  }

  /** Withdraws chunks, messages to them, and code that nothing else needs. */
  keepBack(chunks: number[]): Withdrawal {
    const codes = new Set<number>();
    const unsent: number[] = [];
    const { frames } = this.withdraw((message) => {
      const about = chunksOf(message);
      if (about.length === 0 || !about.every((chunk) => chunks.includes(chunk))) {
        return false;
      }
      if (message.type === "assign") {
        codes.add(message.code);
        unsent.push(...about);
      }
      return true;
    });
    const more = this.withdraw((message) =>
      message.type === "code" && codes.has(message.code) &&
      this.codes.delete(message.code)
    );
    return { chunks: unsent, frames: [...frames, ...more.frames, ...this.more()] };
  }
}
