import { assert, assertEquals, assertNotEquals } from "../fixtures/assert.ts";
import { settings } from "../../mod.ts";
import { encode } from "../../src/protocol/codec.ts";
import { curveKeys } from "../../src/zeromq/libzmq.ts";
import { type SocketOptions, ZmqContext } from "../../src/zeromq/socket.ts";
import { portOf, Relay } from "../fixtures/relay.ts";
import { bytes, zmq } from "../fixtures/libzmq.ts";
import { seeded } from "../fixtures/seeded.ts";
import { type Ground, test } from "../fixtures/ground.ts";
import { kill } from "../fixtures/processes.ts";
import { identitiesOf, Running } from "../fixtures/running.ts";

/** Nothing has happened that the dispatcher would have noticed. */
const UNTOUCHED = { workersRequested: 2, workersLost: 0, violations: 0, refused: 0 };

async function finishUntouched(running: Running): Promise<void> {
  const { workersRequested, workersLost, violations, refused } = await running.finish();
  assertEquals({ workersRequested, workersLost, violations, refused }, UNTOUCHED);
}

/** A plain connection to the dispatcher's port. */
function connect({ dispatcher }: Running): Promise<Deno.Conn> {
  return Deno.connect({ hostname: "127.0.0.1", port: portOf(dispatcher.address!) });
}

/** Sends bytes, and waits until the other side hangs up. */
async function sendUntilEnd(running: Running, data: Uint8Array): Promise<void> {
  using connection = await connect(running);
  const buffer = new Uint8Array(65_536);
  try {
    for (let done = 0; done < data.length;) {
      done += await connection.write(data.subarray(done));
    }
    while (await connection.read(buffer) !== null);
  } catch (error) {
    // It hung up before it had read all.
    const { ConnectionReset, BrokenPipe } = Deno.errors;
    if (!(error instanceof ConnectionReset || error instanceof BrokenPipe)) throw error;
  }
}

/** The first 64 bytes of ZMTP 3.1, for a mechanism. Source: https://rfc.zeromq.org/spec/37/ */
function greeting(mechanism: string): Uint8Array<ArrayBuffer> {
  const greeting = new Uint8Array(64);
  greeting.set([0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 1]);
  greeting.set(bytes(mechanism), 12);
  return greeting;
}

/** What a worker says first. */
function hello(worker: string): Uint8Array[] {
  const hello = { worker, pid: 1, host: "there", incarnation: "x", received: 0 };
  return encode({ type: "hello", hello });
}

/**
 * A ZeroMQ peer that introduces itself as a worker of the run; resolves when the
 * dispatcher has hung up on it.
 */
async function introduce(
  ground: Ground,
  running: Running,
  options: SocketOptions,
): Promise<void> {
  await using relay = new Relay(running.dispatcher.address!);
  await using context = new ZmqContext(zmq);
  const worker = [...identitiesOf(ground).values()][0]!;
  const routingId = bytes(worker);
  const socket = context.socket("DEALER", { routingId, ...options });
  socket.connect(relay.endpoint);
  socket.send(hello(worker));
  await relay.ended;
}

/** Where the processes of this machine listen at a port, as the kernel's table has it. */
function listeningAt(port: number): string[] {
  const digits = port.toString(16).toUpperCase().padStart(4, "0");
  return ["tcp", "tcp6"]
    .flatMap((table) => Deno.readTextFileSync(`/proc/net/${table}`).split("\n"))
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => local?.endsWith(`:${digits}`) && state === "0A")
    .map(([, local]) => local!.split(":")[0]!);
}

test("A dispatcher for the network listens on all addresses, and tells them to its workers", async (ground) => {
  await using running = await Running.begin(ground);
  const port = portOf(running.dispatcher.address!);
  assertEquals(running.dispatcher.address, `tcp://0.0.0.0:${port}`);
  assertEquals(listeningAt(port), ["00000000"]);
  const own = Deno.networkInterfaces().filter(({ family }) => family === "IPv4");
  assertEquals(
    new Set(running.runFile.endpoints),
    new Set(own.map(({ address }) => `tcp://${address}:${port}`)),
  );
  await finishUntouched(running);
});

test("A dispatcher that is told an interface listens on that one only", async (ground) => {
  const { interface: usual } = settings;
  settings.interface = "127.0.0.1";
  try {
    await using running = await Running.begin(ground);
    const { address } = running.dispatcher;
    assertEquals(running.runFile.endpoints, [address]);
    // 127.0.0.1, in the byte order of the kernel's table.
    assertEquals(listeningAt(portOf(address!)), ["0100007F"]);
    await finishUntouched(running);
  } finally {
    settings.interface = usual;
  }
});

test("Garbage on the port changes nothing", async (ground) => {
  await using running = await Running.begin(ground);
  const random = seeded(1);
  const garbage = Array.from({ length: 50 }, (_, i) => {
    // Long enough to be no greeting that is still under way.
    return Uint8Array.from({ length: 100 + 50 * i }, () => random(256));
  });
  await Promise.all(garbage.map((data) => sendUntilEnd(running, data)));
  const request = bytes("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(10));
  await sendUntilEnd(running, request);
  await finishUntouched(running);
});

test("A frame of a terabyte before the handshake ends the connection", async (ground) => {
  await using running = await Running.begin(ground);
  for (const flags of [0x02, 0x06]) {
    const frame = new Uint8Array(9);
    frame[0] = flags;
    new DataView(frame.buffer).setBigUint64(1, 1n << 40n);
    for (const mechanism of ["CURVE", "NULL"]) {
      await sendUntilEnd(running, new Uint8Array([...greeting(mechanism), ...frame]));
    }
  }
  await finishUntouched(running);
});

test("A worker finds its way past hundreds of idle and half-open connections", async (ground) => {
  await using running = await Running.begin(ground);
  const connections: Deno.Conn[] = [];
  try {
    for (let i = 0; i < 300; i++) {
      const connection = await connect(running);
      connections.push(connection);
      // Some say nothing, others stop within the greeting, or after it.
      const part = greeting("CURVE").subarray(0, [0, 11, 64][i % 3]);
      if (part.length > 0) await connection.write(part);
    }
    kill(running.pid, "SIGKILL");
    assertNotEquals(await running.again(), running.pid);
    // The item goes to the other worker, or to a new one.
    const { workersLost, violations, refused } = await running.finish();
    assertEquals([workersLost, violations, refused], [1, 0, 0]);
  } finally {
    for (const connection of connections) connection.close();
  }
});

test("A peer without encryption gets nowhere", async (ground) => {
  await using running = await Running.begin(ground);
  await introduce(ground, running, {});
  await finishUntouched(running);
});

test("A peer with another key than the run's never gets past the handshake", async (ground) => {
  await using running = await Running.begin(ground);
  const { publicKey, secretKey } = curveKeys(zmq);
  await introduce(ground, running, {
    curveServerKey: running.runFile.curve!.serverKey,
    curvePublicKey: publicKey,
    curveSecretKey: secretKey,
  });
  const { refused, violations, workersLost } = await running.finish();
  assert(refused >= 1, "it is counted");
  assertEquals([violations, workersLost], [0, 0]);
});

test("A peer that only knows the run's public keys gets nowhere", async (ground) => {
  await using running = await Running.begin(ground);
  const { serverKey, publicKey } = running.runFile.curve!;
  await introduce(ground, running, {
    curveServerKey: serverKey,
    curvePublicKey: publicKey,
    curveSecretKey: curveKeys(zmq).secretKey,
  });
  await finishUntouched(running);
});
