/**
 * What makes the library fast is counted here, not timed: how many messages pass the
 * host's sockets, and how many bytes. Neither may grow unseen.
 */

import { assert, assertEquals } from "../fixtures/assert.ts";
import { JobDispatcher, ProcessScheduler } from "../../mod.ts";
import { ZmqSocket } from "../../src/zeromq/socket.ts";
import { sizeOf } from "../../src/protocol/size.ts";

/** What passes the sockets of this process. */
interface Traffic {
  sent: number;
  received: number;
  bytes: number;
}

/** Counts what passes the sockets of this process while something is done. */
async function trafficOf(action: () => Promise<unknown>): Promise<Traffic> {
  const traffic = { sent: 0, received: 0, bytes: 0 };
  const { send, receive } = ZmqSocket.prototype;
  ZmqSocket.prototype.send = function (frames) {
    traffic.sent++;
    traffic.bytes += sizeOf(frames);
    return send.call(this, frames);
  };
  ZmqSocket.prototype.receive = async function () {
    const frames = await receive.call(this);
    traffic.received++;
    traffic.bytes += sizeOf(frames ?? []);
    return frames;
  };
  try {
    await action();
  } finally {
    Object.assign(ZmqSocket.prototype, { send, receive });
  }
  return traffic;
}

/** A dispatcher whose two workers are there, and know the functions. */
async function warm(transport: "local" | "network"): Promise<JobDispatcher> {
  const dispatcher = new JobDispatcher({
    scheduler: () => new ProcessScheduler({ workers: 2, transport }),
  });
  for (let i = 0; i < 3; i++) {
    await dispatcher.map(square, numbers(1000));
    await dispatcher.map(length, [new Float64Array(1)]);
    await dispatcher.map(array, [1]);
  }
  return dispatcher;
}

const square = (x: number) => x * x;
const length = (values: Float64Array) => values.length;
const array = (length: number) => new Float64Array(length);
const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);
/** Of such arrays each has a megabyte. */
const LARGE = 1 << 17;
const MEGABYTE = 1 << 20;

for (const transport of ["local", "network"] as const) {
  Deno.test(`Ten thousand items one by one take some messages, not thousands: ${transport}`, async () => {
    await using dispatcher = await warm(transport);
    const items = numbers(10_000);
    const { sent, received } = await trafficOf(async () => {
      const results = await dispatcher.map(square, items, { chunkSize: 1 });
      assertEquals(results.at(-1), 9999 ** 2);
    });
    assert(sent < 1000 && received < 1000, `${sent} sent, ${received} received`);
  });
}

Deno.test("Large frames do not pass the sockets between processes of one machine", async () => {
  await using dispatcher = await warm("local");
  const into = Array.from({ length: 10 }, () => new Float64Array(LARGE));
  const { bytes } = await trafficOf(async () => {
    await dispatcher.map(length, into);
    await dispatcher.map(array, into.map(() => LARGE));
  });
  assert(bytes < MEGABYTE, `${bytes} bytes`);
});

Deno.test("Between machines each large frame passes once, or twice if it was handed back", async () => {
  await using dispatcher = await warm("network");
  const into = Array.from({ length: 10 }, () => new Float64Array(LARGE));
  const { bytes } = await trafficOf(async () => {
    await dispatcher.map(length, into);
    await dispatcher.map(array, into.map(() => LARGE));
  });
  assert(bytes > 20 * MEGABYTE && bytes < 32 * MEGABYTE, `${bytes} bytes`);
});
