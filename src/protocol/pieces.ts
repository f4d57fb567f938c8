/**
 * Large messages in pieces, and whole again. A message is taken for one row of bytes: a
 * table of the sizes of its frames, float64 each, and then the frames. The pieces are
 * consecutive parts of that row, and views of the frames: nothing is copied. Where a frame
 * that fits into one piece is not cut, the receiver need not copy it again.
 *
 * The receiver makes room for one frame at a time, when the first bytes of it are there:
 * so what a sender announces takes no memory by itself.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import { type Frames, HEADER_SIZE, PROTOCOL_VERSION, TYPES } from "./messages.ts";
import { OWN_FRAME } from "./size.ts";

/** The most frames that a message in pieces may have. */
const MOST_FRAMES = 1 << 24;
/** So many of them may be smaller than the arrays of a list: no message has more. */
const MOST_SMALL = 8;
/** Of each size in the table, and of each number of a piece, in bytes. */
const NUMBER = 8;

/** A large message on its way out. */
export class Outgoing {
  /** What the other side knows it by. */
  readonly id: number;
  readonly #parts: Frames;
  readonly #count: number;
  /** Where the next piece begins: in which part, and at which byte of it. */
  #part = 0;
  #at = 0;
  #begun = false;

  /**
   * @param id Its number, unique within the conversation.
   * @param frames The message, as it would be sent whole.
   */
  constructor(id: number, frames: Frames) {
    this.id = id;
    this.#count = frames.length;
    const sizes = Float64Array.from(frames, ({ byteLength }) => byteLength);
    this.#parts = [new Uint8Array(sizes.buffer), ...frames];
  }

  /** Whether there is no piece any more. */
  get done(): boolean {
    return this.#part === this.#parts.length;
  }

  /**
   * The next piece, a message of so many bytes of the row.
   *
   * @param whole Whether to send less, rather than to cut a frame that fits into a piece.
   */
  next(most: number, whole = false): Frames {
    const frames = short(TYPES.piece, [this.id, this.#begun ? 0 : this.#count]);
    this.#begun = true;
    let left = most;
    while (!this.done) {
      const part = this.#parts[this.#part]!;
      const size = part.byteLength;
      if (whole && this.#at === 0 && left < size && size <= most) break;
      // The end of a row that ends in empty frames needs no piece of its own.
      const view = part.subarray(this.#at, this.#at + left);
      if (view.byteLength > 0) frames.push(view);
      left -= view.byteLength;
      this.#at += view.byteLength;
      if (this.#at < size) break;
      this.#part++;
      this.#at = 0;
    }
    return frames;
  }

  /** The message that tells the other side to forget what it has of it. */
  withdrawn(): Frames {
    return short(TYPES.withdrawn, [this.id]);
  }
}

/** The large messages that are on their way in. */
export class Assembly {
  readonly #most: number;
  readonly #open = new Map<number, Incoming>();

  /** @param most How many there may be at once. */
  constructor(most: number) {
    this.#most = most;
  }

  /**
   * Takes the next piece of a message.
   *
   * @returns The whole message, if that was the last one.
   * @throws {ProtocolError} When it is no piece that can come now.
   */
  take([, head, ...bytes]: Frames): Frames | undefined {
    const [id, count] = numbersOf(head, 2);
    let message = this.#open.get(id!);
    if (count! > 0) {
      if (message) throw new ProtocolError("A message in pieces begins twice");
      if (this.#open.size === this.#most) {
        throw new ProtocolError(`More than ${this.#most} messages come in pieces`);
      }
      this.#open.set(id!, message = new Incoming(count!));
    } else if (!message) {
      throw new ProtocolError("A piece belongs to no message");
    }
    for (const frame of bytes) message.add(frame);
    const whole = message.whole;
    if (whole) this.#open.delete(id!);
    return whole;
  }

  /** Forgets what has come of a message. */
  drop([, head]: Frames): void {
    this.#open.delete(numbersOf(head, 1)[0]!);
  }
}

/** One message on its way in. */
class Incoming {
  readonly #frames: Frames = [];
  #sizes: Float64Array | undefined;
  /** What is being filled, and how far: the table, then one frame after the other. */
  #current: Uint8Array<ArrayBuffer>;
  #filled = 0;
  /** It is what came, and need not be filled. */
  #isWhole = false;
  #next = 0;
  #small = 0;

  constructor(count: number) {
    if (count > MOST_FRAMES) {
      throw new ProtocolError(`A message has ${count} frames, above ${MOST_FRAMES}`);
    }
    this.#current = room(count * NUMBER);
  }

  /** The message, once all of it is there. */
  get whole(): Frames | undefined {
    const complete = this.#sizes !== undefined && this.#next === this.#sizes.length &&
      this.#filled === this.#current.byteLength;
    return complete ? this.#frames : undefined;
  }

  add(bytes: Uint8Array): void {
    for (;;) {
      const part = bytes.subarray(0, this.#current.byteLength - this.#filled);
      if (!this.#isWhole) this.#current.set(part, this.#filled);
      this.#filled += part.byteLength;
      bytes = bytes.subarray(part.byteLength);
      // Frames may be empty.
      while (
        this.#filled === this.#current.byteLength && this.#turn(bytes)
      );
      if (bytes.byteLength === 0) return;
      if (this.#filled === this.#current.byteLength) {
        throw new ProtocolError("A message in pieces has more bytes than it said");
      }
    }
  }

  /**
   * Goes on to the next frame, if it is empty or there are bytes to put into it. If these
   * are all of it, they are taken as they are, or copied in one go if others own them.
   */
  #turn(bytes: Uint8Array): boolean {
    this.#sizes ??= new Float64Array(this.#current.buffer);
    if (this.#next === this.#sizes.length) return false;
    const size = this.#sizes[this.#next]!;
    if (size > 0 && bytes.byteLength === 0) return false;
    // Of empty ones there could be millions in no bytes at all.
    if (!(size >= OWN_FRAME) && ++this.#small > MOST_SMALL) {
      throw new ProtocolError(`A message has more than ${MOST_SMALL} small frames`);
    }
    this.#isWhole = bytes.byteLength === size;
    this.#current = this.#isWhole ? owned(bytes) : room(size);
    this.#filled = 0;
    this.#frames.push(this.#current);
    this.#next++;
    return true;
  }
}

/** The same bytes in memory of their own: the quickest copy that there is, or none. */
function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const isView = bytes.byteLength < bytes.buffer.byteLength;
  return isView ? new Uint8Array(bytes) : bytes as Uint8Array<ArrayBuffer>;
}

/** The memory is the kernel's, and becomes ours only where it is written to. */
function room(size: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(size);
  } catch {
    throw new ProtocolError(`There is no room for a frame of ${size} bytes`);
  }
}

function short(type: number, values: number[]): Frames {
  const header = new Uint8Array(HEADER_SIZE);
  header[0] = PROTOCOL_VERSION;
  header[1] = type;
  return [header, new Uint8Array(Float64Array.from(values).buffer)];
}

function numbersOf(head: Uint8Array | undefined, count: number): number[] {
  if (head?.length !== count * NUMBER) {
    throw new ProtocolError(`A piece has a head of ${head?.length ?? 0} bytes`);
  }
  const values = [...new Float64Array(head.slice().buffer)];
  if (values.every((value) => Number.isSafeInteger(value) && value >= 0)) return values;
  throw new ProtocolError("A piece has a head that makes no sense");
}
