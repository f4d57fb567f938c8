/**
 * The host's end of a conversation: what it need not send any further when it is not
 * wanted any more. Without I/O, so that the simulation has it, too.
 *
 * @module
 */

import { Link } from "../protocol/link.ts";
import type { Frames } from "../protocol/messages.ts";
import { chunksOf } from "../protocol/order.ts";

/** What was withdrawn, and what to put on the wire now. */
export interface Withdrawal {
  /** The chunks that the worker will not have. */
  chunks: number[];
  frames: Frames[];
}

/** The conversation with one worker. */
export class HostLink extends Link {
  /** The numbers of the codes that it has, or that are on their way. */
  readonly codes = new Set<number>();

  /**
   * Has it hand back what it has not begun; what it was not sent it need not have. What it
   * is being sent meanwhile it is asked for when it is asked again.
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

  /** Has it drop chunks, and end what it runs of them. */
  cancel(chunks: number[]): Frames[] {
    return [...this.keepBack(chunks).frames, ...this.send({ type: "cancel", chunks })];
  }

  /** Asks the job that runs as a chunk to come to an end, if it was sent that job. */
  terminate(chunk: number, grace: number): Withdrawal {
    const waits = this.waitsFor((message) =>
      message.type === "assign" && chunksOf(message).includes(chunk)
    );
    if (waits) return this.keepBack([chunk]);
    return { chunks: [], frames: this.send({ type: "terminate", chunk, grace }) };
  }

  /** Has it drop codes. */
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

  /** Does not send chunks, what is said to them, and code that nothing else needs. */
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
