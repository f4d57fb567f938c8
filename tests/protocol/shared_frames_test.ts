/**
 * Large frames in shared memory come out as they went in, as long as somebody may look
 * for them.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "../fixtures/assert.ts";
import * as fc from "npm:fast-check@^4.3.0";
import { ProtocolError } from "../../src/errors.ts";
import { HEADER_SIZE, PROTOCOL_VERSION, TYPES } from "../../src/protocol/messages.ts";
import { SharedFrames } from "../../src/protocol/shared_frames.ts";

type Frames = Uint8Array[];

const LARGE = 1 << 16;

function bothSides(): { host: SharedFrames; worker: SharedFrames } {
  const memory = new Uint8Array(SharedFrames.SIZE);
  return {
    host: new SharedFrames(memory, "host"),
    worker: new SharedFrames(memory, "worker"),
  };
}

/** A message with frames of these sizes, each of which has its own bytes in it. */
function message(
  sizes: number[],
  fill = 0,
  type: keyof typeof TYPES = "assign",
): Frames {
  const header = new Uint8Array(HEADER_SIZE);
  header.set([PROTOCOL_VERSION, TYPES[type]]);
  return [header, ...sizes.map((size, i) => new Uint8Array(size).fill(fill + i))];
}

const copy = (frames: Frames) => frames.map((frame) => frame.slice());
const bytes = (frames: Frames) => frames.reduce((sum, { length }) => sum + length, 0);

Deno.test("A large frame is not sent, and is there for the other side, both ways", () => {
  for (const [from, to] of [["host", "worker"], ["worker", "host"]] as const) {
    const sides = bothSides();
    const frames = message([10, LARGE, 3], 1);
    const sent = sides[from].store(copy(frames), 1);
    assert(bytes(sent) < 100);
    assertEquals(sides[to].fetch(sent), frames);
  }
});

Deno.test("What is small, or looked into before it is taken, is sent as it is", () => {
  const { host } = bothSides();
  for (const frames of [message([LARGE - 1]), message([LARGE], 0, "times")]) {
    assertEquals(host.store(frames, 1), frames);
    assertEquals(host.fetch(frames), frames);
  }
});

Deno.test("What there is no room for is sent as it is, until others are acknowledged", () => {
  const { host, worker } = bothSides();
  const half = 1 << 22;
  const [first, second, third] = [
    message([half], 1),
    message([half], 2),
    message([half - 1], 3),
  ];
  const sent = [host.store(copy(first), 1), host.store(copy(second), 2)];
  assertEquals(host.store(third, 3), third);
  assertEquals(sent.map((frames) => worker.fetch(copy(frames))), [first, second]);
  host.release(1);
  const again = host.store(copy(third), 3);
  assert(bytes(again) < 100);
  assertEquals(worker.fetch(sent[1]!), second);
  assertEquals(worker.fetch(again), third);
  const whole = message([2 * half + 1]);
  assertEquals(host.store(whole, 4), whole);
});

Deno.test("Nothing is overwritten before it is acknowledged", () => {
  const sizes = fc.array(fc.integer({ min: LARGE, max: 3 << 20 }), {
    minLength: 1,
    maxLength: 3,
  });
  const deeds = fc.array(fc.oneof(sizes, fc.constant("acknowledge" as const)), {
    minLength: 10,
    maxLength: 60,
  });
  fc.assert(
    fc.property(deeds, (deeds) => {
      const { host, worker } = bothSides();
      const open: { number: number; first: number; sent: Frames }[] = [];
      let number = 0;
      for (const deed of deeds) {
        if (deed === "acknowledge") {
          const done = open.shift();
          if (done) host.release(done.number);
          continue;
        }
        number++;
        const sent = host.store(message(deed, number), number);
        open.push({ number, first: number, sent });
        for (const { first, sent } of open) {
          // The first and the last byte of each frame.
          for (const [i, frame] of worker.fetch(copy(sent)).slice(1).entries()) {
            const ends = [frame[0], frame.at(-1)];
            assertEquals(ends, [(first + i) % 256, (first + i) % 256]);
          }
        }
      }
    }),
    { numRuns: 30 },
  );
});

Deno.test("Memory is known to be a worker's by its incarnation", () => {
  const memory = new Uint8Array(SharedFrames.SIZE);
  const incarnation = crypto.randomUUID();
  assert(!SharedFrames.isOf(memory, incarnation));
  SharedFrames.claim(memory, incarnation);
  assert(SharedFrames.isOf(memory, incarnation));
  assert(!SharedFrames.isOf(memory, crypto.randomUUID()));
});

Deno.test("A frame cannot lie where there is no room", () => {
  const { host, worker } = bothSides();
  for (
    const [at, start, end] of [[9, 0, 1], [1, 2, 1], [1, 0, SharedFrames.SIZE]] as const
  ) {
    const sent = host.store(message([LARGE]), 1);
    sent[sent.length - 1] = new Uint8Array(Uint32Array.of(at, start, end).buffer);
    assertThrows(() => worker.fetch(sent), ProtocolError, "lie where none can be");
  }
  const sent = host.store(message([LARGE]), 1);
  sent[sent.length - 1] = new Uint8Array(5);
  assertThrows(() => worker.fetch(sent), ProtocolError);
});

Deno.test("A message cannot name more than the memory holds, nor a frame twice", () => {
  const { host, worker } = bothSides();
  const half = 1 << 22;
  const forged = (...places: number[]) => {
    const sent = host.store(message([LARGE, 1, 1]), 1);
    return [...sent.slice(0, -1), new Uint8Array(Uint32Array.from(places).buffer)];
  };
  for (
    const places of [
      [1, 0, 2 * half, 2, 0, 1],
      [1, 0, half + 1, 2, 0, half],
      [1, 0, 9, 1, 0, 9],
      [2, 0, 9, 1, 0, 9],
      [0, 0, 10],
      [1, 0],
    ]
  ) assertThrows(() => worker.fetch(forged(...places)), ProtocolError, "none can be");
  assertEquals(worker.fetch(forged(1, 0, half, 2, half, 2 * half))[2]!.length, half);
});
