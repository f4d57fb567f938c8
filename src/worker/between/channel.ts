/**
 * Messages between the worker's event loop and its thread, in order: small ones through
 * shared memory, large ones as messages of the Web Worker.
 *
 * @module
 */

import { sizeOf } from "../../protocol/size.ts";
import { Ring } from "./ring.ts";

/** Messages larger than this, in bytes, are posted: then their frames move. */
const LARGE = 1 << 12;
/** The assumed size of an element of a list, in bytes. */
const ELEMENT = 48;

// Own copies: a function that runs in the thread may replace what is global.
const { stringify, parse } = JSON;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A message that is posted. */
export interface Posted<Message> {
  message: Message;
  /** How many messages were written to shared memory before it. */
  after: number;
  /** The channel's key: functions may post messages of their own. */
  key: string;
}

/** The other thread, to post to. */
interface Port {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
}

/** The memory of a channel, each way. */
export interface ChannelMemory {
  toThread: SharedArrayBuffer;
  toLoop: SharedArrayBuffer;
  /** Marks the posted messages of this channel. */
  key: string;
}

/** Memory for a channel. */
export function channelMemory(): ChannelMemory {
  return {
    toThread: new SharedArrayBuffer(Ring.SIZE),
    toLoop: new SharedArrayBuffer(Ring.SIZE),
    key: crypto.randomUUID(),
  };
}

/** One end of a channel. */
export class Channel<Out extends object, In extends object> {
  readonly #port: Port;
  readonly #out: Ring;
  readonly #in: Ring;
  readonly #key: string;
  readonly #take: (message: In) => void;
  readonly #before: () => void;
  readonly #called: () => void;
  /** How many were written, posted, read, and have arrived as messages. */
  #written = 0;
  #posted = 0;
  #read = 0;
  #arrived = 0;
  /** A record that must wait: posted messages before it have not arrived. */
  #early: Uint8Array<ArrayBuffer>[] | undefined;

  /**
   * @param port The other thread.
   * @param memory The channel's.
   * @param side Which end it is.
   * @param take Takes what the other side says.
   * @param before Is called before something is taken.
   * @param called Is called when the other side has called, or sent something.
   */
  constructor(
    port: Port,
    { toThread, toLoop, key }: ChannelMemory,
    side: "loop" | "thread",
    take: (message: In) => void,
    before: () => void = () => {},
    called: () => void = () => {},
  ) {
    this.#port = port;
    this.#out = new Ring(side === "loop" ? toThread : toLoop);
    this.#in = new Ring(side === "loop" ? toLoop : toThread);
    this.#key = key;
    this.#take = take;
    this.#before = before;
    this.#called = called;
  }

  /**
   * Sends a message.
   *
   * @param message JSON values. Its properties may also be bytes, lists of bytes, or number
   * arrays that fill their buffers.
   */
  send(message: Out): void {
    const parts = apart(message);
    if (isSmall(parts) && this.#out.write(encode(parts, this.#posted))) {
      this.#written++;
      return;
    }
    this.#posted++;
    const posted: Posted<Out> = { message, after: this.#written, key: this.#key };
    const buffers = parts.frames.map(({ buffer }) => buffer as ArrayBuffer);
    this.#port.postMessage(posted, buffers);
  }

  /** Takes what was posted, if it is a message of this channel. */
  arrived(posted: Posted<In> | null | undefined): void {
    if (posted?.key !== this.#key) return;
    this.#before();
    const { message, after } = posted;
    while (this.#read < after) this.#takeNext();
    this.#arrived++;
    // Only where a buffer is allocated does V8 see that it should free those that came
    // before. Else a thread that allocates little holds hundreds of megabytes of them.
    void new ArrayBuffer(1);
    this.#deliver(message);
    this.poll();
  }

  /** Takes what is in shared memory. */
  poll(): void {
    if (!this.#early && this.#in.isEmpty) return;
    this.#before();
    while (this.#takeNext());
  }

  /** Wakes the other side, which then looks for more than messages. */
  call(): void {
    this.#out.call();
  }

  /** Takes whatever is said, without end. */
  async listen(): Promise<never> {
    for (;;) {
      const { calls } = this.#in;
      this.poll();
      this.#called();
      await this.#in.more(calls);
    }
  }

  /** Takes the next message that is in shared memory, if its turn has come. */
  #takeNext(): boolean {
    const record = this.#early ?? this.#in.read();
    if (!record) return false;
    const { message, after } = decode<In>(record);
    this.#early = after > this.#arrived ? record : undefined;
    if (this.#early) return false;
    this.#read++;
    this.#deliver(message);
    return true;
  }

  /** What one message does must not keep the others from coming. */
  #deliver(message: In): void {
    try {
      this.#take(message);
    } catch (error) {
      reportError(error);
    }
  }
}

/** A property that was made into frames: its name, its kind, and how many frames. */
type Place = [name: string, kind: "bytes" | "numbers" | "list", count: number];

/** A message in two parts: its arrays as frames, and the rest. */
interface Parts {
  rest: Record<string, unknown>;
  places: Place[];
  frames: Uint8Array[];
}

function apart(message: object): Parts {
  const rest: Record<string, unknown> = {};
  const places: Place[] = [];
  const frames: Uint8Array[] = [];
  for (const [name, value] of Object.entries(message)) {
    if (value instanceof Uint8Array) {
      places.push([name, "bytes", 1]);
      frames.push(value);
    } else if (value instanceof Float64Array) {
      places.push([name, "numbers", 1]);
      frames.push(new Uint8Array(value.buffer));
    } else if (Array.isArray(value) && value[0] instanceof Uint8Array) {
      places.push([name, "list", value.length]);
      frames.push(...value);
    } else rest[name] = value;
  }
  return { rest, places, frames };
}

function isSmall({ rest, frames }: Parts): boolean {
  // A function has changed how JSON writes arrays.
  if ("toJSON" in frames) return false;
  let size = sizeOf(frames);
  for (const value of Object.values(rest)) {
    if (typeof value === "string") size += value.length;
    if (Array.isArray(value)) size += value.length * ELEMENT;
  }
  return size <= LARGE;
}

/** @param after How many messages were posted before it. */
function encode({ rest, places, frames }: Parts, after: number): Uint8Array[] {
  return [encoder.encode(stringify([after, places, rest])), ...frames];
}

function decode<Message>(
  [head, ...frames]: Uint8Array<ArrayBuffer>[],
): { message: Message; after: number } {
  const [after, places, message] = parse(decoder.decode(head)) as [
    number,
    Place[],
    Parts["rest"],
  ];
  let next = 0;
  for (const [name, kind, count] of places) {
    const own = frames.slice(next, next += count);
    if (kind === "list") message[name] = own;
    else message[name] = kind === "bytes" ? own[0]! : new Float64Array(own[0]!.buffer);
  }
  return { message: message as Message, after };
}
