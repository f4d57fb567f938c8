/**
 * One end of the conversation between the host and one worker: every sequenced message
 * arrives once and in order, though the connection beneath it be cut and made again.
 *
 * A connection that breaks takes with it what was on the wire. So each side keeps what
 * it has sent until the other says that it has it: each header carries the highest
 * sequence number received so far. When the connection is back, `hello` and `welcome`
 * exchange those numbers and each side sends the rest again. What comes twice is
 * dropped; where something is missing, the receiver asks again.
 *
 * @module
 */

import { encode } from "./codec.ts";
import {
  HEADER_SIZE,
  type HostMessage,
  UNSEQUENCED,
  type WorkerMessage,
} from "./messages.ts";

type Frames = Uint8Array[];

/**
 * What to do with a message that came in: take it, drop it because it came before, or
 * ask the other side to send again what is missing before it.
 */
export type Arrival = "deliver" | "repeated" | "gap";

/** One end of a conversation. It does no I/O: frames go in and come out. */
export class Link {
  #sent = 0;
  #received = 0;
  #acknowledged = 0;
  #unacknowledgedBytes = 0;
  /** Sent and not yet acknowledged, oldest first; `#kept[0]` has number `#sent - length + 1`. */
  #kept: Frames[] = [];

  /** The highest sequence number received so far. */
  get received(): number {
    return this.#received;
  }

  /** How many bytes came in since anything was sent: a reason to acknowledge them. */
  get unacknowledgedBytes(): number {
    return this.#unacknowledgedBytes;
  }

  /** Whether anything came in that the other side has not been told of. */
  get owesAcknowledgement(): boolean {
    return this.#acknowledged < this.#received;
  }

  /** How many sent messages are kept because the other side may not have them yet. */
  get kept(): number {
    return this.#kept.length;
  }

  /** The sequence number of the last message that the other side has, as far as is known. */
  get known(): number {
    return this.#sent - this.#kept.length;
  }

  /** The sequence number of the last message that was sent. */
  get sent(): number {
    return this.#sent;
  }

  /** The frames to send for a message, which is kept until it is acknowledged. */
  send(message: WorkerMessage | HostMessage): Frames {
    const frames = encode(message);
    if (UNSEQUENCED.has(message.type)) return this.#stamp(frames, 0);
    this.#kept.push(frames);
    return this.#stamp(frames, ++this.#sent);
  }

  /** What to do with frames that came in. Their header must have been decoded before. */
  receive(frames: Frames): Arrival {
    const header = view(frames[0]!);
    const number = header.getUint32(2, true);
    this.acknowledge(header.getUint32(6, true));
    if (number === 0) return "deliver";
    if (number <= this.#received) return "repeated";
    if (number > this.#received + 1) return "gap";
    this.#received = number;
    this.#unacknowledgedBytes += frames.reduce((sum, frame) => sum + frame.length, 0);
    return "deliver";
  }

  /** The other side has everything up to this sequence number. */
  acknowledge(number: number): void {
    const first = this.#sent - this.#kept.length + 1;
    if (number >= first && number <= this.#sent) {
      this.#kept.splice(0, number - first + 1);
    }
  }

  /** What to send again to a side that has everything up to `number`. */
  resend(number: number): Frames[] {
    this.acknowledge(number);
    const first = this.#sent - this.#kept.length + 1;
    return this.#kept.map((frames, i) => this.#stamp(frames, first + i));
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
