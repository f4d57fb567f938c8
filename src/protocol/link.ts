/**
 * One end of the conversation between the host and one worker: every sequenced message
 * arrives once, in order where order matters, though the connection beneath it be slow,
 * or cut and made again.
 *
 * A connection that breaks takes with it what was on the wire. So each side keeps what
 * it has sent until the other says that it has it: each header carries the highest
 * sequence number received so far. When the connection is back, `hello` and `welcome`
 * exchange those numbers and each side sends the rest again. What comes twice is
 * dropped; where something is missing, the receiver asks again.
 *
 * A message that is large travels in pieces, each of which is a message on the wire,
 * with a number of its own: so each is a sign of life, and what has arrived need not be
 * sent again. Only so much is under way at once as the window allows, which is as large
 * as the link is fast, and a piece has its number when it goes. Small messages do not
 * wait for the window, and large ones take turns, unless they have to keep their order:
 * see `order.ts`. What has not gone yet can be withdrawn.
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
 * What to do with a message that came in and is not to be taken: nothing, because it came
 * before; ask the other side to send again what is missing before it; or wait, because it
 * is a part of one.
 */
export type Arrival = "repeated" | "gap" | "part";

/** How much travels at once, in bytes. */
export interface Flow {
  /** Messages up to here are sent at once. */
  small: number;
  /** Messages beyond this are cut into pieces of this size: of more, where the link is fast. */
  piece: number;
  /** When so much is not acknowledged, only small messages are sent: at first. */
  window: number;
  /** The window grows up to here where it is emptied quickly, else it shrinks to a piece. */
  most: number;
}

/** Between machines: eight workers behind a link of 1 MB/s still get a piece a second. */
export const NETWORK_FLOW: Flow = {
  small: 1 << 14,
  piece: 1 << 17,
  window: 1 << 19,
  most: 5 << 20,
};

/** Within a machine: pieces lie in shared memory, and each costs a wake. */
export const LOCAL_FLOW: Flow = {
  small: 1 << 14,
  piece: 1 << 22,
  window: 1 << 23,
  most: 1 << 23,
};

/** In such a time what is under way should be there: then the window grows, in ms. */
const QUICK = 100;
/** Beyond such a time the window shrinks, lest what is small comes late, in ms. */
const SLOW = 500;
/** So much is acknowledged at the latest, so that the other side has room again, in bytes. */
const ACKNOWLEDGED = 1 << 20;
/** The window holds so many pieces at least; each costs both sides a wake. */
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
  /** Once a part of it has been sent. */
  pieces: Outgoing | undefined;
}

/** What was sent and the other side may not have. */
interface Kept {
  frames: Frames;
  bytes: number;
  /** When. */
  sent: number;
  acknowledged: (() => void) | undefined;
}

/** One end of a conversation. It does no I/O: frames go in and come out. */
export class Link {
  /** Where large frames lie, once both sides have it. */
  shared: SharedFrames | undefined;
  readonly #flow: Flow;
  readonly #clock: () => number;
  #window: number;
  /** Of how many bytes pieces are. */
  #size: number;
  #sent = 0;
  #received = 0;
  #acknowledged = 0;
  #unacknowledgedBytes = 0;
  /** Sent and not yet acknowledged, oldest first; `#kept[0]` has number `#sent - length + 1`. */
  #kept: Kept[] = [];
  #keptBytes = 0;
  /** Not yet sent, or not all of it, oldest first. */
  readonly #waiting: Waiting[] = [];
  /** How many of them each subject has. */
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

  /** Whether so much came in since anything was sent that the other side should know. */
  get shouldAcknowledge(): boolean {
    return this.#unacknowledgedBytes >= Math.min(this.#flow.piece, ACKNOWLEDGED);
  }

  /** Whether anything came in that the other side has not been told of. */
  get owesAcknowledgement(): boolean {
    return this.#acknowledged < this.#received;
  }

  /** How many sent messages are kept because the other side may not have them yet. */
  get kept(): number {
    return this.#kept.length;
  }

  /** How many messages have not been sent, or not all of them. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Whether such a message has not been sent, or not all of it. */
  waitsFor(which: (message: Message) => boolean): boolean {
    return this.#waiting.some(({ message }) => which(message));
  }

  /** The sequence number of the last message that the other side has, as far as is known. */
  get known(): number {
    return this.#sent - this.#kept.length;
  }

  /**
   * Says something, as soon as that can be.
   *
   * @param message What to say.
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

  /** What else to put on the wire: to be asked after each acknowledgement. */
  more(): Frames[] {
    const sent: Frames[] = [];
    while (this.#waiting.length > 0 && this.#keptBytes < this.#window) {
      const at = this.#next();
      const waiting = this.#waiting[at]!;
      const { frames, bytes, acknowledged } = waiting;
      // What a fast link carries in some milliseconds need not be cut.
      const size = this.#size;
      if (bytes <= size && !waiting.pieces) {
        this.#remove(at);
        sent.push(this.#put(frames, bytes, acknowledged));
        continue;
      }
      const pieces = waiting.pieces ??= new Outgoing(++this.#inPieces, frames);
      const piece = pieces.next(size);
      if (pieces.done) this.#remove(at);
      sent.push(
        this.#put(piece, sizeOf(piece), pieces.done ? acknowledged : undefined),
      );
    }
    return sent;
  }

  /**
   * Takes back what has not been sent, or not all of it.
   *
   * @param which Says of a message, and whether a part of it was sent, if it is to go.
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
   * Takes in what came.
   *
   * @returns The frames of a whole message, or why there is none.
   * @throws {ProtocolError} When it is no message.
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
    this.#unacknowledgedBytes += sizeOf(frames);
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
    // Else the other side may have waited for more before it said so.
    if (this.#waiting.length > 0) this.#adapt(arrived.at(-1)!.sent, total);
    for (const { acknowledged } of arrived) acknowledged?.();
  }

  /** What to send again to a side that has everything up to `number`. */
  resend(number: number): Frames[] {
    this.acknowledge(number);
    // Nobody knows how fast the link is now: what is cut from now on is cut small.
    this.#size = this.#flow.piece;
    const first = this.#sent - this.#kept.length + 1;
    return this.#kept.map(({ frames }, i) => this.#stamp(frames, first + i));
  }

  /** Learns from so many bytes, the last of which was sent then, how large the window is. */
  #adapt(sent: number, bytes: number): void {
    const delay = this.#clock() - sent;
    const { piece, most } = this.#flow;
    if (delay < QUICK) this.#window = Math.min(most, this.#window + bytes);
    else if (delay > SLOW) this.#window = Math.max(piece, this.#window - bytes / 2);
    this.#size = Math.max(piece, Math.floor(this.#window / PIECES));
  }

  /** Whether something that waits must go before a message with these subjects. */
  #mustWait(subjects: readonly string[] | undefined): boolean {
    // What is about everything is the last thing that is said.
    if (!subjects || !this.#waiting.at(-1)!.subjects) return true;
    return subjects.some((subject) => this.#subjects.has(subject));
  }

  /** Which of those that wait is next: they take turns where they may. */
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
