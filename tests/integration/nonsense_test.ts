import { assertEquals } from "../fixtures/assert.ts";
import { JobDispatcher } from "../../mod.ts";
import { encode } from "../../src/protocol/codec.ts";
import { TYPES, type WorkerMessage } from "../../src/protocol/messages.ts";
import { serialize } from "../../src/protocol/values.ts";
import { bytes } from "../fixtures/libzmq.ts";
import { FakeScheduler, type FakeWorker } from "./_fake_worker.ts";
import { range, test } from "../fixtures/ground.ts";

/** A message of the right form with something in its header changed. */
function heartbeat(change: (header: Uint8Array) => void): Uint8Array[] {
  const frames = encode({ type: "heartbeat" });
  change(frames[0]!);
  return frames;
}

function numbers(...values: number[]): Uint8Array {
  return new Uint8Array(new Float64Array(values).buffer);
}

function results(
  chunk: number,
  { from = 0, count = 1, value = serialize([0]) as Uint8Array } = {},
): WorkerMessage {
  return {
    type: "results",
    elapsed: 1,
    segments: [{ chunk, from, count }],
    list: [value],
  };
}

function failed(chunk: number, offset = 0): WorkerMessage {
  const value = serialize(null);
  const reason = "threw";
  return { type: "failed", chunk, offset, reason, exitStatus: 0, value };
}

/** What a worker that has one item, the only one of its chunk, must not say. */
const nonsense: Record<string, (worker: FakeWorker, chunk: number) => void> = {
  "speaks another version": (worker) =>
    worker.send(heartbeat((header) => header[0] = 99)),
  "sends a message of unknown type": (worker) =>
    worker.send(heartbeat((header) => header[1] = 200)),
  "sends a message that only the host sends": (worker) =>
    worker.send(encode({ type: "leave" })),
  "sends a message without a header": (worker) => worker.send([bytes("hello")]),
  "sends an empty message": (worker) => worker.send([new Uint8Array(0)]),
  "leaves frames out": (worker, chunk) =>
    worker.send(encode(results(chunk)).slice(0, 2)),
  "sends a frame too many": (worker) =>
    worker.send([...encode({ type: "heartbeat" }), bytes("more")]),
  "sends half a number": (worker, chunk) => {
    const [header, , value] = encode(results(chunk));
    worker.send([header!, numbers(1, chunk, 0, 1).subarray(0, 28), value!]);
  },
  "sends a number that is none": (worker, chunk) => {
    const [header, , value] = encode(results(chunk));
    worker.send([header!, numbers(1, chunk, NaN, 1), value!]);
  },
  "sends a hello that is no JSON": (worker) => {
    const [header] = encode({ type: "heartbeat" });
    header![1] = TYPES.hello;
    worker.send([header!, bytes("{worker}")]);
  },
  "says that it is another worker": (worker) => worker.hello(`${worker.name}0`),
  "sends results of a chunk that never was": (worker, chunk) =>
    worker.say(results(chunk + 1000)),
  "sends results of items that it does not have": (worker, chunk) =>
    worker.say(results(chunk, { count: 2, value: serialize([0, 1]) })),
  "sends fewer results than it says": (worker, chunk) =>
    worker.say(results(chunk, { value: serialize([]) })),
  "sends results that are no values": (worker, chunk) =>
    worker.say(results(chunk, { value: bytes("garbage") })),
  "fails an item of a chunk that never was": (worker, chunk) =>
    worker.say(failed(chunk + 1000)),
  "fails an item that it does not have": (worker, chunk) =>
    worker.say(failed(chunk, 1)),
  "hands back items that it does not have": (worker, chunk) =>
    worker.say({ type: "returned", cuts: [{ chunk, from: 2 }] }),
};

for (const [what, say] of Object.entries(nonsense)) {
  test(`A worker that ${what} is dropped and counted, and every result arrives`, async () => {
    await using scheduler = new FakeScheduler("local");
    await using dispatcher = new JobDispatcher({ scheduler });
    const squares = dispatcher.map((x: number) => x * x, range(20));
    await using worker = await scheduler.fake;
    say(worker, await worker.begin());
    await scheduler.stopped;
    assertEquals(await squares, range(20).map((x) => x * x));
    const { violations, workersRequested, done } = dispatcher.stats();
    assertEquals({ violations, workersRequested, done }, {
      violations: 1,
      workersRequested: 2,
      done: 20,
    });
  });
}
