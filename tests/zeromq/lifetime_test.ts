import { assert, assertEquals, assertThrows } from "../fixtures/assert.ts";
import { ZeromqError } from "../../src/errors.ts";
import { ZmqContext } from "../../src/zeromq/socket.ts";
import { ZapHandler } from "../../src/zeromq/zap.ts";
import { curveKeys } from "../../src/zeromq/libzmq.ts";
import { bytes, libzmqPath, next, texts, zmq } from "../fixtures/libzmq.ts";
import { started, test } from "./_tools.ts";
import { hasProc } from "../fixtures/processes.ts";

const ENDPOINT = "tcp://127.0.0.1:*";

for (const [before, during] of [["unref", "nothing"], ["nothing", "unref"]]) {
  test(`ZmqSocket.unref(): a program that only waits ends (${before}, ${during})`, async (context) => {
    const router = context.socket("ROUTER");
    const args = [libzmqPath, router.bind(ENDPOINT), before!, during!];
    await using child = started("_alive.ts", args);
    assertEquals((await child.status).code, 0);
    await child.line().then(
      (line) => Promise.reject(new Error(`It went on, and said "${line}"`)),
      () => {},
    );
  });
}

for (const [before, during] of [["nothing", "nothing"], ["unref", "ref"]]) {
  test(`ZmqSocket.ref(): a program that only waits goes on (${before}, ${during})`, async (context) => {
    const router = context.socket("ROUTER");
    const args = [libzmqPath, router.bind(ENDPOINT), before!, during!];
    await using child = started("_alive.ts", args);
    const [identity, waiting] = await next(router);
    assertEquals(texts([waiting!]), ["waiting"]);
    // By now the child has nothing but its wait to live for.
    router.send([identity!, bytes("a question")]);
    assertEquals(await child.line(), "answered");
    assertEquals((await child.status).code, 0);
  });
}

test("ZmqContext.close() comes to its end though the wait was unref'd", async (context) => {
  const router = context.socket("ROUTER");
  const args = [libzmqPath, router.bind(ENDPOINT), "unref", "close"];
  await using child = started("_alive.ts", args);
  assertEquals(await child.line(), "closed");
  assertEquals((await child.status).code, 0);
});

test("ZmqContext.close() closes every socket and frees the endpoints", async (context) => {
  const former = new ZmqContext(zmq);
  const sockets = [
    former.socket("ROUTER"),
    former.socket("DEALER"),
    former.socket("REP"),
  ];
  const endpoints = sockets.map((socket) => socket.bind(ENDPOINT));
  const waiting = sockets.map((socket) => socket.receive());
  const closing = former.close();
  assertEquals(former.close(), closing);
  await closing;
  assertEquals(await Promise.all(waiting), [undefined, undefined, undefined]);
  for (const socket of sockets) {
    const error = assertThrows(() => socket.send([bytes("x")]), ZeromqError);
    assertEquals(error.code, "ENOTSOCK");
  }
  assertEquals(assertThrows(() => former.socket("PAIR"), ZeromqError).code, "ETERM");
  for (const endpoint of endpoints) {
    assertEquals(context.socket("ROUTER").bind(endpoint), endpoint);
  }
});

test("ZmqContext.close() waits until what lingers is sent", async (context) => {
  const router = context.socket("ROUTER");
  const endpoint = router.bind(ENDPOINT);
  const sender = new ZmqContext(zmq);
  const dealer = sender.socket("DEALER", { linger: -1 });
  dealer.connect(endpoint);
  for (let i = 0; i < 100; i++) dealer.send([bytes(`${i}`)]);
  await sender.close();
  for (let i = 0; i < 100; i++) assertEquals(texts(await next(router))[1], `${i}`);
});

test("ZmqContext.close() does not wait for a peer that is not there", async () => {
  const context = new ZmqContext(zmq);
  const dealer = context.socket("DEALER");
  dealer.connect("tcp://127.0.0.1:1");
  for (let i = 0; i < 2000; i++) dealer.send([bytes("for nobody")]);
  await context.close();
});

test("await using closes contexts, sockets and handlers", async () => {
  const keys = curveKeys(zmq);
  let waiting;
  {
    await using context = new ZmqContext(zmq);
    await using _handler = new ZapHandler(zmq, context, keys.publicKey);
    await using socket = context.socket("DEALER");
    socket.bind("inproc://a");
    waiting = socket.receive();
  }
  assertEquals(await waiting, undefined);
});

test("ZmqContext.close() leaves no thread and no open file", async () => {
  await using child = started("_cycles.ts", [libzmqPath, "50"]);
  const { during, first, last } = JSON.parse(await child.line());
  assertEquals([during.threads, first.threads, last.threads], [2, 0, 0]);
  // Deno opens a few of its own when it likes; one left by each context would be 49.
  assert(last.files - first.files < 10, `${first.files} and then ${last.files} files`);
  assert(during.files > first.files);
}, { ignore: !hasProc });

test("ZmqSocket.receive() may wait on a hundred sockets, and files can be read", async (context) => {
  const pairs = Array.from({ length: 50 }, (_, i) => {
    const [a, b] = [context.socket("PAIR"), context.socket("PAIR")];
    b.connect(a.bind(`inproc://pair-${i}`));
    return [a, b] as const;
  });
  const waiting = pairs.flatMap((pair) => pair.map((socket) => socket.receive()));
  // Every wait for a thread of Deno's pool would now be for ever.
  await Deno.readTextFile(new URL(import.meta.url));
  for (const pair of pairs) for (const socket of pair) socket.send([bytes("x")]);
  assertEquals((await Promise.all(waiting)).map((message) => texts(message)[0]), [
    ...Array(100).fill("x"),
  ]);
});
