/**
 * What a worker may send that wants no good: messages that are nearly right, and values
 * that are not what they seem.
 *
 * @module
 */

import { serialize as write } from "node:v8";
import { encode } from "../../src/protocol/codec.ts";
import { encodeFailure } from "../../src/protocol/failure.ts";
import { serializeList } from "../../src/protocol/lists.ts";
import { FAILURE_REASONS, type WorkerMessage } from "../../src/protocol/messages.ts";
import { CONSOLE_LEVELS } from "../../src/common/own_console.ts";
import { Outgoing } from "../../src/protocol/pieces.ts";
import type { Random } from "../simulation/prng.ts";

type Frames = Uint8Array[];

/** Numbers at which things change. */
const EDGES = [
  0,
  1,
  2,
  -1,
  0.5,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 53,
  1e300,
  -0,
  NaN,
  Infinity,
  -Infinity,
];

/** An array with properties of its own, which stand before the methods of all arrays. */
export function disguised<T>(list: T[]): T[] {
  const own = {
    slice: 1,
    map: 2,
    includes: 3,
    constructor: { x: 1 },
    at: null,
    concat: 5,
  };
  return Object.assign([...list], own);
}

/** A value of some kind. */
export function anyValue(random: Random, depth = 3): unknown {
  const kinds: (() => unknown)[] = [
    () => random.pick(EDGES),
    () => "x".repeat(random.int(0, 20)),
    () => random.pick([true, false, null]),
    () => BigInt(random.int(-9, 9)) ** 40n,
    () => new Date(random.pick(EDGES)),
    () => /a+/g,
    () => {
      const buffer = new ArrayBuffer(8 * random.int(0, 700));
      return random.pick([
        new Uint8Array(buffer),
        new Float64Array(buffer),
        new BigInt64Array(buffer),
        new DataView(buffer),
      ]);
    },
    () => new RangeError("why", { cause: random.int(0, 9) }),
  ];
  const parts = () =>
    Array.from({ length: random.int(0, 4) }, () => anyValue(random, depth - 1));
  const nested: (() => unknown)[] = [
    () => parts(),
    () => disguised(parts()),
    () => Object.assign(parts(), { 7: 1 }),
    () => Object.fromEntries(parts().map((part, i) => [`k${i}`, part])),
    () =>
      JSON.parse('{"__proto__": {"x": 1}, "length": 3, "then": 1, "kind": "error"}'),
    () => new Map(parts().map((part) => [part, part])),
    () => new Set(parts()),
  ];
  return random.pick(depth > 0 ? [...kinds, ...nested] : kinds)();
}

/** What could be the description of an error. */
export function anyDescription(random: Random): unknown {
  const text = () => random.pick<unknown>(["Error", "AggregateError", "x", 5, null]);
  const list = (): unknown =>
    random.pick<unknown>([
      [text(), text()],
      disguised([text()]),
      [["key", 1], ["__proto__", {}], ["stack"]],
      Object.assign([], { [2 ** 32 - 2]: 1 }),
      anyValue(random),
    ]);
  const error: Record<string, unknown> = {
    kind: random.pick(["error", "error", "value", "text", "other", 5]),
    classes: list(),
    name: text(),
    message: text(),
    stack: text(),
    properties: list(),
    value: anyValue(random),
    text: text(),
  };
  if (random.chance(0.4)) error.cause = random.chance(0.5) ? error : anyValue(random);
  if (random.chance(0.4)) error.errors = [error, error, list()];
  return error;
}

/** A message that a worker could send, with what stands in it made up. */
export function anyMessage(random: Random, chunk: number): WorkerMessage {
  const number = () => random.chance(0.7) ? random.int(0, 3) : random.pick(EDGES);
  const which = () => random.chance(0.8) ? chunk : number();
  const value = () =>
    random.pick([
      () => new Uint8Array(write(anyValue(random))),
      () => new Uint8Array(write(anyDescription(random))),
      () => encodeFailure(new AggregateError([new Error("a")], "why")),
      () => new Uint8Array(random.int(0, 30)),
    ])();
  const list = (): Frames => {
    const values = Array.from({ length: random.int(0, 3) }, () => anyValue(random));
    return random.pick([
      () => serializeList(values),
      () => [new Uint8Array(write(disguised(values)))],
      () => [new Uint8Array(write(Object.assign([], { [random.int(0, 2)]: 1 })))],
      () => [new Uint8Array(write(Object.assign([], { [2 ** 32 - 2]: 1 })))],
      () => serializeList([1, 2, 3].slice(random.int(0, 3))),
    ])();
  };
  const offset = random.chance(0.7) ? 0 : number();
  return random.pick<() => WorkerMessage>([
    () => ({ type: "heartbeat" }),
    () => ({ type: "started", chunk: which() }),
    () => ({
      type: "results",
      elapsed: number(),
      segments: Array.from({ length: random.int(1, 3) }, () => ({
        chunk: which(),
        from: offset,
        count: number(),
      })),
      list: list(),
    }),
    () => ({ type: "times", times: Float64Array.of(which(), number(), number()) }),
    () => ({
      type: "failed",
      chunk: which(),
      offset,
      reason: random.pick(FAILURE_REASONS),
      exitStatus: number(),
      value: value(),
    }),
    () => ({ type: "returned", cuts: [{ chunk: which(), from: number() }] }),
    () => ({ type: "message", chunk: which(), value: value() }),
    () => ({
      type: "output",
      prints: [{
        chunk: which(),
        offset,
        level: random.pick(CONSOLE_LEVELS),
        time: number(),
        text: "\u001b[31mtext\ud800",
      }],
    }),
    () => ({ type: "restarting", why: "for a reason" }),
  ])();
}

/** A message as it should be. */
export function framesOf(random: Random, chunk: number): Frames {
  return encode(anyMessage(random, chunk));
}

/** A message as it would be sent whole, or in pieces. */
export function wireOf(random: Random, frames: Frames): Frames[] {
  if (random.chance(0.7)) return [frames];
  const outgoing = new Outgoing(random.int(1, 3), frames);
  const pieces: Frames[] = [];
  while (!outgoing.done) pieces.push(outgoing.next(random.int(1, 200)));
  if (random.chance(0.1)) pieces.push(outgoing.withdrawn());
  return pieces;
}

/** Frames with something in them changed; their header is mostly left as it is. */
export function mutated(random: Random, frames: Frames): Frames {
  const changed = frames.map((frame) => frame.slice());
  for (let times = random.int(0, 4); times > 0 && changed.length > 0; times--) {
    const at = random.chance(0.05) ? 0 : random.int(0, changed.length - 1);
    if (at === 0 && !random.chance(0.1)) continue;
    const frame = changed[at]!;
    const byte = random.int(0, Math.max(0, frame.length - 1));
    random.pick([
      () => frame[byte] = random.int(0, 255),
      () => frame[byte]! ^= 1 << random.int(0, 7),
      () => changed[at] = frame.slice(0, byte),
      () => changed[at] = Uint8Array.from([...frame.slice(0, byte), ...frame]),
      () => changed.splice(at, 1),
      () => changed.splice(at, 0, frame.slice()),
      () => changed.push(new Uint8Array(random.int(0, 20))),
      () => {
        const number = Math.floor(byte / 8) * 8;
        if (number + 8 > frame.length) return;
        new DataView(frame.buffer).setFloat64(number, random.pick(EDGES), true);
      },
    ])();
  }
  return changed;
}
