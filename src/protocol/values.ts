/**
 * Values to bytes and back, by V8's structured clone: data only, so that reading what
 * somebody sent never runs code.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { DefaultDeserializer, serialize as write } from "node:v8";
import { SerializationError } from "../errors.ts";
import { complaintAbout } from "./complaint.ts";
import { AROUND, isTooDeep } from "./depth.ts";
import { serializePlain } from "./plain.ts";
import { type Child, shortened } from "./steps.ts";

/**
 * The value as bytes of its own.
 *
 * @param around How many objects of ours lie around a value of the user's at most: none,
 * if this is one.
 * @throws {Error} When something in it cannot be cloned, or it is nested too deeply.
 */
export function serialize(
  value: unknown,
  around: number = AROUND,
): Uint8Array<ArrayBuffer> {
  const bytes = serializePlain(value) ?? writeReadable(value, around);
  const whole = bytes.byteLength === bytes.buffer.byteLength;
  return whole ? new Uint8Array(bytes.buffer as ArrayBuffer) : new Uint8Array(bytes);
}

/** Writes what can be read again. */
function writeReadable(value: unknown, around: number): Uint8Array {
  const bytes = write(value);
  if (isTooDeep(value, bytes.length, around)) {
    throw new RangeError("It is nested too deeply");
  }
  return bytes;
}

/**
 * The value that was made bytes of.
 *
 * @throws {Error} When the bytes are no value.
 */
export function deserialize(bytes: Uint8Array): unknown {
  const reader = new Reader(bytes);
  reader.readHeader();
  return reader.readValue();
}

/**
 * Gives each typed array a buffer of its own: who asks for the buffer of one that he was
 * sent must not find the rest of the message, or others' arrays, in it.
 */
class Reader extends DefaultDeserializer {
  _readHostObject(): ArrayBufferView {
    const { _readHostObject: inherited } = DefaultDeserializer.prototype as unknown as {
      _readHostObject(this: Reader): ArrayBufferView<ArrayBuffer>;
    };
    const view = inherited.call(this);
    const { buffer, byteOffset, byteLength } = view;
    if (byteLength === buffer.byteLength || Buffer.isBuffer(view)) return view;
    const View = view.constructor as new (buffer: ArrayBuffer) => ArrayBufferView;
    return new View(buffer.slice(byteOffset, byteOffset + byteLength));
  }
}

/**
 * The value as bytes, or a complaint that people understand.
 *
 * @param value Any value.
 * @param path How to call the value, such as `args[3]`.
 * @param receiver Who is to get it, such as `"a worker"`.
 * @throws {SerializationError} Naming the first thing in it that cannot travel.
 */
export function serializeFor(
  value: unknown,
  path: string,
  receiver: string,
): Uint8Array<ArrayBuffer> {
  try {
    return serialize(value, 0);
  } catch (cause) {
    throw complaint(value, path, receiver, cause);
  }
}

/** What to tell people of a value that could not be serialized. */
export function complaint(
  value: unknown,
  path: string,
  receiver: string,
  cause: unknown,
): SerializationError {
  return complaintOf([{ child: value, step: () => path }], receiver, cause);
}

/** What to tell people of values that could not be serialized together. */
export function complaintOf(
  values: Child[],
  receiver: string,
  cause: unknown,
): SerializationError {
  const found = complaintAbout(values, canTravel);
  const path = found?.path ?? shortened(values[0]?.step() ?? "A value");
  const what = found ? found.what : cause instanceof RangeError ? undefined : "a value";
  if (what === undefined) {
    return new SerializationError(
      `${path} is nested too deeply to be sent to ${receiver}: use something flat ` +
        `instead, such as an array of the parts`,
      { cause },
    );
  }
  const advice = what.startsWith("a function") && receiver === "a worker"
    ? "let the function that is run capture it in a variable, or give it by partial()"
    : what === "a Promise"
    ? "await it first"
    : "use plain data instead";
  return new SerializationError(
    `${path} is ${what}, which cannot be sent to ${receiver}; ${advice}`,
    { cause },
  );
}

/** Whether a value of the user's can be sent. */
export function canTravel(value: unknown): boolean {
  try {
    serialize(value, 0);
    return true;
  } catch {
    return false;
  }
}
