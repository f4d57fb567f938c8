/**
 * Large frames between two processes of one machine, in memory that both share: a socket
 * copies them into the kernel and out again, piece by piece, with a wake for each. A
 * message says where they lie; its sender gives the place away again when the message was
 * acknowledged. What there is no room for goes through the socket, as does what has to be
 * sent again.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import { type Frames, HEADER_SIZE, TYPES } from "./messages.ts";

/** Frames from here on lie in shared memory, in bytes. */
const LARGE = 1 << 16;
/** How much memory there is for each direction, in bytes. */
const ROOM = 1 << 23;
/** How long the name of its owner may be, in bytes. */
const OWNER = 64;
/** Added to the type of a message that has frames there; its last frame says where. */
const ELSEWHERE = 128;
/** Messages whose frames nobody looks into before they are delivered. */
const OPAQUE: ReadonlySet<number> = new Set([
  TYPES.assign,
  TYPES.results,
  TYPES.piece,
]);

/** One side of the memory. */
export class SharedFrames {
  /** How much memory it takes, in bytes: two halves, and whose it is. */
  static readonly SIZE: number = 2 * ROOM + OWNER;

  readonly #own: Uint8Array;
  readonly #others: Uint8Array;
  /** What lies in it and is not acknowledged, oldest first. */
  readonly #stored: { number: number; start: number; end: number }[] = [];

  /**
   * @param memory {@linkcode SharedFrames.SIZE} bytes.
   * @param side Which half is this side's to write.
   */
  constructor(memory: Uint8Array, side: "host" | "worker") {
    const halves = [
      memory.subarray(0, ROOM),
      memory.subarray(ROOM, 2 * ROOM),
    ] as const;
    [this.#own, this.#others] = side === "host" ? halves : [halves[1], halves[0]];
  }

  /** Writes into memory whose it is: the incarnation of a worker. */
  static claim(memory: Uint8Array, incarnation: string): void {
    new TextEncoder().encodeInto(incarnation, memory.subarray(2 * ROOM));
  }

  /** Whether memory is this worker's: what is called so may be another process's. */
  static isOf(memory: Uint8Array, incarnation: string): boolean {
    const name = new TextEncoder().encode(incarnation);
    return name.every((byte, i) => memory[2 * ROOM + i] === byte);
  }

  /**
   * Puts the large frames of a message there.
   *
   * @param frames A message as it would be sent; its header is changed.
   * @param number Its sequence number.
   * @returns What to send in its place.
   */
  store(frames: Frames, number: number): Frames {
    const [header] = frames as [Uint8Array];
    if (!OPAQUE.has(header[1]!)) return frames;
    const places: number[] = [];
    const sent = frames.map((frame, i) => {
      const start = frame.byteLength < LARGE
        ? undefined
        : this.#place(frame.byteLength);
      if (start === undefined) return frame;
      const end = start + frame.byteLength;
      this.#own.set(frame, start);
      this.#stored.push({ number, start, end });
      places.push(i, start, end);
      return new Uint8Array();
    });
    if (places.length === 0) return frames;
    header[1]! |= ELSEWHERE;
    return [...sent, new Uint8Array(Uint32Array.from(places).buffer)];
  }

  /** The other side has all messages up to this number. */
  release(number: number): void {
    const stored = this.#stored;
    let count = 0;
    while (count < stored.length && stored[count]!.number <= number) count++;
    if (count > 0) stored.splice(0, count);
  }

  /**
   * The message as it was before the other side has put frames there.
   *
   * @throws {ProtocolError} When they cannot lie where it says.
   */
  fetch(frames: Frames): Frames {
    const [header] = frames;
    if (!isElsewhere(frames)) return frames;
    header![1]! &= ~ELSEWHERE;
    const isPiece = header![1] === TYPES.piece;
    const last = frames.at(-1)!;
    const whole = frames.slice(0, -1);
    const places = new Uint32Array(last.slice().buffer, 0, last.length >> 2);
    // Each place holds one frame, so no message can be larger than the memory.
    let [before, room] = [0, ROOM];
    for (let i = 0; i < places.length; i += 3) {
      const [at, start, end] = [places[i]!, places[i + 1]!, places[i + 2]!];
      room -= end - start;
      if (
        !(before < at && at < whole.length && start <= end && end <= ROOM && room >= 0)
      ) {
        throw new ProtocolError("A frame is said to lie where none can be");
      }
      before = at;
      const bytes = this.#others.subarray(start, end);
      // The quickest copy that there is. A piece is copied when it is put in its place.
      whole[at] = isPiece ? bytes : new Uint8Array(bytes);
    }
    return whole;
  }

  /** Where so many bytes fit, behind what was stored last. */
  #place(length: number): number | undefined {
    const [first] = this.#stored;
    if (!first) return length <= ROOM ? 0 : undefined;
    const { end } = this.#stored.at(-1)!;
    if (end > first.start) {
      if (end + length <= ROOM) return end;
      return length < first.start ? 0 : undefined;
    }
    return end + length < first.start ? end : undefined;
  }
}

/** Whether a message has frames in shared memory. */
export function isElsewhere(frames: Frames): boolean {
  const [header] = frames;
  return header?.length === HEADER_SIZE && (header[1]! & ELSEWHERE) !== 0 &&
    frames.length > 1;
}
