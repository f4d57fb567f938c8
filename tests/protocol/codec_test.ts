/**
 * Messages to frames and back, and all that must be refused.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertThrows,
} from "../fixtures/assert.ts";
import * as fc from "npm:fast-check@^4.3.0";
import { ProtocolError } from "../../src/errors.ts";
import {
  decodeHostMessage,
  decodeWorkerMessage,
  encode,
} from "../../src/protocol/codec.ts";
import {
  FAILURE_REASONS,
  HEADER_SIZE,
  type HostMessage,
  PROTOCOL_VERSION,
  TYPES,
  type WorkerMessage,
} from "../../src/protocol/messages.ts";
import { hostMessages, workerMessages } from "./_messages.ts";

type Frames = Uint8Array[];

const numbers = (...values: number[]) =>
  new Uint8Array(new Float64Array(values).buffer);
const text = (value: string) => new TextEncoder().encode(value);
const nothing = new Uint8Array();

/** A message that says it is of a type, whatever follows. */
function frames(type: keyof typeof TYPES | number, ...body: Frames): Frames {
  const header = new Uint8Array(HEADER_SIZE);
  header[0] = PROTOCOL_VERSION;
  header[1] = typeof type === "number" ? type : TYPES[type];
  return [header, ...body];
}

function refusedByHost(found: Frames, why: string): void {
  assertThrows(() => decodeWorkerMessage(found), ProtocolError, why);
}

function refusedByWorker(found: Frames, why: string): void {
  assertThrows(() => decodeHostMessage(found), ProtocolError, why);
}

Deno.test("Every message of a worker comes back as it was", () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(workerMessages, (message) => {
      seen.add(message.type);
      assertEquals(decodeWorkerMessage(encode(message)), message);
    }),
    { numRuns: 500 },
  );
  assertEquals(seen.size, 10);
});

Deno.test("Every message of the host comes back as it was", () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(hostMessages, (message) => {
      seen.add(message.type);
      assertEquals(decodeHostMessage(encode(message)), message);
    }),
    { numRuns: 500 },
  );
  assertEquals(seen.size, 11);
});

Deno.test("Every reason of a failure comes back as it was", () => {
  for (const reason of FAILURE_REASONS) {
    const message: WorkerMessage = {
      type: "failed",
      chunk: 3,
      offset: 4,
      reason,
      exitStatus: 5,
      value: nothing,
    };
    assertEquals(decodeWorkerMessage(encode(message)), message);
  }
});

Deno.test("A message that is part of a larger buffer is read where it lies", () => {
  const message: HostMessage = { type: "terminate", chunk: 7, grace: 1500 };
  const moved = encode(message).map((frame) => {
    const buffer = new Uint8Array(frame.length + 5);
    buffer.set(frame, 3);
    return buffer.subarray(3, 3 + frame.length);
  });
  assertEquals(decodeHostMessage(moved), message);
});

Deno.test("Frames of arbitrary bytes are a message or are refused, and nothing else", () => {
  const header = fc.tuple(
    fc.oneof(fc.constant(PROTOCOL_VERSION), fc.integer({ min: 0, max: 255 })),
    fc.oneof(
      fc.constantFrom(...Object.values(TYPES)),
      fc.integer({ min: 0, max: 255 }),
    ),
    fc.uint8Array({ minLength: 8, maxLength: 8 }),
  ).map(([version, type, rest]) => new Uint8Array([version, type, ...rest]));
  const float = fc.array(fc.oneof(fc.double(), fc.nat(), fc.constant(-1)), {
    maxLength: 9,
  }).map((values) => numbers(...values));
  const json = fc.jsonValue().map((value) => text(JSON.stringify(value)));
  const body = fc.oneof(fc.uint8Array({ maxLength: 40 }), float, json);
  const first = fc.oneof({ weight: 9, arbitrary: header }, fc.uint8Array());
  const any = fc.oneof(
    fc.tuple(first, fc.array(body, { maxLength: 4 })).map(([a, b]) => [a, ...b]),
    fc.array(fc.uint8Array(), { maxLength: 4 }),
  );
  fc.assert(
    fc.property(any, (found) => {
      for (const decode of [decodeWorkerMessage, decodeHostMessage]) {
        try {
          const message = decode(found);
          // What it takes to be a message can be said again.
          assert(encode(message).length === found.length);
        } catch (error) {
          assertInstanceOf(error, ProtocolError);
        }
      }
    }),
    { numRuns: 3000 },
  );
});

Deno.test("A message that lost or gained a frame, or a byte, is refused", () => {
  // Of these frames the length is not known to the codec.
  const free = {
    results: 2,
    failed: 2,
    code: 2,
    assign: 3,
    refused: 1,
    message: 2,
    welcome: 2,
    restarting: 1,
  };
  const check = (
    message: WorkerMessage | HostMessage,
    decode: (found: Frames) => unknown,
  ) => {
    const good = encode(message);
    const open = (free as Record<string, number>)[message.type];
    // A list may have any number of frames but none.
    const broken = "list" in message
      ? [good.slice(0, open)]
      : [[...good, nothing], good.slice(0, -1)];
    for (const [i, frame] of good.entries()) {
      if (
        i === open || "list" in message && i > open! ||
        message.type === "assign" && i === 2
      ) continue;
      if (frame.length > 0) broken.push(good.with(i, frame.slice(0, -1)));
      broken.push(good.with(i, new Uint8Array([...frame, 0])));
    }
    for (const found of broken) assertThrows(() => decode(found), ProtocolError);
  };
  fc.assert(fc.property(workerMessages, (message) => {
    check(message, decodeWorkerMessage);
  }));
  fc.assert(fc.property(hostMessages, (message) => {
    check(message, decodeHostMessage);
  }));
});

Deno.test("Another version of the protocol is refused, and both are named", () => {
  const found = frames("heartbeat");
  found[0]![0] = 9;
  refusedByHost(found, "speaks version 9 of the protocol, this one version 6");
  refusedByWorker(found, "run the same version of the library on both");
});

Deno.test("An unknown type, a header of another length and no header are refused", () => {
  refusedByHost(frames(0), "Unknown message type 0");
  refusedByWorker(frames(200), "Unknown message type 200");
  refusedByHost([new Uint8Array(HEADER_SIZE + 1)], "a header of 10 bytes, not 11");
  refusedByHost([nothing], "a header of 10 bytes, not 0");
  refusedByWorker([], "a header of 10 bytes, not 0");
});

Deno.test("A message of the other direction is refused", () => {
  const leave = encode({ type: "leave" });
  refusedByHost(leave, `"leave" is not a message from a worker`);
  const restarting = encode({ type: "restarting", why: "" });
  refusedByWorker(restarting, `"restarting" is not a message from the host`);
});

Deno.test("Missing and extra frames are refused", () => {
  refusedByHost(frames("heartbeat", nothing), "has 1 frames after its header, not 0");
  refusedByHost(frames("results", numbers(1, 1, 0, 1)), "not 2");
  refusedByWorker(
    frames("assign", numbers(1, 0, 0, 0, 0, 0, 1, 0, 1, 1), nothing),
    "not 3",
  );
});

Deno.test("Too few, too many and half numbers are refused", () => {
  const one = new Uint8Array([1]);
  refusedByHost(frames("started", numbers()), "has 0 numbers where 1 are due");
  refusedByHost(frames("started", numbers(1, 2)), "has 2 numbers where 1 are due");
  refusedByHost(frames("started", one), "has 0.125 numbers where 1 are due");
  refusedByHost(frames("results", numbers(1), one), "has 1 numbers");
  refusedByHost(frames("times", numbers(1, 0)), "has 2 numbers");
  refusedByHost(frames("results", numbers(1, 1, 0, 1, 2), one), "has 5 numbers");
  refusedByWorker(
    frames("assign", numbers(1, 0, 0, 0, 0), text("f"), one),
    "has 5 numbers",
  );
  refusedByWorker(frames("cancel", numbers()), "has 0 numbers");
});

Deno.test("What is not a whole number where one is due is refused", () => {
  for (const wrong of [0.5, -1, NaN, Infinity, 2 ** 53]) {
    refusedByHost(
      frames("started", numbers(wrong)),
      `has ${wrong} where a whole number`,
    );
    refusedByHost(frames("returned", numbers(1, wrong)), "where a whole number");
    refusedByWorker(frames("cancel", numbers(1, wrong)), "where a whole number");
    refusedByWorker(
      frames("welcome", numbers(wrong, 0), nothing),
      "where a whole number",
    );
  }
  refusedByWorker(frames("welcome", numbers(1, 2), nothing), "where 0 or 1 is due");
});

Deno.test("Counts and attempts of zero are refused", () => {
  refusedByHost(frames("results", numbers(1, 1, 0, 0), nothing), "from 1 is due");
  const assign = (count: number, attempt: number) =>
    frames(
      "assign",
      numbers(1, 0, 0, 0, 0, 0, 1, 0, count, attempt),
      text("f"),
      nothing,
    );
  refusedByWorker(assign(0, 1), "from 1 is due");
  refusedByWorker(assign(1, 0), "from 1 is due");
});

Deno.test("What is not a time where one is due is refused", () => {
  for (const wrong of [-0.5, NaN, Infinity]) {
    refusedByHost(frames("results", numbers(wrong, 1, 0, 1), nothing), "where a time");
    refusedByHost(frames("times", numbers(1, 0, wrong)), "where a time");
    refusedByWorker(frames("terminate", numbers(1, wrong)), "where a time");
  }
});

Deno.test("An announcement that is neither yes nor no is refused", () => {
  for (const wrong of [2, 0.5, NaN]) {
    for (const flags of [[wrong, 0], [0, wrong]]) {
      const found = numbers(1, 0, ...flags, 0, 0, 1, 0, 1, 1);
      refusedByWorker(
        frames("assign", found, text("f"), nothing),
        `has ${wrong} where`,
      );
    }
  }
});

Deno.test("An unknown reason of a failure is refused", () => {
  const found = numbers(1, 0, FAILURE_REASONS.length, 0);
  refusedByHost(
    frames("failed", found, nothing),
    "has 5 where a number below 5 is due",
  );
});

Deno.test("What was printed must be as long as it says", () => {
  const output = (length: number) =>
    frames("output", numbers(1, 0, 0, 0, length), text("abc"));
  refusedByHost(output(2), "has text of another length");
  refusedByHost(output(4), "has text of another length");
});

Deno.test("Text that is not UTF-8 is refused", () => {
  const wrong = new Uint8Array([0xc3, 0x28]);
  refusedByHost(frames("hello", wrong), "has text that is not UTF-8");
  refusedByWorker(frames("refused", wrong), "has text that is not UTF-8");
});

Deno.test("A hello that is not JSON, or lacks something, is refused", () => {
  const hello = { worker: "1", pid: 2, host: "h", incarnation: "i", received: 3 };
  const say = (value: unknown) => frames("hello", text(JSON.stringify(value)));
  assertEquals(decodeWorkerMessage(say(hello)), { type: "hello", hello });
  refusedByHost(frames("hello", text("{")), "is not JSON");
  for (const wrong of [null, 1, "text", [], {}]) refusedByHost(say(wrong), "lacks");
  for (const name of Object.keys(hello)) {
    refusedByHost(say({ ...hello, [name]: undefined }), "lacks");
    refusedByHost(say({ ...hello, [name]: [] }), "lacks");
  }
  refusedByHost(say({ ...hello, pid: -1 }), "where a whole number");
  refusedByHost(say({ ...hello, received: 0.5 }), "where a whole number");
});

Deno.test("What a hello says beyond what is due is left out", () => {
  const hello = { worker: "1", pid: 2, host: "h", incarnation: "i", received: 3 };
  const found = frames("hello", text(JSON.stringify({ ...hello, more: true })));
  assertEquals(decodeWorkerMessage(found), { type: "hello", hello });
});
