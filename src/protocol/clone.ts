/**
 * Structured clone by V8, with the contents of large typed arrays apart: they are frames
 * of their own, which nobody copies into a larger buffer that grows as it is written.
 *
 * @module
 */

import { nodeModule } from "../common/node.ts";
import { OWN_FRAME } from "./size.ts";

/** All kinds of typed arrays, and of views; their order is part of the protocol. */
export const VIEWS = [
  DataView,
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  Float16Array,
] as const;

/** Where the contents of a typed array are. */
const INSIDE = 0;
const OUTSIDE = 1;

/** A `Buffer` of Node.js, which is a `Uint8Array`, too. */
const BUFFER = VIEWS.length;

/** What the serializer of `node:v8` has beside what its types say. */
interface Inside {
  _setTreatArrayBufferViewsAsHostObjects(flag: boolean): void;
}

/** What writes and reads, made when a value first needs it. */
function makeCloners() {
  const { Deserializer, Serializer } = nodeModule("node:v8");
  const { Buffer } = nodeModule("node:buffer");

  class Writer extends Serializer {
    /** The contents of the typed arrays that do not stand in the first frame. */
    readonly frames: Uint8Array[] = [];

    constructor() {
      super();
      (this as unknown as Inside)._setTreatArrayBufferViewsAsHostObjects(true);
    }

    /** Called for typed arrays, and for what cannot be cloned. */
    _writeHostObject(object: ArrayBufferView): void {
      if (!ArrayBuffer.isView(object)) throw new TypeError("It cannot be cloned");
      const type = Buffer.isBuffer(object)
        ? BUFFER
        : VIEWS.findIndex((View) => object instanceof View);
      const { buffer, byteOffset, byteLength } = object;
      const bytes = new Uint8Array(buffer, byteOffset, byteLength);
      this.writeUint32(type);
      if (byteLength < OWN_FRAME) {
        this.writeUint32(INSIDE);
        this.writeUint32(byteLength);
        this.writeRawBytes(bytes);
      } else {
        this.writeUint32(OUTSIDE);
        this.writeUint32(this.frames.push(bytes) - 1);
      }
    }
  }

  class Reader extends Deserializer {
    readonly #frames: Uint8Array<ArrayBuffer>[];

    constructor(first: Uint8Array, frames: Uint8Array[]) {
      super(first);
      // Once for each, however often the first one names it.
      this.#frames = frames.map(own);
    }

    _readHostObject(): ArrayBufferView {
      const type = this.readUint32();
      const where = this.readUint32();
      const number = this.readUint32();
      // Each has a buffer of its own: nobody must find there what belongs to others.
      const { buffer } = where === INSIDE
        ? new Uint8Array(this.readRawBytes(number))
        : this.#frames[number]!;
      if (type === BUFFER) return Buffer.from(buffer);
      const View = VIEWS[type] as new (buffer: ArrayBuffer) => ArrayBufferView;
      return new View(buffer);
    }
  }

  return { Writer, Reader };
}

let cloners: ReturnType<typeof makeCloners> | undefined;

/** Whether `node:v8` is loaded: then it is the quicker one. */
export function areClonersLoaded(): boolean {
  return cloners !== undefined;
}

/**
 * A value as frames. All but the first are the memory of the typed arrays themselves.
 *
 * @throws {Error} When something in it cannot be cloned.
 */
export function writeClone(value: unknown): Uint8Array[] {
  const { Writer } = cloners ??= makeCloners();
  const writer = new Writer();
  writer.writeHeader();
  writer.writeValue(value);
  return [own(writer.releaseBuffer()), ...writer.frames];
}

/**
 * The value that was made frames of. Its typed arrays use their memory, where a frame has
 * a buffer for itself.
 *
 * @throws {Error} When the frames are no value.
 */
export function readClone(first: Uint8Array, frames: Uint8Array[]): unknown {
  const { Reader } = cloners ??= makeCloners();
  const reader = new Reader(first, frames);
  reader.readHeader();
  return reader.readValue();
}

/** The bytes in a buffer that holds nothing else. */
export function own(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteLength } = bytes;
  return byteLength === buffer.byteLength
    ? new Uint8Array(buffer as ArrayBuffer)
    : new Uint8Array(bytes);
}
