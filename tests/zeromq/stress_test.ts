import { assert, assertEquals } from "../fixtures/assert.ts";
import type { ZmqContext, ZmqSocket } from "../../src/zeromq/socket.ts";
import { bytes, next, texts } from "../fixtures/libzmq.ts";
import { seeded } from "../fixtures/seeded.ts";
import { test } from "./_tools.ts";

function pair(context: ZmqContext, i: number): [ZmqSocket, ZmqSocket] {
  const [a, b] = [context.socket("DEALER"), context.socket("DEALER")];
  b.connect(a.bind(`inproc://pair-${i}`));
  return [a, b];
}

/**
 * Messages that are alone: the next is sent only when the last was answered, so one
 * wake-up that is lost stops everything. A lone message costs two thread hops; where
 * there are very many, several pairs go at once, so that the hops overlap.
 */
for (const [pairs, roundTrips] of [[1, 10_000], [10, 10_000]] as const) {
  const count = pairs * roundTrips;
  test(
    `ZmqSocket loses no wake-up in ${count} lone messages each way`,
    async (context) => {
      const echo = async (socket: ZmqSocket) => {
        for await (const message of socket) socket.send(message);
      };
      const pingPong = async (_: unknown, i: number) => {
        const [a, b] = pair(context, i);
        const echoing = echo(b);
        for (let k = 0; k < roundTrips; k++) {
          const text = `${i}: ${k}`;
          a.send([bytes(text)]);
          assert(texts(await next(a))[0] === text);
        }
        await b.close();
        await echoing;
      };
      await Promise.all(Array.from({ length: pairs }, pingPong));
    },
    { seconds: 300 },
  );
}

/** Resolves at a moment of the seed's choice: at once, or some turns from now. */
function moment(random: (bound: number) => number): Promise<void> {
  switch (random(6)) {
    case 0:
      return new Promise((resolve) => setTimeout(resolve, random(2)));
    case 1:
      return new Promise((resolve) => queueMicrotask(resolve));
    case 2: {
      // A turn of the event loop that no timer is behind.
      const { port1, port2 } = new MessageChannel();
      return new Promise((resolve) => {
        port1.onmessage = () => {
          port1.close();
          port2.close();
          resolve();
        };
        port2.postMessage(null);
      });
    }
    case 3: {
      let turns = random(20);
      return (async () => {
        while (turns-- > 0) await Promise.resolve();
      })();
    }
    case 4:
      // A thread of the same pool that the waits run on.
      return Deno.lstat("/").then(() => {});
    default:
      return Promise.resolve();
  }
}

for (const seed of [1, 2, 3]) {
  test(`ZmqSocket loses no wake-up of sends at random moments, seed ${seed}`, async (context) => {
    const random = seeded(seed);
    // Bursts of up to three, sent whenever the moment comes, while both sides wait.
    const answer = async (socket: ZmqSocket) => {
      for await (const message of socket) {
        void moment(random).then(() => socket.send(message));
      }
    };
    const talk = async (_: unknown, i: number) => {
      const [a, b] = pair(context, i);
      const answering = answer(b);
      for (let k = 0; k < 400; k++) {
        const burst = Array.from(
          { length: 1 + random(3) },
          (_, n) => `${i}: ${k}: ${n}`,
        );
        const sending = burst.map((text) =>
          moment(random).then(() => a.send([bytes(text)]))
        );
        const answers: string[] = [];
        while (answers.length < burst.length) answers.push(...texts(await next(a)));
        assertEquals(answers.sort(), burst);
        await Promise.all(sending);
      }
      await b.close();
      await answering;
    };
    await Promise.all(Array.from({ length: 5 }, talk));
  });
}
