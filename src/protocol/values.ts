/**
 * Values to bytes and back, by V8's structured clone: data only, so that reading what
 * somebody sent never runs code.
 *
 * @module
 */

import { SerializationError } from "../errors.ts";
import { own, readClone, writeClone } from "./clone.ts";
import { complaintAbout } from "./complaint.ts";
import { AROUND, seeWhole } from "./depth.ts";
import { deserializePlain, PLAIN, serializePlain } from "./plain.ts";
import { platformName } from "./platform.ts";
import { Refusal } from "./refusal.ts";
import { refused, type WhyNot } from "./refused.ts";
import { shortened } from "../common/shorten.ts";
import type { Child } from "./steps.ts";

/**
 * What a value begins with whose large typed arrays stand behind the rest; structured
 * clone begins with 255, and plain data with {@linkcode PLAIN}.
 */
const JOINED = 1;
/** The beginning, and how many frames there are; then the length of each, float64. */
const HEAD = 8;
const LENGTH = 8;

/**
 * The value as bytes of its own.
 *
 * @param around How many objects of ours lie around a value of the user's at most: none,
 * if this is one.
 * @param lossy Is called if an object in it arrives without its class.
 * @throws {Error} When something in it cannot be cloned, or it is nested too deeply.
 */
export function serialize(
  value: unknown,
  around: number = AROUND,
  lossy?: () => void,
): Uint8Array<ArrayBuffer> {
  const plain = serializePlain(value);
  if (plain) return own(plain);
  const frames = writeClone(value);
  const first = frames[0]!;
  seeWhole(value, first.byteLength, around, lossy);
  return frames.length === 1 ? own(first) : join(frames);
}

/**
 * The value that was made bytes of. Each typed array has a buffer of its own: who asks for
 * the buffer of one that he was sent must not find the rest of the message in it.
 *
 * @throws {Error} When the bytes are no value.
 */
export function deserialize(bytes: Uint8Array): unknown {
  if (bytes[0] === PLAIN) return deserializePlain(bytes);
  const [first, ...frames] = bytes[0] === JOINED ? split(bytes) : [bytes];
  return readClone(first!, frames);
}

/** V8 itself would write them into a buffer that doubles as it grows, and copy that. */
function join(frames: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const lengths = Float64Array.from(frames, ({ byteLength }) => byteLength);
  let at = HEAD + lengths.byteLength;
  const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + length, at));
  bytes[0] = JOINED;
  new DataView(bytes.buffer).setUint32(4, frames.length, true);
  new Float64Array(bytes.buffer, HEAD, lengths.length).set(lengths);
  for (const frame of frames) {
    bytes.set(frame, at);
    at += frame.byteLength;
  }
  return bytes;
}

function split(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = view.getUint32(4, true);
  const frames: Uint8Array[] = [];
  let at = HEAD + count * LENGTH;
  for (let i = 0; i < count; i++) {
    const end = at + view.getFloat64(HEAD + i * LENGTH, true);
    if (!(end >= at && end <= bytes.byteLength)) throw new TypeError("It is cut short");
    frames.push(bytes.subarray(at, end));
    at = end;
  }
  if (count === 0 || at !== bytes.byteLength) throw new TypeError("It is cut short");
  return frames;
}

/** What to tell people of a value that could not be serialized. */
export function complaint(
  value: unknown,
  path: string,
  receiver: string,
  cause: unknown,
  whyNot?: WhyNot,
): SerializationError {
  return complaintOf([{ child: value, step: () => path }], receiver, cause, whyNot);
}

/** Whether V8 had no room for a copy: it has no other limit for what is sent. */
function isTooLarge(cause: unknown): cause is RangeError {
  return cause instanceof RangeError &&
    /allocation failed|Invalid (typed )?array( buffer)? length/i.test(cause.message);
}

function tooLarge(
  values: Child[],
  receiver: string,
  cause: RangeError,
): SerializationError {
  const size = ({ child }: Child) => ArrayBuffer.isView(child) ? child.byteLength : 0;
  const largest = values.reduce((most, next) => size(next) > size(most) ? next : most);
  const bytes = size(largest);
  return new SerializationError(
    `${shortened(largest.step())}${bytes > 0 ? `, of ${bytes} bytes,` : ""} is too ` +
      `large to be sent to ${receiver}: there is no memory for a copy of it ` +
      `(${cause.message}); send it in parts, or by a file`,
    { cause },
  );
}

/** What to tell people of values that could not be serialized together. */
export function complaintOf(
  values: Child[],
  receiver: string,
  cause: unknown,
  whyNot?: WhyNot,
): SerializationError {
  if (isTooLarge(cause)) return tooLarge(values, receiver, cause);
  if (cause instanceof Refusal) return refused(values, receiver, cause, whyNot);
  const found = complaintAbout(values, canTravel);
  const options = cause === undefined ? {} : { cause };
  const path = found?.path ?? shortened(values[0]?.step() ?? "A value");
  const what = found ? found.what : cause instanceof RangeError ? undefined : "a value";
  if (what === undefined) {
    return new SerializationError(
      `${path} is nested too deeply to be sent to ${receiver}: use something flat ` +
        `instead, such as an array of the parts`,
      options,
    );
  }
  const advice = what.startsWith("a function") && receiver === "a worker"
    ? "let the function that is run capture it in a variable, or give it by partial()"
    : what.startsWith("a function")
    ? "return what it needs, and make it in the program"
    : what === "a Promise"
    ? "await it first"
    : "use plain data instead";
  return new SerializationError(
    `${path} is ${what}, which cannot be sent to ${receiver}; ${advice}`,
    options,
  );
}

/** Whether an object that holds no other can be sent. */
function canTravel(value: object): boolean {
  try {
    if (platformName(value) === undefined) serialize(value, 0);
    return true;
  } catch {
    return false;
  }
}
