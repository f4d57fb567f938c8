import { assert, assertEquals, assertThrows } from "../fixtures/assert.ts";
import { ZeromqError } from "../../src/errors.ts";
import { type CurveKeys, curveKeys } from "../../src/zeromq/libzmq.ts";
import {
  type SocketOptions,
  ZmqContext,
  type ZmqSocket,
} from "../../src/zeromq/socket.ts";
import { ZapHandler } from "../../src/zeromq/zap.ts";
import { portOf, Relay } from "../fixtures/relay.ts";
import { ask, test, zmqWith } from "./_tools.ts";
import { bytes, next, texts, zmq } from "../fixtures/libzmq.ts";
import { seeded } from "../fixtures/seeded.ts";

/** A run: a guarded router on the loopback that sends everything back. */
class Run implements AsyncDisposable {
  readonly serverKeys = curveKeys(zmq);
  readonly clientKeys = curveKeys(zmq);
  /** Everything that came through to the router, without the senders. */
  readonly seen: string[] = [];
  readonly router: ZmqSocket;
  readonly endpoint: string;
  readonly handler: ZapHandler;
  readonly #clients = new ZmqContext(zmq);
  readonly #serving: Promise<void>;
  #closed = false;

  constructor(context: ZmqContext, options: SocketOptions = {}) {
    this.handler = new ZapHandler(zmq, context, this.clientKeys.publicKey);
    this.router = context.socket("ROUTER", {
      curveServer: 1,
      curveSecretKey: this.serverKeys.secretKey,
      ...options,
    });
    this.endpoint = this.router.bind("tcp://127.0.0.1:*");
    this.#serving = this.#serve();
  }

  /** A peer with the run's key or another. */
  client(
    { keys = this.clientKeys, endpoint = this.endpoint, ...options }: SocketOptions & {
      keys?: CurveKeys;
      endpoint?: string;
    } = {},
  ): ZmqSocket {
    const socket = this.#clients.socket("DEALER", {
      curvePublicKey: keys.publicKey,
      curveSecretKey: keys.secretKey,
      curveServerKey: this.serverKeys.publicKey,
      ...options,
    });
    socket.connect(endpoint);
    return socket;
  }

  /** A peer that does not know of CURVE. */
  plainClient(endpoint: string): ZmqSocket {
    const socket = this.#clients.socket("DEALER");
    socket.connect(endpoint);
    return socket;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await this.#clients.close();
    await this.handler.close();
    await this.router.close();
    await this.#serving;
  }

  async #serve(): Promise<void> {
    for await (const [from, ...message] of this.router) {
      this.seen.push(texts(message).join());
      if (!this.#closed) this.router.send([from!, ...message]);
    }
  }
}

test("ZapHandler lets in the client with the run's key", async (context) => {
  await using run = new Run(context);
  for (const client of [run.client(), run.client()]) {
    assertEquals(await ask(client, "hello"), ["hello"]);
  }
  assertEquals(run.handler.refused, 0);
});

test("ZapHandler refuses and counts a client with another key", async (context) => {
  await using run = new Run(context);
  await using relay = new Relay(run.endpoint);
  const good = run.client();
  assertEquals(await ask(good, "before"), ["before"]);
  const keys = curveKeys(zmq);
  const stranger = run.client({ keys, endpoint: relay.endpoint });
  stranger.send([bytes("let me in")]);
  await relay.ended;
  assertEquals(await ask(good, "after"), ["after"]);
  assert(run.handler.refused >= 1);
  assertEquals(run.seen, ["before", "after"]);
});

test("ZapHandler refuses who has the run's public key without its secret", async (context) => {
  await using run = new Run(context);
  await using relay = new Relay(run.endpoint);
  const { publicKey } = run.clientKeys;
  const { secretKey } = curveKeys(zmq);
  const thief = run.client({
    keys: { publicKey, secretKey },
    endpoint: relay.endpoint,
  });
  thief.send([bytes("let me in")]);
  await relay.ended;
  assertEquals(await ask(run.client(), "hello"), ["hello"]);
  assertEquals(run.seen, ["hello"]);
});

test("A CURVE client gives nothing to a server that lacks the server key", async (context) => {
  // The other way round: what a worker sends must not reach who took the host's port.
  await using run = new Run(context);
  await using relay = new Relay(run.endpoint);
  const { publicKey } = curveKeys(zmq);
  const client = run.client({ curveServerKey: publicKey, endpoint: relay.endpoint });
  client.send([bytes("secret")]);
  await relay.ended;
  assertEquals(await ask(run.client(), "hello"), ["hello"]);
  assertEquals(run.seen, ["hello"]);
});

test("A client without CURVE gets nothing through", async (context) => {
  await using run = new Run(context);
  await using relay = new Relay(run.endpoint);
  const plain = run.plainClient(relay.endpoint);
  plain.send([bytes("let me in")]);
  await relay.ended;
  assertEquals(await ask(run.client(), "hello"), ["hello"]);
  assertEquals(run.seen, ["hello"]);
});

test("A CURVE server lets nobody in once its ZapHandler is closed", async (context) => {
  await using run = new Run(context);
  const good = run.client();
  assertEquals(await ask(good, "before"), ["before"]);
  await run.handler.close();
  await using relay = new Relay(run.endpoint);
  for (const keys of [run.clientKeys, curveKeys(zmq)]) {
    const late = run.client({ keys, endpoint: relay.endpoint });
    const answer = ask(late, "let me in");
    const first = await Promise.race([answer, relay.ended.then(() => "refused")]);
    assertEquals(first, "refused");
    await late.close();
    assertEquals(await answer.catch(() => "nothing"), "nothing");
  }
  // Who is in stays in.
  assertEquals(await ask(good, "after"), ["after"]);
  assertEquals(run.seen, ["before", "after"]);
});

test("A CURVE server lets nobody in while it never had a ZapHandler", async (context) => {
  const [server, client] = [curveKeys(zmq), curveKeys(zmq)];
  const router = context.socket("ROUTER", {
    curveServer: 1,
    curveSecretKey: server.secretKey,
  });
  await using relay = new Relay(router.bind("tcp://127.0.0.1:*"));
  const dealer = context.socket("DEALER", {
    curvePublicKey: client.publicKey,
    curveSecretKey: client.secretKey,
    curveServerKey: server.publicKey,
  });
  dealer.connect(relay.endpoint);
  dealer.send([bytes("let me in")]);
  const waiting = router.receive();
  const refused = relay.ended.then(() => "refused");
  assertEquals(await Promise.race([waiting, refused]), "refused");
  await router.close();
  assertEquals(await waiting, undefined);
});

test("ZapHandler may be closed between a request and its answer", async () => {
  const keys = curveKeys(zmq);
  const complete = Promise.withResolvers<void>();
  const closing = complete.promise.then(() => context.close());
  // The first whole message in this context is the request for this client.
  const watching = zmqWith({
    zmq_msg_more(...args: Parameters<typeof zmq.zmq_msg_more>) {
      const more = zmq.zmq_msg_more(...args);
      if (more === 0) complete.resolve();
      return more;
    },
  });
  const context = new ZmqContext(watching);
  const handler = new ZapHandler(watching, context, keys.publicKey);
  const { publicKey: curveServerKey, secretKey: curveSecretKey } = curveKeys(zmq);
  const router = context.socket("ROUTER", { curveServer: 1, curveSecretKey });
  await using clients = new ZmqContext(zmq);
  const client = clients.socket("DEALER", {
    curvePublicKey: keys.publicKey,
    curveSecretKey: keys.secretKey,
    curveServerKey,
  });
  client.connect(router.bind("tcp://127.0.0.1:*"));
  await closing;
  await handler.close();
});

test("A second ZapHandler in a context is refused", (context) => {
  const { publicKey } = curveKeys(zmq);
  const first = new ZapHandler(zmq, context, publicKey);
  const second = () => new ZapHandler(zmq, context, publicKey);
  assertEquals(assertThrows(second, ZeromqError).code, "EADDRINUSE");
  return first.close();
});

test("Garbage and half-open connections to the port change nothing", async (context) => {
  await using run = new Run(context, {
    handshakeInterval: 500,
    maxMessageSize: 10_000,
  });
  const good = run.client();
  assertEquals(await ask(good, "first"), ["first"]);

  const random = seeded(7);
  const greeting = new Uint8Array(64);
  greeting.set([0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 1]);
  greeting.set(bytes("CURVE"), 12);
  const attacks = [
    new Uint8Array(), // says nothing
    greeting.subarray(0, 11), // stops amid the greeting
    greeting, // greets, and says nothing more
    bytes("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    // A command, and a message, that claim to be 2^62 bytes long.
    new Uint8Array([...greeting, 0x06, 0x40, 0, 0, 0, 0, 0, 0, 0]),
    new Uint8Array([...greeting, 0x02, 0x40, 0, 0, 0, 0, 0, 0, 0]),
    ...Array.from(
      { length: 20 },
      () => Uint8Array.from({ length: 5000 }, () => random(256)),
    ),
    ...Array.from(
      { length: 20 },
      () =>
        new Uint8Array([
          ...greeting,
          ...Array.from({ length: 200 }, () => random(256)),
        ]),
    ),
  ];
  const address = { hostname: "127.0.0.1", port: portOf(run.endpoint) };
  const hungUp = attacks.map(async (attack) => {
    using connection = await Deno.connect(address);
    try {
      await connection.write(attack);
      const buffer = new Uint8Array(1000);
      while (await connection.read(buffer) !== null);
    } catch (error) {
      assert(
        error instanceof Deno.errors.ConnectionReset ||
          error instanceof Deno.errors.BrokenPipe,
      );
    }
  });
  // Old and new clients are served while all of this is open …
  for (let i = 0; i < 20; i++) assertEquals(await ask(good, `old ${i}`), [`old ${i}`]);
  assertEquals(await ask(run.client(), "new"), ["new"]);
  // … and the server hangs up on every one of them, on the silent ones too.
  await Promise.all(hungUp);
  assertEquals(await ask(good, "last"), ["last"]);
  assertEquals(run.seen.length, 23);
  assertEquals(run.handler.refused, 0);
});

test("maxMessageSize cuts off who sends more, and nobody else", async (context) => {
  await using run = new Run(context, {
    maxMessageSize: 10_000,
    disconnectMessage: bytes("gone"),
  });
  const good = run.client();
  const bad = run.client({ hiccupMessage: bytes("cut off") });
  for (const client of [good, bad]) {
    assertEquals(await ask(client, "x".repeat(9000)), ["x".repeat(9000)]);
  }
  bad.send([bytes("x".repeat(11_000))]);
  assertEquals(texts(await next(bad)), ["cut off"]);
  assertEquals(await ask(good, "still here"), ["still here"]);
  // Its next connection is as good as any, and is a new peer to the router.
  assertEquals(await ask(bad, "sorry"), ["sorry"]);
  assertEquals(run.seen.slice(2).sort(), ["gone", "sorry", "still here"]);
});
