import { assert, assertEquals } from "../fixtures/assert.ts";
import {
  Channel,
  channelMemory,
  type Posted,
} from "../../src/worker/between/channel.ts";
import { Ring } from "../../src/worker/between/ring.ts";

interface Message {
  number: number;
  bytes: Uint8Array;
}

/** A thread that echoes, and what it said. */
function echo() {
  const module = new URL("_echo.ts", import.meta.url).href;
  const thread = new Worker(module, { type: "module" });
  const memory = channelMemory();
  const said: Message[] = [];
  let enough = () => {};
  let wanted = Infinity;
  const channel = new Channel<Message, Message>(
    thread,
    memory,
    "loop",
    (message) => {
      said.push(message);
      if (said.length === wanted) enough();
    },
  );
  void channel.listen();
  thread.onmessage = ({ data }: MessageEvent<Posted<Message>>) => channel.arrived(data);
  thread.postMessage(memory);
  return {
    channel,
    said,
    hears: (count: number) =>
      new Promise<void>((resolve) => {
        wanted = count;
        enough = resolve;
        if (said.length >= count) resolve();
      }),
    [Symbol.dispose]: () => thread.terminate(),
  };
}

Deno.test("Messages of all sizes come in order, both ways", async () => {
  using thread = echo();
  const { channel, said } = thread;
  const count = 20_000;
  let number = 0;
  while (number < count) {
    // Bursts, so that the other side is now asleep and now behind.
    for (let burst = 1 + (number * 7919) % 50; burst > 0 && number < count; burst--) {
      // Some too large for shared memory, and many small ones that fill it.
      const size = number % 97 === 0 ? 100_000 : (number * 31) % 5000;
      channel.send({ number, bytes: new Uint8Array(size).fill(number) });
      number++;
    }
    await thread.hears(number - 20);
  }
  await thread.hears(count);
  assertEquals(said.findIndex(({ number }, i) => number !== i), -1);
  const wrong = said.find(({ number, bytes }) =>
    bytes.length !== (number % 97 === 0 ? 100_000 : (number * 31) % 5000) ||
    bytes.some((byte) => byte !== number % 256)
  );
  assertEquals(wrong, undefined);
});

Deno.test("A thread that sleeps is woken by every message", async () => {
  using thread = echo();
  for (let number = 0; number < 20_000; number++) {
    thread.channel.send({ number, bytes: new Uint8Array() });
    await thread.hears(number + 1);
  }
  assertEquals(thread.said.length, 20_000);
});

Deno.test("What is small is not posted, and what is large moves without a copy", () => {
  const posted: ArrayBuffer[][] = [];
  const port = {
    postMessage: (_: unknown, transfer: ArrayBuffer[]) => void posted.push(transfer),
  };
  const memory = channelMemory();
  const loop = new Channel<Message, Message>(port, memory, "loop", () => {});
  const said: number[] = [];
  const take = ({ number }: Message) => void said.push(number);
  const thread = new Channel<Message, Message>(port, memory, "thread", take);
  for (let number = 0; number < 1000; number++) {
    loop.send({ number, bytes: new Uint8Array(8) });
    thread.poll();
  }
  assertEquals([posted.length, said.length], [0, 1000]);
  const bytes = new Uint8Array(1 << 20);
  loop.send({ number: 1000, bytes });
  assertEquals(posted, [[bytes.buffer]]);
});

Deno.test("A ring takes what there is room for, and gives it back as it was", () => {
  const memory = new SharedArrayBuffer(Ring.SIZE);
  // The count of bytes comes round meanwhile.
  new Int32Array(memory, 0, 2).fill(2 ** 31 - 10_000_000);
  const writer = new Ring(memory);
  const reader = new Ring(memory);
  const record = [
    Uint8Array.of(1, 2, 3),
    new Uint8Array(9999).fill(4),
    Uint8Array.of(),
  ];
  let read = 0;
  // Round and round, so that a record lies across the end in every way.
  for (let written = 0; written < 10_000; written++) {
    while (!writer.write(record)) {
      assertEquals(reader.read()!.map(({ length }) => length), [3, 9999, 0]);
      read++;
    }
  }
  for (let left; (left = reader.read()); read++) {
    assert(left[0]!.every((byte, i) => byte === i + 1));
    assert(left[1]!.every((byte) => byte === 4));
  }
  assertEquals(read, 10_000);
  assertEquals(writer.write([new Uint8Array(Ring.SIZE)]), false);
});
