/**
 * Values to bytes and back, by V8's structured clone: data only, so that reading what
 * somebody sent never runs code.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { DefaultDeserializer, serialize as write } from "node:v8";
import { SerializationError } from "../errors.ts";
import { serializePlain } from "./plain.ts";

/**
 * The value as bytes of its own.
 *
 * @throws {Error} When something in it cannot be cloned.
 */
export function serialize(value: unknown): Uint8Array<ArrayBuffer> {
  const bytes = serializePlain(value) ?? write(value);
  const whole = bytes.byteLength === bytes.buffer.byteLength;
  return whole ? new Uint8Array(bytes.buffer as ArrayBuffer) : new Uint8Array(bytes);
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
    return serialize(value);
  } catch (cause) {
    const { path: place, what } = findUntransferable(value, path);
    const advice = what.startsWith("a function") && receiver === "a worker"
      ? "let the function that is run capture it in a variable, or give it by partial()"
      : "use plain data instead";
    throw new SerializationError(
      `${place} is ${what}, which cannot be sent to ${receiver}; ${advice}`,
      { cause },
    );
  }
}

/**
 * Where in a value the first thing is that cannot travel, such as `args[3].callback`.
 *
 * @param value A value that `serialize` refused.
 * @param path How to call the value itself.
 * @returns The path and what is there, for people.
 */
function findUntransferable(
  value: unknown,
  path: string,
): { path: string; what: string } {
  const seen = new Set<unknown>();
  const visit = (
    value: unknown,
    path: string,
  ): { path: string; what: string } | undefined => {
    if (typeof value === "function") {
      return { path, what: `a function${value.name ? ` named ${value.name}` : ""}` };
    }
    if (typeof value === "symbol") return { path, what: "a symbol" };
    if (typeof value !== "object" || value === null || seen.has(value)) {
      return undefined;
    }
    seen.add(value);
    try {
      serialize(value);
      return undefined;
    } catch {
      try {
        for (const [key, child] of childrenOf(value)) {
          const found = visit(child, path + key);
          if (found) return found;
        }
        const name = Object.getPrototypeOf(value)?.constructor?.name || "object";
        return { path, what: `${/^[aeiou]/i.test(name) ? "an" : "a"} ${name}` };
      } catch {
        // A getter, an iterator or a proxy of its own throws.
        return { path, what: "an object that cannot be read" };
      }
    }
  };
  return visit(value, path) ?? { path, what: "a value" };
}

function* childrenOf(value: object): Iterable<[string, unknown]> {
  if (value instanceof Map) {
    let i = 0;
    for (const [key, child] of value) {
      yield [`.keys()[${i}]`, key];
      yield [typeof key === "string" ? `.get("${key}")` : `.values()[${i}]`, child];
      i++;
    }
  } else if (value instanceof Set) {
    let i = 0;
    for (const child of value) yield [`.values()[${i++}]`, child];
  } else {
    for (const [key, child] of Object.entries(value)) {
      const index = Array.isArray(value)
        ? `[${key}]`
        : /^[A-Za-z_$][\w$]*$/.test(key)
        ? `.${key}`
        : `["${key}"]`;
      yield [index, child];
    }
  }
}
