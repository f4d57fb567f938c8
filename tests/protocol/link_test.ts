/**
 * What is sent arrives once and in order, whatever becomes of the connection.
 *
 * @module
 */

import { assert, assertEquals } from "../fixtures/assert.ts";
import * as fc from "npm:fast-check@^4.3.0";
import {
  decodeHostMessage,
  decodeWorkerMessage,
  typeOf,
} from "../../src/protocol/codec.ts";
import { type Arrival, type Flow, Link } from "../../src/protocol/link.ts";
import type { HostMessage, WorkerMessage } from "../../src/protocol/messages.ts";

type Frames = Uint8Array[];

/** What one message is on the wire that goes there at once. */
function only(all: Frames[]): Frames {
  assertEquals(all.length, 1);
  return all[0]!;
}

/** What becomes of a message that came in. */
function arrival(link: Link, frames: Frames): "deliver" | Arrival {
  const arrived = link.receive(frames);
  return typeof arrived === "string" ? arrived : "deliver";
}

/** A worker's report that can be told from others. */
const report = (n: number): WorkerMessage => ({ type: "started", chunk: n });

/** A link on which little is large. */
const FLOW: Flow = { small: 100, piece: 100, window: 400, most: 400 };
const newLink = () => new Link(FLOW, () => 0);

/** A message that is too large to go whole on a link that nobody knows. */
const large: WorkerMessage = {
  type: "message",
  chunk: 1,
  value: new Uint8Array(300),
};

/** Two ends of a link on which nothing had to wait so far. */
function foundFast(): [worker: Link, host: Link] {
  const flow = { ...FLOW, most: 4000 };
  const [worker, host] = [new Link(flow, () => 0), new Link(flow, () => 0)];
  for (let n = 1; n <= 60; n++) {
    host.receive(only(worker.send(report(n))));
    worker.receive(only(host.send({ type: "heartbeat" })));
  }
  return [worker, host];
}

Deno.test("What comes in order is delivered, what comes again is dropped", () => {
  const [worker, host] = [newLink(), newLink()];
  const first = only(worker.send(report(1)));
  const second = only(worker.send(report(2)));
  assertEquals(arrival(host, first), "deliver");
  assertEquals(arrival(host, first), "repeated");
  assertEquals(arrival(host, second), "deliver");
  assertEquals(arrival(host, first), "repeated");
  assertEquals(host.received, 2);
});

Deno.test("Where something is missing before it, a message is not taken", () => {
  const [worker, host] = [newLink(), newLink()];
  worker.send(report(1));
  const second = only(worker.send(report(2)));
  assertEquals(arrival(host, second), "gap");
  assertEquals(host.received, 0);
  const again = worker.resend(host.received);
  assertEquals(again.map((frames) => arrival(host, frames)), ["deliver", "deliver"]);
  assertEquals(again.map(decodeWorkerMessage), [report(1), report(2)]);
});

Deno.test("A message outside the sequence is delivered each time and not kept", () => {
  const [worker, host] = [newLink(), newLink()];
  const beat = only(worker.send({ type: "heartbeat" }));
  assertEquals(arrival(host, beat), "deliver");
  assertEquals(arrival(host, beat), "deliver");
  assertEquals([worker.kept, host.received], [0, 0]);
});

Deno.test("What is kept shrinks as the other side acknowledges it", () => {
  const [worker, host] = [newLink(), newLink()];
  for (let n = 1; n <= 4; n++) {
    const frames = only(worker.send(report(n)));
    if (n <= 3) host.receive(frames);
  }
  assertEquals(worker.kept, 4);
  // Whatever the host says next carries it.
  worker.receive(only(host.send({ type: "heartbeat" })));
  assertEquals(worker.kept, 1);
  assertEquals(worker.resend(3).map(decodeWorkerMessage), [report(4)]);
  assertEquals(worker.resend(4), []);
  assertEquals(worker.kept, 0);
});

Deno.test("An acknowledgement that is old, or of what was never sent, means nothing", () => {
  const worker = newLink();
  for (let n = 1; n <= 3; n++) worker.send(report(n));
  worker.acknowledge(2);
  for (const number of [0, 1, 2, 4, 2 ** 32 - 1]) worker.acknowledge(number);
  assertEquals(worker.resend(1).map(decodeWorkerMessage), [report(3)]);
});

Deno.test("What came in is owed an acknowledgement until something is sent", () => {
  const [worker, host] = [newLink(), newLink()];
  const state = () => [host.owesAcknowledgement, host.shouldAcknowledge];
  const frames = only(worker.send(report(1)));
  assertEquals(state(), [false, false]);
  host.receive(frames);
  host.receive(frames);
  assertEquals(state(), [true, false]);
  // More than a part of the window: it should be told now.
  for (let n = 2; n <= 6; n++) host.receive(only(worker.send(report(n))));
  assertEquals(state(), [true, true]);
  host.send({ type: "heartbeat" });
  assertEquals(state(), [false, false]);
});

Deno.test("On a link that was found fast a larger message goes whole", () => {
  const fresh = new Link({ ...FLOW, most: 4000 }, () => 0);
  const [fast] = foundFast();
  assertEquals(fresh.send(large).map(typeOf), ["piece", "piece", "piece", "piece"]);
  assertEquals(fast.send(large).map(typeOf), ["message"]);
});

Deno.test("What is large, yet went whole, is acknowledged with two more", () => {
  const [worker, host] = foundFast();
  for (let n = 1; n <= 3; n++) {
    assertEquals(host.shouldAcknowledge, false);
    host.receive(only(worker.send(large)));
  }
  assertEquals(host.shouldAcknowledge, true);
  host.send({ type: "heartbeat" });
  // What is small fills no window, and tells nothing of the link.
  host.receive(only(worker.send(large)));
  host.receive(only(worker.send(report(1))));
  assertEquals(host.shouldAcknowledge, true);
});

Deno.test("What is sent again acknowledges what has come in since", () => {
  const [worker, host] = [newLink(), newLink()];
  const cancel: HostMessage = { type: "cancel", chunks: [1] };
  worker.receive(only(host.send(cancel)));
  worker.send(report(1));
  worker.receive(only(host.send(cancel)));
  for (const frames of worker.resend(0)) host.receive(frames);
  assertEquals(host.kept, 0);
});

/**
 * Both sides over one connection after the other. What is on the wire is lost when it
 * is cut; each side says something, or takes one message in, in an order that is drawn.
 */
class Conversation {
  readonly worker = new Side<WorkerMessage, HostMessage>(decodeHostMessage);
  readonly host = new Side<HostMessage, WorkerMessage>(decodeWorkerMessage);

  /** The connection is cut and made again, and both say what they have received. */
  cut(): void {
    this.worker.inbox = [];
    this.host.inbox = [];
    const [worker, host] = [this.worker.link.received, this.host.link.received];
    this.host.inbox.push(...this.worker.link.resend(host));
    this.worker.inbox.push(...this.host.link.resend(worker));
  }
}

class Side<Out extends WorkerMessage | HostMessage, In> {
  readonly link = newLink();
  readonly said: Out[] = [];
  readonly taken: In[] = [];
  inbox: Frames[] = [];
  readonly #decode: (frames: Frames) => In;

  constructor(decode: (frames: Frames) => In) {
    this.#decode = decode;
  }

  say(message: Out, other: { inbox: Frames[] }): void {
    this.said.push(message);
    other.inbox.push(...this.link.send(message));
  }

  take(): "deliver" | Arrival | undefined {
    const frames = this.inbox.shift();
    if (!frames) return undefined;
    const arrived = this.link.receive(frames);
    if (typeof arrived === "string") return arrived;
    this.taken.push(this.#decode(arrived));
    return "deliver";
  }
}

Deno.test("However often the connection is cut, everything arrives once and in order", () => {
  const step = fc.constantFrom(
    "worker says",
    "host says",
    "worker takes",
    "host takes",
    "cut",
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const talk = new Conversation();
      const { worker, host } = talk;
      for (const [n, step] of steps.entries()) {
        if (step === "worker says") worker.say(report(n), host);
        else if (step === "host says") {
          host.say({ type: "cancel", chunks: [n] }, worker);
        } else if (step === "worker takes") assert(worker.take() !== "gap");
        else if (step === "host takes") assert(host.take() !== "gap");
        else talk.cut();
        assertEquals(host.taken, worker.said.slice(0, host.taken.length));
        assertEquals(worker.taken, host.said.slice(0, worker.taken.length));
        assert(worker.link.kept >= worker.said.length - host.taken.length);
      }
      talk.cut();
      while (worker.take() ?? host.take());
      assertEquals(host.taken, worker.said);
      assertEquals(worker.taken, host.said);
      talk.cut();
      assertEquals([worker.link.kept, host.link.kept], [0, 0]);
    }),
    { numRuns: 300 },
  );
});

Deno.test("Whatever is lost, repeated or overtaken on the way, asking again mends it", () => {
  const fate = fc.constantFrom("arrives", "lost", "twice", "late");
  fc.assert(
    fc.property(fc.array(fate, { minLength: 1, maxLength: 60 }), (fates) => {
      const [worker, host] = [newLink(), newLink()];
      const taken: WorkerMessage[] = [];
      const take = (frames: Frames) => {
        const arrived = host.receive(frames);
        if (typeof arrived === "string") return arrived;
        taken.push(decodeWorkerMessage(arrived));
        return "deliver";
      };
      const late: Frames[] = [];
      for (const [n, fate] of fates.entries()) {
        const frames = only(worker.send(report(n)));
        if (fate === "late") late.push(frames);
        if (fate === "lost" || fate === "late") continue;
        if (take(frames) === "gap") worker.resend(host.received).forEach(take);
        if (fate === "twice") assertEquals(take(frames), "repeated");
      }
      late.forEach(take);
      worker.resend(host.received).forEach(take);
      assertEquals(taken, fates.map((_, n) => report(n)));
    }),
    { numRuns: 300 },
  );
});
