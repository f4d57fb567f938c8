/**
 * One end of the conversation between the host and one worker. Every sequenced message
 * arrives once, and in order where order matters, even if the connection is slow, or
 * breaks and is made again.
 *
 * When a connection breaks, what was on the wire is lost. So each side keeps what it has
 * sent until the other side acknowledges it: each header carries the highest sequence
 * number received so far. When the connection is back, `hello` and `welcome` exchange
 * those numbers, and each side sends the rest again. Duplicates are dropped; where
 * something is missing, the receiver asks for it.
 *
 * A large message travels in pieces. Each piece is a message on the wire, with a number
 * of its own: so it is a sign of life, and a piece that has arrived need not be sent
 * again. The window limits how much is under way at once; the faster the link, the larger
 * the window. A piece gets its number when it is sent. Small messages do not wait for the
 * window, and large ones take turns, unless they must keep their order: see `order.ts`.
 * What has not been sent yet can be withdrawn.
 *
 * @module
 */

import { encode, typeOf } from "./codec.ts";
import {
  type Frames,
  HEADER_SIZE,
  type HostMessage,
  UNSEQUENCED,
  type WorkerMessage,
} from "./messages.ts";
import { subjectsOf } from "./order.ts";
import { Assembly, Outgoing } from "./pieces.ts";
import { sizeOf } from "./size.ts";
import type { SharedFrames } from "./shared_frames.ts";

type Message = WorkerMessage | HostMessage;

/**
 * Why there is no message to take: it came before; messages before it are missing, and
 * the other side must send them again; or it is only a part of one.
 */
export type Arrival = "repeated" | "gap" | "part";

/** How much travels at once, in bytes. */
export interface Flow {
  /** Messages up to here are sent at once. */
  small: number;
  /** Larger messages go in pieces of this size, or of more on a fast link. */
  piece: number;
  /** While so much is not acknowledged, only small messages are sent: the first value. */
  window: number;
  /** The window grows up to here on a fast link; on a slow one it shrinks to a piece. */
  most: number;
}

/** Between machines: eight workers behind 1 MB/s get a piece each per second. */
export const NETWORK_FLOW: Flow = {
  small: 1 << 14,
  piece: 1 << 17,
  window: 1 << 19,
  most: 5 << 20,
};

/** Within a machine: pieces lie in shared memory, and the receiver must wake for each. */
export const LOCAL_FLOW: Flow = {
  small: 1 << 14,
  piece: 1 << 22,
  window: 1 << 23,
  most: 1 << 23,
};

/** If what was sent is acknowledged within this time, the window grows, in ms. */
const QUICK = 100;
/** If it takes longer, the window shrinks, so that small messages come soon, in ms. */
const SLOW = 500;
/** After so many bytes at most the receiver acknowledges, so that the other side can go on. */
const ACKNOWLEDGED = 5 << 19;
/**
 * Of large pieces the third is acknowledged, and the two before it with it, for both sides
 * must wake for each. A window of four pieces that shrinks by half of what arrived still
 * has room for one then.
 */
const PATIENCE = 2.25;
/** The window holds at least so many pieces; both sides must wake for each. */
const PIECES = 4;
/** How many large messages take turns. */
const MOST_OPEN = 8;

/** A message of which not all has been sent. */
interface Waiting {
  message: Message;
  frames: Frames;
  bytes: number;
  subjects: readonly string[] | undefined;
  acknowledged: (() => void) | undefined;
  /** Its pieces, once the first has been sent. */
  pieces: Outgoing | undefined;
}

/** A message that was sent, and that the other side may not have. */
interface Kept {
  frames: Frames;
  bytes: number;
  /** When it was sent. */
  sent: number;
  acknowledged: (() => void) | undefined;
}

/** One end of a conversation. It does no I/O: frames go in and come out. */
export class Link {
  /** The shared memory for large frames, once both sides have it. */
  shared: SharedFrames | undefined;
  readonly #flow: Flow;
  readonly #clock: () => number;
  #window: number;
  /** How large pieces are now, in bytes. */
  #size: number;
  #sent = 0;
  #received = 0;
  #acknowledged = 0;
  #unacknowledgedBytes = 0;
  /** The size of what came last. */
  #lastBytes = 0;
  /** Not yet acknowledged, oldest first; `#kept[0]` has number `#sent - length + 1`. */
  #kept: Kept[] = [];
  #keptBytes = 0;
  /** Not yet sent, or not completely, oldest first. */
  readonly #waiting: Waiting[] = [];
  /** How many of them are about each subject. */
  readonly #subjects = new Map<string, number>();
  /** Whose turn it is among those that may be sent. */
  #turn = 0;
  /** How many messages went in pieces so far. */
  #inPieces = 0;
  readonly #incoming = new Assembly(MOST_OPEN);

  /**
   * @param flow How much travels at once: the same on both sides.
   * @param clock Tells the time, in milliseconds.
   */
  constructor(flow: Flow, clock: () => number) {
    this.#flow = flow;
    this.#clock = clock;
    this.#window = flow.window;
    this.#size = flow.piece;
  }

  /** The highest sequence number received so far. */
  get received(): number {
    return this.#received;
  }

  /** Whether so much has come since anything was sent that it should be acknowledged. */
  get shouldAcknowledge(): boolean {
    // Who sends large pieces found the link fast, and has room in the window for more.
    const enough = Math.max(this.#flow.piece, PATIENCE * this.#lastBytes);
    return this.#unacknowledgedBytes >= Math.min(enough, ACKNOWLEDGED);
  }

  /** Whether anything has come that was not acknowledged. */
  get owesAcknowledgement(): boolean {
    return this.#acknowledged < this.#received;
  }

  /** How many sent messages are kept because the other side may not have them yet. */
  get kept(): number {
    return this.#kept.length;
  }

  /** How many messages have not been sent, or not completely. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Whether such a message has not been sent, or not completely. */
  waitsFor(which: (message: Message) => boolean): boolean {
    return this.#waiting.some(({ message }) => which(message));
  }

  /** The highest sequence number that the other side has acknowledged. */
  get known(): number {
    return this.#sent - this.#kept.length;
  }

  /**
   * Sends a message, as soon as it may go.
   *
   * @param message The message.
   * @param acknowledged Called when the other side has all of it.
   * @returns What to put on the wire now.
   */
  send(message: Message, acknowledged?: () => void): Frames[] {
    const frames = encode(message);
    if (UNSEQUENCED.has(message.type)) return [this.#stamp(frames, 0)];
    const bytes = sizeOf(frames);
    const small = bytes <= this.#flow.small;
    const fits = small || bytes <= this.#size && this.#keptBytes < this.#window;
    if (fits && this.#waiting.length === 0) {
      return [this.#put(frames, bytes, acknowledged)];
    }
    const subjects = subjectsOf(message);
    if (small && !this.#mustWait(subjects)) {
      return [this.#put(frames, bytes, acknowledged)];
    }
    const pieces = undefined;
    this.#waiting.push({ message, frames, bytes, subjects, acknowledged, pieces });
    for (const subject of subjects ?? []) {
      this.#subjects.set(subject, (this.#subjects.get(subject) ?? 0) + 1);
    }
    return this.more();
  }

  /** What else to put on the wire. Ask for it after each acknowledgement. */
  more(): Frames[] {
    const sent: Frames[] = [];
    while (this.#waiting.length > 0 && this.#keptBytes < this.#window) {
      const at = this.#next();
      const waiting = this.#waiting[at]!;
      const { frames, bytes, acknowledged } = waiting;
      // What a fast link carries in some milliseconds needs no pieces.
      const size = this.#size;
      if (bytes <= size && !waiting.pieces) {
        this.#remove(at);
        sent.push(this.#put(frames, bytes, acknowledged));
        continue;
      }
      const pieces = waiting.pieces ??= new Outgoing(++this.#inPieces, frames);
      // Out of shared memory it is copied anyway, and pieces should fill that memory.
      const piece = pieces.next(size, this.shared === undefined);
      if (pieces.done) this.#remove(at);
      sent.push(
        this.#put(piece, sizeOf(piece), pieces.done ? acknowledged : undefined),
      );
    }
    return sent;
  }

  /**
   * Takes back messages that have not been sent, or not completely.
   *
   * @param which Whether to take back a message; `begun` when a part of it was sent.
   * @returns The messages, and what to put on the wire now, before what `more` gives.
   */
  withdraw(
    which: (message: Message, begun: boolean) => boolean,
  ): { messages: Message[]; frames: Frames[] } {
    const messages: Message[] = [];
    const frames: Frames[] = [];
    for (let at = 0; at < this.#waiting.length;) {
      const { message, pieces } = this.#waiting[at]!;
      if (!which(message, pieces !== undefined)) {
        at++;
        continue;
      }
      this.#remove(at);
      messages.push(message);
      if (!pieces) continue;
      const withdrawn = pieces.withdrawn();
      frames.push(this.#put(withdrawn, sizeOf(withdrawn), undefined));
    }
    return { messages, frames };
  }

  /**
   * Takes what has come.
   *
   * @returns The frames of a whole message, or why there is none.
   * @throws {ProtocolError} When it is not a message.
   */
  receive(frames: Frames): Frames | Arrival {
    const type = typeOf(frames);
    const header = view(frames[0]!);
    const number = header.getUint32(2, true);
    this.acknowledge(header.getUint32(6, true));
    if (number === 0) return frames;
    if (number <= this.#received) return "repeated";
    if (number > this.#received + 1) return "gap";
    this.#received = number;
    this.#lastBytes = sizeOf(frames);
    this.#unacknowledgedBytes += this.#lastBytes;
    if (type === "piece") return this.#incoming.take(frames) ?? "part";
    if (type !== "withdrawn") return frames;
    this.#incoming.drop(frames);
    return "part";
  }

  /** The other side has everything up to this sequence number. */
  acknowledge(number: number): void {
    const first = this.#sent - this.#kept.length + 1;
    if (number < first || number > this.#sent) return;
    const arrived = this.#kept.splice(0, number - first + 1);
    let total = 0;
    for (const { bytes } of arrived) total += bytes;
    this.#keptBytes -= total;
    this.shared?.release(number);
    if (arrived.length > 0) this.#adapt(arrived.at(-1)!.sent, total);
    for (const { acknowledged } of arrived) acknowledged?.();
  }

  /** What to send again to a side that has everything up to `number`. */
  resend(number: number): Frames[] {
    this.acknowledge(number);
    // Nobody knows how fast the link is now, so pieces are small again.
    this.#size = this.#flow.piece;
    const first = this.#sent - this.#kept.length + 1;
    return this.#kept.map(({ frames }, i) => this.#stamp(frames, first + i));
  }

  /** Adapts the window: so many bytes were acknowledged, the last one sent at `sent`. */
  #adapt(sent: number, bytes: number): void {
    const delay = this.#clock() - sent;
    const { piece, most } = this.#flow;
    if (delay < QUICK) this.#window = Math.min(most, this.#window + bytes);
    // If nothing waits, the other side may have waited for more before it said so.
    else if (delay > SLOW && this.#waiting.length > 0) {
      this.#window = Math.max(piece, this.#window - bytes / 2);
    }
    this.#size = Math.max(piece, Math.floor(this.#window / PIECES));
  }

  /** Whether a message with these subjects must wait for one that waits already. */
  #mustWait(subjects: readonly string[] | undefined): boolean {
    // A message about everything stays the last one.
    if (!subjects || !this.#waiting.at(-1)!.subjects) return true;
    return subjects.some((subject) => this.#subjects.has(subject));
  }

  /** Which of the waiting messages is next. They take turns where order allows it. */
  #next(): number {
    const free: number[] = [];
    const before = new Set<string>();
    for (const [at, { subjects }] of this.#waiting.slice(0, MOST_OPEN).entries()) {
      if (!subjects) {
        if (at === 0) free.push(at);
        break;
      }
      if (!subjects.some((subject) => before.has(subject))) free.push(at);
      for (const subject of subjects) before.add(subject);
    }
    return free[this.#turn++ % free.length]!;
  }

  #remove(at: number): void {
    const [{ subjects }] = this.#waiting.splice(at, 1) as [Waiting];
    for (const subject of subjects ?? []) {
      const left = this.#subjects.get(subject)! - 1;
      if (left > 0) this.#subjects.set(subject, left);
      else this.#subjects.delete(subject);
    }
  }

  /** Gives a message its number, and keeps it until it is acknowledged. */
  #put(
    frames: Frames,
    bytes: number,
    acknowledged: (() => void) | undefined,
  ): Frames {
    this.#kept.push({ frames, bytes, sent: this.#clock(), acknowledged });
    this.#keptBytes += bytes;
    const stamped = this.#stamp(frames, ++this.#sent);
    return this.shared?.store(stamped, this.#sent) ?? stamped;
  }

  #stamp(frames: Frames, number: number): Frames {
    const header = frames[0]!.slice(0, HEADER_SIZE);
    view(header).setUint32(2, number, true);
    view(header).setUint32(6, this.#received, true);
    this.#acknowledged = this.#received;
    this.#unacknowledgedBytes = 0;
    return [header, ...frames.slice(1)];
  }
}

function view(header: Uint8Array): DataView {
  return new DataView(header.buffer, header.byteOffset, header.byteLength);
}
