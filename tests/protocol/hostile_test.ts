/**
 * Whatever a worker sends, the host reads it as data or refuses it, and soon.
 * `GRIDENGINE_FUZZ_SEEDS` says how many messages are made up.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertThrows,
} from "../fixtures/assert.ts";
import { serialize as write } from "node:v8";
import { translateStack } from "../../src/closure/capture/stack.ts";
import { ProtocolError } from "../../src/errors.ts";
import { decodeWorkerMessage, typeOf } from "../../src/protocol/codec.ts";
import { decodeFailure, encodeFailure } from "../../src/protocol/failure.ts";
import { deserializeList } from "../../src/protocol/lists.ts";
import { Assembly } from "../../src/protocol/pieces.ts";
import { deserialize } from "../../src/protocol/values.ts";
import { SharedFrames } from "../../src/protocol/shared_frames.ts";
import { Random } from "../simulation/prng.ts";
import { anyDescription, disguised, framesOf, mutated, wireOf } from "./_hostile.ts";

const SEEDS = Number(Deno.env.get("GRIDENGINE_FUZZ_SEEDS") ?? 5000);

const bytesOf = (value: unknown) => new Uint8Array(write(value));

/** What the host makes of an error that a worker describes. */
function failureOf(description: unknown): unknown {
  return decodeFailure(bytesOf(description), "there", translateStack);
}

Deno.test("A list is its values, whatever else hangs on it", () => {
  const list = deserializeList([bytesOf(disguised(["a", "b", undefined]))]);
  assertEquals(Object.keys(list), ["0", "1", "2"]);
  assertEquals(list.slice(1), ["b", undefined]);
});

Deno.test("A list that lacks values is refused, however long it says to be", () => {
  for (const list of [[, 1], [1, , 2], [1, ,], Object.assign([], { 4294967294: 1 })]) {
    assertThrows(() => deserializeList([bytesOf(list)]), TypeError, "not there");
  }
});

Deno.test("An error holds itself as often as it did, and no work is done twice", () => {
  const error = new AggregateError([], "why");
  for (let i = 0; i < 5; i++) error.errors.push(error);
  error.cause = error;
  const bytes = encodeFailure(error);
  const back = decodeFailure(bytes, "there", (stack) => stack) as AggregateError;
  assertInstanceOf(back, AggregateError);
  assertEquals(back.errors.map((one) => one === back), Array(5).fill(true));
  assert(back.cause === back);
});

Deno.test("An error that is none is told as unreadable", () => {
  const fine = {
    kind: "error",
    classes: ["Error"],
    name: "Error",
    message: "why",
    stack: "Error: why",
    properties: [],
  };
  assertEquals((failureOf(fine) as Error).message, "why");
  const long = Object.assign([], { 4294967294: 1 });
  for (
    const wrong of [
      null,
      5,
      {},
      [fine],
      { kind: "text" },
      { ...fine, classes: long },
      { ...fine, classes: { length: 1e9 } },
      { ...fine, properties: long },
      { ...fine, properties: [5] },
      { ...fine, stack: { matchAll: 1 } },
      { ...fine, name: { toString: 1 } },
      { ...fine, classes: ["AggregateError"], errors: long },
    ]
  ) assert(`${failureOf(wrong)}`.includes("unreadable"), Deno.inspect(wrong));
  const proto = failureOf({
    ...fine,
    properties: disguised([["__proto__", { kind: "value", value: { x: 1 } }, true]]),
  });
  assertEquals(Object.getPrototypeOf(proto), Error.prototype);
});

Deno.test("Lists in the fields of an error are read once, however often they are named", () => {
  let field: unknown = { kind: "value", value: 1 };
  for (let i = 0; i < 100; i++) field = { kind: "list", items: [field, field] };
  const error = failureOf({
    kind: "error",
    classes: [],
    name: "Error",
    message: "why",
    stack: "",
    properties: [["field", field, true]],
  });
  const { field: [one, other] } = error as { field: unknown[] };
  assert(one === other);
});

Deno.test("A stack of a megabyte is gone through once", () => {
  for (const part of ["#shipped:1:1", "1:#shipped:1:1", "file:%#shipped:1:1 "]) {
    const stack = "1:" + part.repeat(1e5);
    assertEquals(translateStack(stack), stack);
  }
});

Deno.test("What is made up is read as data or refused", () => {
  const memory = new Uint8Array(SharedFrames.SIZE);
  const seen = { read: 0, refused: 0 };
  for (let seed = 0; seed < SEEDS; seed++) {
    const random = new Random(seed);
    const wire = wireOf(random, framesOf(random, 1));
    const shared = new SharedFrames(memory, "host");
    const pieces = new Assembly(2);
    try {
      for (const part of wire) {
        const changed = mutated(random, part);
        const frames = random.chance(0.2)
          ? shared.fetch(elsewhere(random, changed))
          : changed;
        const whole = typeOf(frames) === "piece" ? pieces.take(frames) : frames;
        if (whole) read(whole);
      }
      seen.read++;
    } catch (error) {
      assertInstanceOf(error, ProtocolError, `seed ${seed}: ${error}`);
      seen.refused++;
    }
    failureOf(anyDescription(random));
  }
  assert(seen.read > SEEDS / 4 && seen.refused > SEEDS / 10, Deno.inspect(seen));
});

/** Reads a message as the host does. */
function read(frames: Uint8Array[]): void {
  const message = decodeWorkerMessage(frames);
  if (message.type === "results") {
    const list = orNothing(() => deserializeList(message.list));
    if (list === undefined) return;
    const isNumbers = list instanceof Float64Array;
    assert(isNumbers || Object.getPrototypeOf(list) === Array.prototype);
    if (!isNumbers) assertEquals(Object.keys(list).length, list.length);
  } else if (message.type === "message") {
    orNothing(() => deserialize(message.value));
  } else if (message.type === "failed") {
    decodeFailure(message.value, "there", translateStack);
  }
}

/** What is read, or nothing if it is no value: then an error is thrown, as by V8. */
function orNothing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    assertInstanceOf(error, Error);
    return undefined;
  }
}

/** A message that says that frames lie in shared memory. */
function elsewhere(random: Random, frames: Uint8Array[]): Uint8Array[] {
  if (frames[0]?.length) frames[0][1]! |= 128;
  const place = () => random.pick([0, 1, 1, 2, 8, 100, 1 << 23, 2 ** 32 - 1]);
  const places = Array.from({ length: random.int(0, 8) }, place);
  return [...frames, new Uint8Array(Uint32Array.from(places).buffer)];
}
