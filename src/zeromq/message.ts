/**
 * Sends or receives one message by libzmq, without waiting.
 *
 * @module
 */

import { EAGAIN, lastError, type Libzmq, uninterrupted } from "./libzmq.ts";

const DONTWAIT = 1;
const SNDMORE = 2;

/** The size of a `zmq_msg_t`, in bytes. */
export const MESSAGE_SIZE = 64;

/** Frames from this size on, in bytes, are copied in a way that is fast for large ones. */
const LARGE = 1 << 16;

/** A message: one or more frames. */
export type Frames = Uint8Array[];

/**
 * Sends a message.
 *
 * @returns Whether libzmq accepted the message; if not, it would have had to wait.
 * @throws {ZeromqError} If libzmq refuses the message.
 */
export function sendNow(
  zmq: Libzmq,
  socket: Deno.PointerObject,
  frames: Frames,
): boolean {
  const last = frames.length - 1;
  let taken = true;
  for (let i = 0; i <= last; i++) {
    const frame = frames[i] as Uint8Array<ArrayBuffer>;
    const flags = i < last ? DONTWAIT | SNDMORE : DONTWAIT;
    const size = BigInt(frame.byteLength);
    const sent = uninterrupted(zmq, () => zmq.zmq_send(socket, frame, size, flags));
    if (sent < 0) {
      if (zmq.zmq_errno() !== EAGAIN) throw lastError(zmq, "zmq_send");
      if (i === 0) return false;
      // The peer left in the middle of the message. libzmq drops the rest of it up to its
      // last frame, so these are still sent, and later the whole message again.
      taken = false;
    }
  }
  return taken;
}

/**
 * Receives a message, if there is one.
 *
 * @param message A `zmq_msg_t` to receive each frame with.
 * @throws {ZeromqError} If libzmq fails.
 */
export function receiveNow(
  zmq: Libzmq,
  socket: Deno.PointerObject,
  message: Uint8Array<ArrayBuffer>,
): Frames | undefined {
  const frames: Frames = [];
  do {
    const size = uninterrupted(zmq, () => zmq.zmq_msg_recv(message, socket, DONTWAIT));
    if (size < 0) {
      if (zmq.zmq_errno() === EAGAIN) return undefined;
      throw lastError(zmq, "zmq_msg_recv");
    }
    frames.push(size === 0 ? new Uint8Array() : copyOf(zmq, message, size));
  } while (zmq.zmq_msg_more(message) === 1);
  return frames;
}

/** A copy of the frame that was received. */
function copyOf(
  zmq: Libzmq,
  message: Uint8Array<ArrayBuffer>,
  size: number,
): Uint8Array {
  const data = zmq.zmq_msg_data(message)!;
  if (size >= LARGE) {
    // This way the new memory need not be cleared first.
    return new Uint8Array(
      new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(data, size)),
    );
  }
  const frame = new Uint8Array(size);
  Deno.UnsafePointerView.copyInto(data, frame);
  return frame;
}
