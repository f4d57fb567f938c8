/**
 * What is sent arrives once and in order, whatever becomes of the connection.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { decodeHostMessage, decodeWorkerMessage } from "../../src/protocol/codec.ts";
import { Link } from "../../src/protocol/link.ts";
import type { HostMessage, WorkerMessage } from "../../src/protocol/messages.ts";

type Frames = Uint8Array[];

/** A worker's report that can be told from others. */
const report = (n: number): WorkerMessage => ({ type: "started", chunk: n });
const bytes = (frames: Frames) => frames.reduce((sum, frame) => sum + frame.length, 0);

Deno.test("what comes in order is delivered, what comes again is dropped", () => {
  const [worker, host] = [new Link(), new Link()];
  const first = worker.send(report(1));
  const second = worker.send(report(2));
  assertEquals(host.receive(first), "deliver");
  assertEquals(host.receive(first), "repeated");
  assertEquals(host.receive(second), "deliver");
  assertEquals(host.receive(first), "repeated");
  assertEquals(host.received, 2);
});

Deno.test("where something is missing before it, a message is not taken", () => {
  const [worker, host] = [new Link(), new Link()];
  worker.send(report(1));
  const second = worker.send(report(2));
  assertEquals(host.receive(second), "gap");
  assertEquals(host.received, 0);
  const again = worker.resend(host.received);
  assertEquals(again.map((frames) => host.receive(frames)), ["deliver", "deliver"]);
  assertEquals(again.map(decodeWorkerMessage), [report(1), report(2)]);
});

Deno.test("a message outside the sequence is delivered each time and not kept", () => {
  const [worker, host] = [new Link(), new Link()];
  const beat = worker.send({ type: "heartbeat" });
  assertEquals(host.receive(beat), "deliver");
  assertEquals(host.receive(beat), "deliver");
  assertEquals([worker.kept, host.received], [0, 0]);
});

Deno.test("what is kept shrinks as the other side acknowledges it", () => {
  const [worker, host] = [new Link(), new Link()];
  for (let n = 1; n <= 4; n++) {
    const frames = worker.send(report(n));
    if (n <= 3) host.receive(frames);
  }
  assertEquals(worker.kept, 4);
  // Whatever the host says next carries it.
  worker.receive(host.send({ type: "heartbeat" }));
  assertEquals(worker.kept, 1);
  assertEquals(worker.resend(3).map(decodeWorkerMessage), [report(4)]);
  assertEquals(worker.resend(4), []);
  assertEquals(worker.kept, 0);
});

Deno.test("an acknowledgement that is old, or of what was never sent, means nothing", () => {
  const worker = new Link();
  for (let n = 1; n <= 3; n++) worker.send(report(n));
  worker.acknowledge(2);
  for (const number of [0, 1, 2, 4, 2 ** 32 - 1]) worker.acknowledge(number);
  assertEquals(worker.resend(1).map(decodeWorkerMessage), [report(3)]);
});

Deno.test("what came in is owed an acknowledgement until something is sent", () => {
  const [worker, host] = [new Link(), new Link()];
  const frames = worker.send(report(1));
  assertEquals([host.owesAcknowledgement, host.unacknowledgedBytes], [false, 0]);
  host.receive(frames);
  host.receive(frames);
  assertEquals(host.owesAcknowledgement, true);
  assertEquals(host.unacknowledgedBytes, bytes(frames));
  host.send({ type: "heartbeat" });
  assertEquals([host.owesAcknowledgement, host.unacknowledgedBytes], [false, 0]);
});

Deno.test("what is sent again acknowledges what has come in since", () => {
  const [worker, host] = [new Link(), new Link()];
  const cancel: HostMessage = { type: "cancel", chunks: [1] };
  worker.receive(host.send(cancel));
  worker.send(report(1));
  worker.receive(host.send(cancel));
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
  readonly link = new Link();
  readonly said: Out[] = [];
  readonly taken: In[] = [];
  inbox: Frames[] = [];
  readonly #decode: (frames: Frames) => In;

  constructor(decode: (frames: Frames) => In) {
    this.#decode = decode;
  }

  say(message: Out, other: { inbox: Frames[] }): void {
    this.said.push(message);
    other.inbox.push(this.link.send(message));
  }

  take(): "deliver" | "repeated" | "gap" | undefined {
    const frames = this.inbox.shift();
    if (!frames) return undefined;
    const arrival = this.link.receive(frames);
    if (arrival === "deliver") this.taken.push(this.#decode(frames));
    return arrival;
  }
}

Deno.test("however often the connection is cut, everything arrives once and in order", () => {
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

Deno.test("whatever is lost, repeated or overtaken on the way, asking again mends it", () => {
  const fate = fc.constantFrom("arrives", "lost", "twice", "late");
  fc.assert(
    fc.property(fc.array(fate, { minLength: 1, maxLength: 60 }), (fates) => {
      const [worker, host] = [new Link(), new Link()];
      const taken: WorkerMessage[] = [];
      const take = (frames: Frames) => {
        const arrival = host.receive(frames);
        if (arrival === "deliver") taken.push(decodeWorkerMessage(frames));
        return arrival;
      };
      const late: Frames[] = [];
      for (const [n, fate] of fates.entries()) {
        const frames = worker.send(report(n));
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
