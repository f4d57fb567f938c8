import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertThrows,
} from "../fixtures/assert.ts";
import { Buffer } from "node:buffer";
import { ZeromqError } from "../../src/errors.ts";
import { type Frames, ZmqContext, type ZmqSocket } from "../../src/zeromq/socket.ts";
import { ask, test, zmqWith } from "./_tools.ts";
import { bytes, next, texts, zmq } from "../fixtures/libzmq.ts";
import { seeded } from "../fixtures/seeded.ts";
import { TempDirectory } from "../fixtures/tools.ts";

const TRANSPORTS = ["inproc", "ipc", "tcp"];

/** Binds a socket by this transport, out of others' way. */
function bind(socket: ZmqSocket, transport: string, directory: TempDirectory): string {
  if (transport === "inproc") return socket.bind("inproc://a");
  if (transport === "ipc") return socket.bind(`ipc://${directory.path}/a`);
  return socket.bind("tcp://127.0.0.1:*");
}

/** Whether two frames hold the same bytes; quicker than an assertion on millions. */
function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

for (const transport of TRANSPORTS) {
  test(`ROUTER and DEALER keep order and frames over ${transport}`, async (context) => {
    using directory = new TempDirectory();
    const router = context.socket("ROUTER");
    const identity = new Uint8Array([1, 0, 255, 10, 13, 128]);
    const dealer = context.socket("DEALER", { routingId: identity });
    const endpoint = bind(router, transport, directory);
    assertMatch(endpoint, /^inproc:\/\/a$|^ipc:\/\/.*\/a$|^tcp:\/\/127\.0\.0\.1:\d+$/);
    dealer.connect(endpoint);

    const random = seeded(1);
    const frame = () =>
      new Uint8Array(random(3) === 0 ? 0 : random(300)).fill(random(256));
    const sent: Frames[] = Array.from({ length: 2000 }, (_, i) => [
      ...Array.from({ length: random(3) }, frame),
      bytes(`${i}`),
      ...Array.from({ length: random(3) }, frame),
    ]);
    for (const message of sent) dealer.send(message);
    for (const message of sent) {
      const [from, ...received] = await next(router);
      assert(same(from!, identity));
      assertEquals(texts(received), texts(message));
      router.send([from!, ...received]);
    }
    for (const message of sent) {
      const received = await next(dealer);
      assert(received.length === message.length);
      assert(received.every((frame, i) => same(frame, message[i]!)));
    }
  });

  test(`A frame of 5 MB and empty frames come intact over ${transport}`, async (context) => {
    using directory = new TempDirectory();
    const router = context.socket("ROUTER");
    const dealer = context.socket("DEALER");
    dealer.connect(bind(router, transport, directory));
    const random = seeded(2);
    const large = Uint8Array.from({ length: 5_000_000 }, () => random(256));
    const message = [bytes(""), large, bytes(""), bytes("end"), bytes("")];
    dealer.send(message);
    router.send(await next(router));
    const received = await next(dealer);
    assertEquals(received.map((frame) => frame.length), [0, 5_000_000, 0, 3, 0]);
    assert(received.every((frame, i) => same(frame, message[i]!)));
  });

  test(`ZmqSocket.connect() may come before bind() over ${transport}`, async (context) => {
    using directory = new TempDirectory();
    // Found in a context of its own, since only its end frees the endpoint for certain.
    const finder = new ZmqContext(zmq);
    const endpoint = bind(finder.socket("ROUTER"), transport, directory);
    await finder.close();
    const dealer = context.socket("DEALER");
    dealer.connect(endpoint);
    dealer.send([bytes("early")]);
    const router = context.socket("ROUTER");
    router.bind(endpoint);
    assertEquals(texts(await next(router))[1], "early");
  });
}

test("ZmqSocket.bind() takes an ipc endpoint whose file was left behind", async (context) => {
  using directory = new TempDirectory();
  const endpoint = `ipc://${directory.path}/a`;
  const former = new ZmqContext(zmq);
  former.socket("ROUTER").bind(endpoint);
  await former.close();
  const [router, dealer] = [context.socket("ROUTER"), context.socket("DEALER")];
  dealer.connect(router.bind(endpoint));
  dealer.send([bytes("hello")]);
  assertEquals(texts(await next(router))[1], "hello");
});

test("ROUTER drops what is sent to nobody and goes on", async (context) => {
  const router = context.socket("ROUTER");
  const dealer = context.socket("DEALER", { routingId: bytes("known") });
  dealer.connect(router.bind("inproc://a"));
  dealer.send([bytes("hello")]);
  assertEquals(texts(await next(router)), ["known", "hello"]);
  router.send([bytes("stranger"), bytes("lost")]);
  router.send([bytes("known"), bytes("found")]);
  assertEquals(texts(await next(dealer)), ["found"]);
  assertEquals(router.queued, 0);
});

test("A failed call carries the name of errno and what failed", (context) => {
  const endpoint = context.socket("ROUTER").bind("tcp://127.0.0.1:*");
  const socket = context.socket("DEALER");
  const cases: [string, string, () => unknown][] = [
    ["EADDRINUSE", endpoint, () => socket.bind(endpoint)],
    ["EINVAL", "nonsense", () => socket.bind("nonsense")],
    ["EINVAL", "nonsense", () => socket.connect("nonsense")],
    ["EINVAL", "tcp://127.0.0.1", () => socket.connect("tcp://127.0.0.1")],
    ["EPROTONOSUPPORT", "carrier://x", () => socket.connect("carrier://x")],
    ["ENODEV", "tcp://nodevice0:*", () => socket.bind("tcp://nodevice0:*")],
    ["ENAMETOOLONG", "ipc:///", () => socket.bind(`ipc:///${"x".repeat(200)}`)],
    [
      "EINVAL",
      "curveSecretKey",
      () => context.socket("ROUTER", { curveServer: 1, curveSecretKey: "short" }),
    ],
    [
      "EINVAL",
      "routingId",
      () => context.socket("DEALER", { routingId: new Uint8Array(256) }),
    ],
  ];
  for (const [code, what, call] of cases) {
    const error = assertThrows(call, ZeromqError, what);
    assertEquals(error.code, code, error.message);
    assertMatch(error.message, new RegExp(`\\(${code}\\)$`));
  }
});

test("ZmqContext.socket() leaves nothing behind when an option is refused", async () => {
  const context = new ZmqContext(zmq);
  for (let i = 0; i < 100; i++) {
    assertThrows(
      () => context.socket("ROUTER", { receiveHighWaterMark: -1 }),
      ZeromqError,
    );
  }
  await context.close(); // libzmq would wait here for a socket that was left open.
});

test("ZmqSocket.bind() and connect() work while receive() waits", async (context) => {
  const socket = context.socket("DEALER");
  socket.bind("inproc://a");
  for (
    const [i, meet] of [
      (peer: ZmqSocket) => peer.connect(socket.bind("inproc://b")),
      (peer: ZmqSocket) => socket.connect(peer.bind("inproc://c")),
    ].entries()
  ) {
    const waiting = next(socket);
    const peer = context.socket("DEALER");
    meet(peer);
    peer.send([bytes(`${i}`)]);
    assertEquals(texts(await waiting), [`${i}`]);
  }
});

test("ZmqSocket.receive() twice at once is refused, and the first goes on", async (context) => {
  const router = context.socket("ROUTER");
  const dealer = context.socket("DEALER");
  dealer.connect(router.bind("inproc://a"));
  const first = router.receive();
  const error = await assertRejects(() => router.receive(), ZeromqError);
  assertEquals(error.code, "EFSM");
  dealer.send([bytes("one")]);
  assertEquals(texts(await first)[1], "one");
  dealer.send([bytes("two")]);
  assertEquals(texts(await next(router))[1], "two");
});

test("ZmqSocket.send() is delivered while the same socket waits", async (context) => {
  for (const transport of TRANSPORTS) {
    using directory = new TempDirectory();
    const [a, b] = [context.socket("DEALER"), context.socket("DEALER")];
    b.connect(bind(a, transport, directory));
    const [atA, atB] = [a.receive(), b.receive()];
    a.send([bytes("from a")]);
    assertEquals(texts(await atB), ["from a"]);
    b.send([bytes("from b")]);
    assertEquals(texts(await atA), ["from b"]);
    await Promise.all([a.close(), b.close()]);
  }
});

test("ZmqSocket.send() just before close() is still delivered with linger", async (context) => {
  const router = context.socket("ROUTER");
  const endpoint = router.bind("tcp://127.0.0.1:*");
  const dealer = context.socket("DEALER", { linger: -1 });
  dealer.connect(endpoint);
  assertEquals((await Promise.all([ask(dealer, "hi"), echoOnce(router)]))[0], ["hi"]);
  const waiting = dealer.receive();
  dealer.send([bytes("last words")]);
  await dealer.close();
  assertEquals(await waiting, undefined);
  assertEquals(texts(await next(router))[1], "last words");
});

test("ZmqSocket.close() ends a wait with undefined, and all later calls", async (context) => {
  const socket = context.socket("DEALER");
  socket.bind("inproc://a");
  const waiting = socket.receive();
  const closing = socket.close();
  assert(socket.close() === closing);
  await closing;
  assertEquals(await waiting, undefined);
  assertEquals(await socket.receive(), undefined);
  for await (const _ of socket) throw new Error("A message after close()");
  const calls = [
    () => socket.send([bytes("x")]),
    () => socket.bind("inproc://b"),
    () => socket.connect("inproc://b"),
  ];
  for (const call of calls) {
    assertEquals(assertThrows(call, ZeromqError).code, "ENOTSOCK");
  }
});

test("ZmqSocket iterates over its messages until it is closed", async (context) => {
  const [a, b] = [context.socket("PAIR"), context.socket("PAIR")];
  b.connect(a.bind("inproc://a"));
  for (let i = 0; i < 10; i++) a.send([bytes(`${i}`)]);
  const seen: string[] = [];
  for await (const [frame] of b) {
    seen.push(...texts([frame!]));
    if (seen.length === 5) break;
  }
  for await (const [frame] of b) {
    seen.push(...texts([frame!]));
    if (seen.length === 10) void b.close();
  }
  assertEquals(seen.join(""), "0123456789");
});

test("ZmqSocket.receive() lets timers run amid a stream of messages", async (context) => {
  const a = context.socket("PAIR", { sendHighWaterMark: 0 });
  const b = context.socket("PAIR", { receiveHighWaterMark: 0 });
  b.connect(a.bind("inproc://a"));
  for (let i = 0; i < 500; i++) a.send([bytes("x")]);
  let fired = false;
  setTimeout(() => fired = true, 0);
  // There is always a message at hand, so the loop itself never has to wait.
  for (let count = 0; !fired && count < 1_000_000; count++) a.send(await next(b));
  assert(fired);
});

test("ZmqSocket waits without work: an idle socket polls once", async () => {
  let polls = 0;
  const counting = zmqWith({
    poll(...args: Parameters<typeof zmq.poll>) {
      polls++;
      return zmq.poll(...args);
    },
  });
  await using context = new ZmqContext(counting);
  const [a, b] = [context.socket("PAIR"), context.socket("PAIR")];
  b.connect(a.bind("inproc://a"));
  for (let i = 0; i < 3; i++) {
    const waiting = [a.receive(), b.receive()];
    a.send([bytes("x")]);
    b.send([bytes("x")]);
    await Promise.all(waiting);
  }
  const waiting = [a.receive(), b.receive()];
  const turns = async (count: number) => {
    for (let turn = 0; turn < count; turn++) await Deno.lstat("/");
  };
  await turns(1000);
  const before = polls;
  await turns(1000);
  assertEquals(polls, before);
  await Promise.all([a.close(), b.close(), ...waiting]);
});

/** Sends one message back. */
async function echoOnce(socket: ZmqSocket): Promise<void> {
  socket.send(await next(socket));
}
