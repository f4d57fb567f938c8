/**
 * Opens and closes contexts, and prints how many threads of libzmq and how many open
 * files the process has: after the first, while one is open, and after the last.
 *
 * In a process of its own, because other tests' files would be counted too.
 *
 * Arguments: libzmq, the number of contexts.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import { curveKeys, openLibzmq } from "../../src/zeromq/libzmq.ts";
import { ZmqContext } from "../../src/zeromq/socket.ts";
import { ZapHandler } from "../../src/zeromq/zap.ts";

const [library, count] = Deno.args;
const zmq = openLibzmq(library!);
const keys = curveKeys(zmq);

/** What the process holds now. libzmq's threads carry its name. */
function held(): { threads: number; files: number } {
  const threads = [...Deno.readDirSync("/proc/self/task")].filter(({ name }) =>
    Deno.readTextFileSync(`/proc/self/task/${name}/comm`).startsWith("ZMQ")
  );
  return {
    threads: threads.length,
    files: [...Deno.readDirSync("/proc/self/fd")].length,
  };
}

/** One life of everything: messages sent, messages queued, and a wait under way. */
async function cycle(): Promise<ReturnType<typeof held>> {
  const context = new ZmqContext(zmq);
  const handler = new ZapHandler(zmq, context, keys.publicKey);
  const router = context.socket("ROUTER", {
    curveServer: 1,
    curveSecretKey: keys.secretKey,
  });
  const dealer = context.socket("DEALER", {
    curvePublicKey: keys.publicKey,
    curveSecretKey: keys.secretKey,
    curveServerKey: keys.publicKey,
  });
  dealer.connect(router.bind("tcp://127.0.0.1:*"));
  dealer.send([new Uint8Array(10)]);
  router.send((await router.receive())!);
  await dealer.receive();
  const full = context.socket("PAIR", { sendHighWaterMark: 1 });
  full.bind("inproc://nobody");
  full.send([new Uint8Array(10)]);
  const waiting = [router.receive(), dealer.receive()];
  const during = held();
  await context.close();
  await Promise.all(waiting);
  await handler.close();
  return during;
}

/**
 * What is left. The kernel lists a thread for a moment after it was joined, so we look
 * again, a bounded number of times; a thread that was left behind is there for good.
 */
async function left(): Promise<ReturnType<typeof held>> {
  for (let tries = 10_000; tries > 0 && held().threads > 0; tries--) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  return held();
}

const during = await cycle();
const first = await left();
for (let i = 1; i < Number(count); i++) await cycle();
console.log(JSON.stringify({ during, first, last: await left() }));
