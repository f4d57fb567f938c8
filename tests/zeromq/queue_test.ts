import { assert, assertEquals, assertThrows } from "../fixtures/assert.ts";
import { ZeromqError } from "../../src/errors.ts";
import {
  type SocketOptions,
  ZmqContext,
  type ZmqSocket,
} from "../../src/zeromq/socket.ts";
import { ask, test, zmqWith } from "./_tools.ts";
import { bytes, next, texts, zmq } from "../fixtures/libzmq.ts";

/** libzmq holds next to nothing, so the sockets' own queues are put to use. */
const NARROW: SocketOptions = { sendHighWaterMark: 1, receiveHighWaterMark: 1 };

/** Whether the messages 0 … count - 1 come next, in this order. */
async function expectInOrder(socket: ZmqSocket, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const [number, ...rest] = texts((await next(socket)).slice(-3));
    assertEquals([number, ...rest.map((text) => text.length)], [
      `${i}`,
      0,
      rest[1]!.length,
    ]);
  }
}

/** Sends the messages 0 … count - 1, each with an empty frame and one of this size. */
function sendAll(socket: ZmqSocket, count: number, size = 1): void {
  const payload = new Uint8Array(size).fill(120);
  for (let i = 0; i < count; i++) socket.send([bytes(`${i}`), bytes(""), payload]);
}

for (const endpoint of ["inproc://a", "tcp://127.0.0.1:*"]) {
  const transport = endpoint.slice(0, endpoint.indexOf(":"));
  // TCP itself buffers megabytes, so there a message must be large to block.
  const size = transport === "tcp" ? 500_000 : 1;

  test(`ZmqSocket.send() queues while libzmq would block and sends in order later over ${transport}`, async (context) => {
    const router = context.socket("ROUTER", NARROW);
    const dealer = context.socket("DEALER", NARROW);
    dealer.connect(router.bind(endpoint));
    sendAll(dealer, 100, size);
    assert(dealer.queued > 0);
    await expectInOrder(router, 100);
    assertEquals(dealer.queued, 0);
    // The narrow socket is as good as before.
    sendAll(dealer, 100, size);
    await expectInOrder(router, 100);
    assertEquals(dealer.queued, 0);
  });

  test(`ZmqSocket.send() queues in both directions at once over ${transport}`, async (context) => {
    // When both are full, each must read for the other to go on.
    const a = context.socket("DEALER", NARROW);
    const b = context.socket("DEALER", NARROW);
    b.connect(a.bind(endpoint));
    sendAll(a, 100, size);
    sendAll(b, 100, size);
    assert(a.queued > 0 && b.queued > 0);
    await Promise.all([expectInOrder(a, 100), expectInOrder(b, 100)]);
    assertEquals([a.queued, b.queued], [0, 0]);
  });
}

test("ZmqSocket.receive() brings messages while the socket's own queue is stuck", async (context) => {
  const a = context.socket("DEALER", NARROW);
  const b = context.socket("DEALER", NARROW);
  b.connect(a.bind("inproc://a"));
  sendAll(a, 20); // Nobody reads these before the end.
  const stuck = a.queued;
  assert(stuck > 0);
  for (let i = 0; i < 20; i++) {
    b.send([bytes(`from b ${i}`)]);
    assertEquals(texts(await next(a)), [`from b ${i}`]);
  }
  assertEquals(a.queued, stuck);
  await expectInOrder(b, 20);
  assertEquals(a.queued, 0);
});

test("ZmqSocket.send() delivers though nobody calls receive()", async (context) => {
  const router = context.socket("ROUTER");
  const dealer = context.socket("DEALER", NARROW);
  // Nobody listens yet, so all but the first wait here.
  dealer.connect("inproc://later");
  sendAll(dealer, 50);
  assert(dealer.queued >= 48);
  router.bind("inproc://later");
  await expectInOrder(router, 50);
  assertEquals(dealer.queued, 0);
});

test("ZmqSocket.send() never blocks a DEALER that has no peer", async (context) => {
  const dealer = context.socket("DEALER");
  dealer.bind("inproc://a");
  sendAll(dealer, 10_000);
  assertEquals(dealer.queued, 10_000);
  const peer = context.socket("DEALER");
  peer.connect("inproc://a");
  await expectInOrder(peer, 10_000);
  assertEquals(dealer.queued, 0);
});

test("ZmqSocket.close() ends the wait of a queue that nobody reads", async (context) => {
  const dealer = context.socket("DEALER", NARROW);
  dealer.bind("inproc://a");
  sendAll(dealer, 10);
  const waiting = dealer.receive();
  await dealer.close();
  assertEquals(await waiting, undefined);
});

test("ZmqSocket.send() keeps a message whole when its peer leaves amid it", async () => {
  let refusals = 0;
  const counting = zmqWith({
    zmq_send(...args: Parameters<typeof zmq.zmq_send>) {
      const result = zmq.zmq_send(...args);
      if (result < 0) refusals++;
      return result;
    },
  });
  await using context = new ZmqContext(counting);
  const dealer = context.socket("DEALER");
  dealer.bind("inproc://a");
  const message = Array.from({ length: 50 }, (_, i) => bytes(`${i}`));
  for (let round = 0; round < 100; round++) {
    const peer = context.socket("DEALER");
    peer.connect("inproc://a");
    dealer.send(message);
    // From the second round on, this is the message that the one before stopped at.
    assertEquals(texts(await next(peer)), texts(message));
    const closing = peer.close();
    refusals = 0;
    // The peer's end is noticed at some frame, and by then libzmq would block.
    while (dealer.queued === 0) {
      dealer.send(message);
      await Promise.resolve();
    }
    // Refused at whichever frame, the message was kept at once.
    assertEquals(refusals, 1);
    await closing;
  }
});

test("ZmqSocket.send() of a refused message does not hold up those behind it", async (context) => {
  const server = context.socket("REP");
  const client = context.socket("DEALER");
  client.connect(server.bind("inproc://a"));
  const refused = () => server.send([bytes("an answer to no question")]);
  assertEquals(assertThrows(refused, ZeromqError).code, "EFSM");
  assertEquals(server.queued, 0);
  const answering = server.receive().then((question) => server.send(question!));
  // A DEALER speaks to a REP with an empty frame in front.
  assertEquals(await ask(client, "", "question"), ["", "question"]);
  await answering;
});
