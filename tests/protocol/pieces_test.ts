/**
 * Large messages in pieces: they let others through, arrive whatever becomes of the
 * connection, and can be withdrawn.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "../fixtures/assert.ts";
import * as fc from "npm:fast-check@^4.3.0";
import { HostLink } from "../../src/engine/host_link.ts";
import { ProtocolError } from "../../src/errors.ts";
import {
  decodeHostMessage,
  decodeWorkerMessage,
  typeOf,
} from "../../src/protocol/codec.ts";
import { type Arrival, type Flow, Link } from "../../src/protocol/link.ts";
import {
  type HostMessage,
  TYPES,
  type WorkerMessage,
} from "../../src/protocol/messages.ts";
import { subjectsOf } from "../../src/protocol/order.ts";
import { Assembly, Outgoing } from "../../src/protocol/pieces.ts";
import { OWN_FRAME } from "../../src/protocol/size.ts";

type Frames = Uint8Array[];

const FLOW: Flow = { small: 200, piece: 300, window: 900, most: 900 };
const LARGE = 5000;

const sizeOf = (frames: Frames) => frames.reduce((sum, { length }) => sum + length, 0);

/** Bytes that can be told from others. */
function bytes(length: number, first = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => first + i * 7);
}

function results(chunk: number, size: number): WorkerMessage {
  const segments = [{ chunk, from: 0, count: 1 }];
  const list = [bytes(3, chunk), bytes(size, chunk), bytes(0)];
  return { type: "results", elapsed: 1, segments, list };
}

function assign(code: number, chunk: number, size: number): HostMessage {
  const chunks = [{ chunk, first: 0, count: 1, attempt: 1 }];
  const flags = { announce: false, measure: false, logs: "none", seed: 0 } as const;
  const list = [bytes(size, chunk)];
  return { type: "assign", code, timeout: 0, ...flags, chunks, name: "f", list };
}

const code = (code: number, size: number): HostMessage => ({
  type: "code",
  code,
  value: bytes(size, code),
});

/** Two ends of a wire; what is on it in each direction, and what came out whole. */
class Talk {
  readonly host = new HostLink(FLOW, () => 0);
  readonly worker = new Link(FLOW, () => 0);
  readonly toWorker: Frames[] = [];
  readonly toHost: Frames[] = [];
  readonly heardByWorker: HostMessage[] = [];
  readonly heardByHost: WorkerMessage[] = [];
  /** How many bytes of each end went onto the wire. */
  carried = 0;

  hostSays(message: HostMessage): void {
    this.fromHost(this.host.send(message));
  }

  workerSays(message: WorkerMessage): void {
    this.fromWorker(this.worker.send(message));
  }

  fromHost(all: Frames[]): void {
    for (const frames of all) this.carried += sizeOf(frames);
    this.toWorker.push(...all);
  }

  fromWorker(all: Frames[]): void {
    for (const frames of all) this.carried += sizeOf(frames);
    this.toHost.push(...all);
  }

  /** The worker takes one message in. */
  workerTakes(): Frames | Arrival | undefined {
    const frames = this.toWorker.shift();
    if (!frames) return undefined;
    const arrived = this.worker.receive(frames);
    if (typeof arrived !== "string") {
      this.heardByWorker.push(decodeHostMessage(arrived));
    }
    this.fromWorker(this.worker.more());
    if (this.worker.shouldAcknowledge) this.workerSays({ type: "heartbeat" });
    return arrived;
  }

  /** The host takes one message in. */
  hostTakes(): Frames | Arrival | undefined {
    const frames = this.toHost.shift();
    if (!frames) return undefined;
    const arrived = this.host.receive(frames);
    if (typeof arrived !== "string") {
      this.heardByHost.push(decodeWorkerMessage(arrived));
    }
    this.fromHost(this.host.more());
    if (this.host.shouldAcknowledge) this.hostSays({ type: "heartbeat" });
    return arrived;
  }

  /** All that is on the wire is lost, and both say what they have. */
  cut(): void {
    this.toWorker.length = this.toHost.length = 0;
    const [host, worker] = [this.host.received, this.worker.received];
    this.fromWorker([...this.worker.resend(host), ...this.worker.more()]);
    this.fromHost([...this.host.resend(worker), ...this.host.more()]);
  }

  /** Everything arrives, and each knows that the other has it. */
  settle(): void {
    while (this.workerTakes() ?? this.hostTakes());
    this.cut();
    while (this.workerTakes() ?? this.hostTakes());
    assertEquals([this.host.waiting, this.worker.waiting], [0, 0]);
  }

  /** What the worker heard, without the signs of life. */
  get told(): HostMessage[] {
    return this.heardByWorker.filter(({ type }) => type !== "heartbeat");
  }

  /** What the host heard, without the signs of life. */
  get reported(): WorkerMessage[] {
    return this.heardByHost.filter(({ type }) => type !== "heartbeat");
  }
}

Deno.test("A large message goes in pieces and comes out as it was, both ways", () => {
  const talk = new Talk();
  const said = [code(1, LARGE), assign(1, 1, LARGE)];
  for (const message of said) talk.hostSays(message);
  const report = results(1, LARGE);
  talk.workerSays(report);
  const types = talk.toHost.map(typeOf);
  assertEquals(new Set(types), new Set(["piece"]));
  for (const frames of talk.toHost) assert(sizeOf(frames) < FLOW.piece + 100);
  talk.settle();
  assertEquals(talk.told, said);
  assertEquals(talk.reported, [report]);
});

Deno.test("No more is under way than the window allows, and more when it is acknowledged", () => {
  const talk = new Talk();
  talk.workerSays(results(1, 20 * LARGE));
  const most = FLOW.window + FLOW.piece + 100;
  while (talk.reported.length === 0) {
    const underWay = talk.toHost.reduce((sum, frames) => sum + sizeOf(frames), 0);
    assert(underWay > 0, "it does not stop");
    assert(underWay < most, `${underWay}`);
    talk.hostTakes();
    while (talk.workerTakes());
  }
});

Deno.test("The window grows where it is emptied quickly, and shrinks where it is not", () => {
  for (const [delay, least, most] of [[10, 3000, 4000], [700, 300, 700]] as const) {
    let now = 0;
    const worker = new Link({ ...FLOW, most: 3000 }, () => now);
    const host = new Link(FLOW, () => 0);
    let underWay = worker.send(results(1, 200 * LARGE));
    for (let i = 0; i < 50; i++) {
      now += delay;
      for (const frames of underWay) host.receive(frames);
      worker.acknowledge(host.received);
      underWay = worker.more();
    }
    const size = underWay.reduce((sum, frames) => sum + sizeOf(frames), 0);
    assert(size >= least && size < most, `${size}`);
  }
});

Deno.test("What has more than 2 GiB is not taken for something small", () => {
  const link = new Link(FLOW, () => 0);
  // Until V8 has optimized by Maglev what looks at sizes, and not yet again.
  for (let i = 1; i < 3000; i++) {
    link.send(results(i % 10, 10));
    link.acknowledge(i);
  }
  const value = new Uint8Array(2100 * 2 ** 20);
  for (const frames of link.send({ type: "message", chunk: 1, value })) {
    assertEquals(typeOf(frames), "piece");
    assert(sizeOf(frames) < FLOW.piece + 100);
  }
});

Deno.test("A piece is a view of what is sent, not a copy", () => {
  const host = new Link(FLOW, () => 0);
  const value = bytes(LARGE);
  const [first, second] = host.send({ type: "code", code: 1, value });
  assert(first!.at(-1)!.buffer === value.buffer);
  assert(second!.at(-1)!.buffer === value.buffer);
});

Deno.test("What has nothing to do with a large message does not wait for it", () => {
  const talk = new Talk();
  talk.hostSays(code(1, LARGE));
  talk.hostSays(assign(1, 1, LARGE));
  const others: HostMessage[] = [
    { type: "heartbeat" },
    { type: "cancel", chunks: [7] },
    { type: "terminate", chunk: 8, grace: 5 },
    { type: "forget", codes: [9] },
    { type: "message", chunk: 6, value: bytes(5) },
    { type: "leave" },
  ];
  for (const message of others) {
    const [frames] = talk.host.send(message);
    assertEquals(typeOf(frames!), message.type);
    talk.fromHost([frames!]);
  }
  talk.fromHost(talk.host.recall().frames);
  talk.workerSays(results(1, LARGE));
  const [small] = talk.worker.send(results(2, 10));
  assertEquals(typeOf(small!), "results");
});

Deno.test("Large messages take turns: the second need not wait until the first is there", () => {
  const talk = new Talk();
  talk.workerSays(results(1, 20 * LARGE));
  talk.workerSays(results(2, LARGE));
  while (talk.reported.length === 0 && talk.hostTakes()) while (talk.workerTakes());
  assertEquals(talk.reported, [results(2, LARGE)]);
  talk.settle();
  assertEquals(talk.reported, [results(2, LARGE), results(1, 20 * LARGE)]);
});

Deno.test("What is about the same waits, and a restart waits for all", () => {
  const talk = new Talk();
  talk.hostSays(code(1, LARGE));
  const assigned = [assign(1, 1, 10), assign(1, 2, LARGE), assign(2, 3, 10)];
  for (const message of assigned) talk.hostSays(message);
  const message: HostMessage = { type: "message", chunk: 2, value: bytes(3) };
  talk.hostSays(message);
  const reports: WorkerMessage[] = [
    results(1, LARGE),
    { type: "message", chunk: 1, value: bytes(4) },
    { type: "returned", cuts: [{ chunk: 1, from: 1 }] },
    results(2, LARGE),
    { type: "restarting", why: "" },
  ];
  for (const report of reports) talk.workerSays(report);
  talk.settle();
  const order = talk.told.map((told) =>
    [...assigned, message].indexOf(
      [...assigned, message].find((said) => Deno.inspect(said) === Deno.inspect(told))!,
    )
  );
  assertEquals(order.filter((i) => i < 3), [-1, 0, 1, 2]);
  assert(order.indexOf(3) > order.indexOf(1), "what is said to a job comes after it");
  assertEquals(talk.reported.at(-1), reports.at(-1));
  const ofFirst = talk.reported.filter((report) =>
    subjectsOf(report)?.[0] === "chunk 1"
  );
  assertEquals(ofFirst, reports.slice(0, 3));
});

Deno.test("Cut at any piece, a large message goes on where it was", () => {
  const pieces = Math.ceil(LARGE / FLOW.piece) + 1;
  for (let at = 0; at <= pieces; at++) {
    const talk = new Talk();
    const said = [code(1, LARGE), assign(1, 1, 10)];
    const report = results(1, LARGE);
    for (const message of said) talk.hostSays(message);
    talk.workerSays(report);
    for (let i = 0; i < at; i++) {
      talk.workerTakes();
      talk.hostTakes();
    }
    talk.cut();
    talk.settle();
    assertEquals(talk.told, said);
    assertEquals(talk.reported, [report]);
    // Beside the messages only what was under way went twice.
    const least = 2 * LARGE;
    assert(talk.carried < 1.4 * least + 4 * FLOW.window, `${at}: ${talk.carried}`);
  }
});

Deno.test("What is withdrawn is not sent any further, and forgotten on the other side", () => {
  const talk = new Talk();
  talk.hostSays(code(1, 100));
  talk.host.codes.add(1);
  talk.hostSays(assign(1, 1, 100 * LARGE));
  for (let i = 0; i < 10; i++) talk.workerTakes() ?? talk.hostTakes();
  assertEquals(talk.host.waiting, 1);
  talk.fromHost(talk.host.cancel([1]));
  assertEquals(talk.host.waiting, 0);
  talk.hostSays(assign(1, 2, LARGE));
  talk.settle();
  assertEquals(talk.told, [
    code(1, 100),
    { type: "cancel", chunks: [1] },
    assign(1, 2, LARGE),
  ]);
  assert(talk.carried < 4 * LARGE, `${talk.carried}`);
});

Deno.test("With a chunk its code is withdrawn, if nothing else needs it", () => {
  const talk = new Talk();
  talk.host.codes.add(1);
  talk.hostSays(code(1, LARGE));
  talk.hostSays(assign(1, 1, 10));
  talk.hostSays({ type: "message", chunk: 1, value: bytes(LARGE) });
  talk.fromHost(talk.host.cancel([1]));
  assertEquals([talk.host.waiting, talk.host.codes.size], [0, 0]);
  talk.host.codes.add(1);
  talk.hostSays(code(1, LARGE));
  talk.hostSays(assign(1, 2, 10));
  talk.settle();
  assertEquals(talk.told, [
    { type: "cancel", chunks: [1] },
    code(1, LARGE),
    assign(1, 2, 10),
  ]);
});

Deno.test("A worker hands back what it was not sent without being asked", () => {
  const talk = new Talk();
  for (const chunk of [1, 2, 3]) talk.hostSays(assign(1, chunk, LARGE));
  const { chunks, frames } = talk.host.recall();
  talk.fromHost(frames);
  assertEquals(chunks, [2, 3]);
  talk.settle();
  assertEquals(talk.told, [{ type: "recall" }, assign(1, 1, LARGE)]);
});

Deno.test("A job that was not sent is not asked to end, one that was is", () => {
  const talk = new Talk();
  talk.hostSays(assign(1, 1, LARGE));
  assertEquals(talk.host.terminate(1, 5).chunks, [1]);
  talk.hostSays(assign(1, 2, 10));
  const { chunks, frames } = talk.host.terminate(2, 5);
  talk.fromHost(frames);
  assertEquals(chunks, []);
  talk.settle();
  assertEquals(talk.told.at(-1), { type: "terminate", chunk: 2, grace: 5 });
});

Deno.test("A code that is dropped before it was sent is not sent, nor dropped there", () => {
  const talk = new Talk();
  for (const number of [1, 2]) talk.host.codes.add(number);
  talk.hostSays(code(1, 10));
  talk.hostSays(code(2, LARGE));
  talk.fromHost(talk.host.forget([1, 2, 3]));
  talk.settle();
  assertEquals(talk.told, [code(1, 10), { type: "forget", codes: [1] }]);
});

Deno.test("Whoever sends is told when the other side has all of a message", () => {
  const talk = new Talk();
  let told = 0;
  talk.fromWorker(talk.worker.send(results(1, LARGE), () => told++));
  while (talk.reported.length === 0) {
    assertEquals(told, 0);
    while (talk.workerTakes());
    talk.hostTakes();
  }
  talk.settle();
  assertEquals(told, 1);
});

type Message = HostMessage | WorkerMessage;

/** Takes down what is said. */
function record(link: Link): Message[] {
  const said: Message[] = [];
  const send = link.send.bind(link);
  link.send = (message, acknowledged) => {
    if (message.type !== "heartbeat") said.push(message);
    return send(message, acknowledged);
  };
  return said;
}

/** Each came once, and in order what has a subject in common. */
function checkOrder(heard: Message[], said: Message[]): void {
  assertEquals(heard.length, said.length);
  const about = (message: Message) => subjectsOf(message)!;
  for (const subject of new Set(said.flatMap(about))) {
    const isAbout = (message: Message) => about(message).includes(subject);
    assertEquals(heard.filter(isAbout), said.filter(isAbout));
  }
}

Deno.test("Whatever is said, taken and cut, each arrives once, and in order where it must", () => {
  const size = fc.constantFrom(1, 50, 250, 500, 3000);
  const number = fc.integer({ min: 1, max: 3 });
  const hostSays = fc.oneof(
    fc.tuple(number, number, size).map(([a, b, size]) => assign(a, b, size)),
    fc.tuple(number, size).map(([a, size]) => code(a, size)),
    fc.tuple(number, size).map(([chunk, size]): HostMessage => {
      return { type: "message", chunk, value: bytes(size) };
    }),
    fc.constant<HostMessage>({ type: "cancel", chunks: [9] }),
  );
  const workerSays = fc.tuple(number, size).map(([a, size]) => results(a, size));
  const step = fc.oneof(
    hostSays.map((message) => (talk: Talk) => talk.hostSays(message)),
    workerSays.map((message) => (talk: Talk) => talk.workerSays(message)),
    fc.constant((talk: Talk) => void talk.workerTakes()),
    fc.constant((talk: Talk) => void talk.hostTakes()),
    fc.constant((talk: Talk) => talk.cut()),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const talk = new Talk();
      const toWorker = record(talk.host);
      const toHost = record(talk.worker);
      for (const step of steps) step(talk);
      talk.settle();
      checkOrder(talk.told, toWorker);
      checkOrder(talk.reported, toHost);
    }),
    { numRuns: 200 },
  );
});

/** A piece as the other side may make it up. */
function piece(id: number, count: number, ...rest: Frames): Frames {
  const header = new Uint8Array([0, TYPES.piece]);
  return [header, new Uint8Array(Float64Array.of(id, count).buffer), ...rest];
}

const sizes = (...values: number[]) => new Uint8Array(Float64Array.from(values).buffer);

Deno.test("Pieces that make no sense are refused", () => {
  const refused: [why: string, pieces: Frames[]][] = [
    ["belongs to no message", [piece(1, 0, bytes(1))]],
    ["begins twice", [piece(1, 2, bytes(1)), piece(1, 2, bytes(1))]],
    ["more bytes than it said", [piece(1, 1, sizes(2), bytes(3))]],
    ["More than 2 messages", [1, 2, 3].map((id) => piece(id, 1))],
    ["above 16777216", [piece(1, 2 ** 25)]],
    ["no room", [piece(1, 1, sizes(2 ** 50), bytes(1))]],
    ["no room", [piece(1, 1, sizes(-1), bytes(1))]],
    ["makes no sense", [piece(1, 0.5)]],
    ["makes no sense", [piece(NaN, 1)]],
    ["a head of 3 bytes", [[bytes(2), bytes(3)]]],
    ["a head of 0 bytes", [[bytes(2)]]],
  ];
  for (const [why, pieces] of refused) {
    const assembly = new Assembly(2);
    const last = pieces.pop()!;
    for (const piece of pieces) assembly.take(piece);
    assertThrows(() => assembly.take(last), ProtocolError, why);
  }
});

Deno.test("What is announced and does not come takes no memory", () => {
  const assembly = new Assembly(1);
  const before = Deno.memoryUsage().rss;
  assembly.take(piece(1, 1, sizes(2 ** 32), bytes(1)));
  assert(Deno.memoryUsage().rss - before < 2 ** 28);
});

Deno.test("Frames of any sizes, none among them, come out as they were", () => {
  const small = fc.array(fc.integer({ min: 0, max: 40 }), {
    minLength: 1,
    maxLength: 8,
  });
  const large = fc.array(fc.integer({ min: OWN_FRAME, max: 2 * OWN_FRAME }), {
    maxLength: 3,
  });
  const lengths = fc.tuple(small, large).map((all) => all.flat())
    .chain((all) => fc.shuffledSubarray(all, { minLength: all.length }));
  fc.assert(
    fc.property(
      lengths,
      fc.integer({ min: 1, max: 50 }),
      fc.boolean(),
      (lengths, few, uncut) => {
        const size = lengths.some((length) => length > 40) ? 50 * few : few;
        const message = lengths.map((length, i) => bytes(length, i));
        const outgoing = new Outgoing(1, message);
        const assembly = new Assembly(1);
        let whole: Frames | undefined;
        while (!outgoing.done) {
          assertEquals(whole, undefined);
          whole = assembly.take(outgoing.next(size, uncut));
        }
        assertEquals(whole, message);
      },
    ),
  );
});

Deno.test("A frame that fits need not be cut, and is then taken as it is", () => {
  const [one, two, large] = [bytes(60, 1), bytes(60, 2), bytes(150, 3)];
  const outgoing = new Outgoing(1, [one, two, large]);
  const assembly = new Assembly(1);
  const sizes: number[][] = [];
  let whole: Frames | undefined;
  while (!outgoing.done) {
    const piece = outgoing.next(100, true);
    sizes.push(piece.slice(2).map(({ byteLength }) => byteLength));
    whole = assembly.take(piece);
  }
  assertEquals(sizes, [[3 * 8, 60], [60, 40], [100], [10]]);
  assert(whole![0]!.buffer === one.buffer);
  assertEquals(whole, [one, two, large]);
});

Deno.test("A message of millions of empty frames is refused before they are made", () => {
  const count = 1 << 22;
  const outgoing = new Outgoing(1, Array(9).fill(new Uint8Array()));
  const [header] = outgoing.next(100);
  const head = new Uint8Array(Float64Array.of(1, count).buffer);
  const table = new Uint8Array(count * 8);
  const before = Deno.memoryUsage().rss;
  const take = () => new Assembly(1).take([header!, head, table]);
  assertThrows(take, ProtocolError, "small frames");
  assert(Deno.memoryUsage().rss - before < 2 ** 28);
});

Deno.test("A message ends with its last byte, and empty frames cost no piece", () => {
  const empty = new Uint8Array(0);
  const outgoing = new Outgoing(1, [new Uint8Array(10), empty, empty]);
  const table = 3 * 8;
  const piece = outgoing.next(table + 10);
  assertEquals(piece.map(({ byteLength }) => byteLength).slice(2), [table, 10]);
  assert(outgoing.done);
  const whole = new Assembly(1).take(piece);
  assertEquals(whole?.map(({ byteLength }) => byteLength), [10, 0, 0]);
});

Deno.test("What was withdrawn makes room for others, and may begin again", () => {
  const assembly = new Assembly(1);
  const begun = (id: number) => new Outgoing(id, [new Uint8Array(10)]);
  const first = begun(1);
  assembly.take(first.next(9));
  assertThrows(() => assembly.take(begun(2).next(9)), ProtocolError, "More than 1");
  assertThrows(() => assembly.take(begun(1).next(9)), ProtocolError, "begins twice");
  assembly.drop(first.withdrawn());
  assembly.take(begun(2).next(9));
  assembly.drop(begun(2).withdrawn());
  assertEquals(assembly.take(begun(1).next(18)), [new Uint8Array(10)]);
});

Deno.test("Messages that are withdrawn again and again leave nothing on the other side", () => {
  const [host, worker] = [new Link(FLOW, () => 0), new Link(FLOW, () => 0)];
  const value = new Uint8Array(LARGE);
  for (let code = 1; code <= 20; code++) {
    const sent = host.send({ type: "code", code, value });
    assert(sent.length > 0 && host.waiting === 1);
    const { messages, frames } = host.withdraw((_, begun) => begun);
    assertEquals(messages.length, 1);
    for (const part of [...sent, ...frames]) assertEquals(worker.receive(part), "part");
    host.acknowledge(worker.received);
    assertEquals([host.kept, host.known], [0, worker.received]);
  }
});

Deno.test("Pieces grow while they arrive quickly, shrink when they do not, and after a cut", () => {
  let now = 0;
  const flow = { small: 200, piece: 300, window: 1200, most: 12_000 };
  const host = new Link(flow, () => now);
  let number = 0;
  let sent = host.send({ type: "code", code: 1, value: new Uint8Array(1 << 20) });
  /** The other side has what is under way after so long; how large the next piece is. */
  const after = (time: number) => {
    now += time;
    host.acknowledge(number += sent.length);
    sent = host.more();
    return sent[0]!.slice(2).reduce((sum, { byteLength }) => sum + byteLength, 0);
  };
  assertEquals(sent[0]!.slice(2).reduce((sum, part) => sum + part.byteLength, 0), 300);
  const quick = Array.from({ length: 6 }, () => after(99));
  assert(quick.every((size, i) => size >= (quick[i - 1] ?? 300)), `${quick}`);
  assertEquals(quick.at(-1), 12_000 / 4);
  assertEquals(after(300), 3000);
  const slow = Array.from({ length: 8 }, () => after(501));
  assert(slow.every((size, i) => size <= (slow[i - 1] ?? 3000)), `${slow}`);
  assertEquals(slow.at(-1), 300);
  while (after(1) < 3000);
  host.acknowledge(number += sent.length);
  host.resend(number);
  const small = host.more();
  assert(small.length >= 4);
  assert(small.every((piece) => piece.at(-1)!.byteLength <= 300));
});
