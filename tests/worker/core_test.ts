/** The core of a worker, told what can hardly be brought about with a real thread. */

import { assertEquals } from "../fixtures/assert.ts";
import { decodeWorkerMessage, encode } from "../../src/protocol/codec.ts";
import { Link, LOCAL_FLOW } from "../../src/protocol/link.ts";
import { serializeList } from "../../src/protocol/lists.ts";
import type { HostMessage, WorkerMessage } from "../../src/protocol/messages.ts";
import { HeldResults } from "../../src/worker/between/held_results.ts";
import { RunningItem } from "../../src/worker/between/running_item.ts";
import { WorkerCore } from "../../src/worker/core/core.ts";
import type { WorkerEvent } from "../../src/worker/core/events.ts";

/** A worker that was welcomed, and what its thread shares with it. */
class WorkerUnderTest {
  readonly running: RunningItem;
  readonly held: HeldResults;
  now = 0;
  readonly #core: WorkerCore;
  readonly #host = new Link(LOCAL_FLOW, () => this.now);

  constructor() {
    const running = new SharedArrayBuffer(RunningItem.SIZE);
    const held = new SharedArrayBuffer(HeldResults.SIZE);
    this.running = new RunningItem(running);
    this.held = new HeldResults(held);
    this.#core = new WorkerCore({
      worker: "1",
      pid: 1,
      host: "here",
      incarnation: "first",
      watched: false,
      flow: LOCAL_FLOW,
      helloInterval: 1000,
      heartbeatInterval: 1000,
      connectTimeout: 5000,
      reconnectGrace: 5000,
      farewell: 2000,
      loadTimeout: 5000,
    }, { running: new RunningItem(running), results: new HeldResults(held) });
    this.handle({ type: "begin" });
    const welcome = { received: 0, memory: false, incarnation: "first" };
    const frames = encode({ type: "welcome", ...welcome });
    this.handle({ type: "arrived", frames });
    this.handle({ type: "said", message: { type: "ready" } });
  }

  /** What the worker says to the host about an event. */
  handle(event: WorkerEvent): WorkerMessage[] {
    return this.#core.handle(event, this.now).flatMap((action) =>
      action.type === "send" ? [decodeWorkerMessage(action.frames)] : []
    );
  }

  /** Gives it a chunk of so many items. */
  assign(count: number, timeout: number): void {
    const message: HostMessage = {
      type: "assign",
      code: 1,
      timeout,
      announce: false,
      measure: false,
      seed: 0,
      logs: "forward",
      name: "f",
      chunks: [{ chunk: 1, first: 0, count, attempt: 1 }],
      list: serializeList(Array.from({ length: count }, (_, i) => i)),
    };
    for (const frames of this.#host.send(message)) {
      this.handle({ type: "arrived", frames });
    }
    this.running.load();
    this.running.start();
  }

  /** Its thread begins the next item. */
  begin(): void {
    this.running.begin(this.now);
  }
}

const segments = (count: number) => [{ chunk: 1, from: 0, count }];

Deno.test("An item that has ended when its time is up has a result, and did not time out", () => {
  const worker = new WorkerUnderTest();
  worker.assign(3, 1000);
  worker.begin();
  worker.now = 1000;
  worker.held.addNumber(1, 0, 5);
  const said = worker.handle({ type: "timer", timer: "overdue" });
  assertEquals(said.map(({ type }) => type), ["results"]);
  worker.begin();
  worker.now = 2000;
  const late = worker.handle({ type: "timer", timer: "overdue" });
  assertEquals(late.map(({ type }) => type), ["failed", "restarting"]);
  assertEquals((late[0] as { offset: number }).offset, 1);
});

Deno.test("What ended before the thread crashed is reported, and is charged with nothing", () => {
  const worker = new WorkerUnderTest();
  worker.assign(1, 0);
  worker.begin();
  worker.held.addNumber(1, 0, 5);
  worker.held.leave(1);
  worker.running.settle();
  const [results, restarting] = worker.handle({ type: "crashed", why: "no memory" });
  assertEquals(results!.type === "results" && results.segments, segments(1));
  assertEquals(restarting!.type, "restarting");
});

Deno.test("Results that were left are reported with all of their time, in one message", () => {
  const worker = new WorkerUnderTest();
  worker.assign(2, 0);
  worker.begin();
  worker.held.addNumber(1, 0, 5);
  worker.held.leave(2);
  worker.begin();
  worker.held.addNumber(1, 1, 6);
  worker.held.leave(3);
  const [results] = worker.handle({ type: "called" });
  assertEquals(results!.type === "results" && results.segments, segments(2));
  assertEquals(results!.type === "results" && results.elapsed, 5);
});
