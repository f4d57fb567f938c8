/**
 * Some of the workers of `many_workers.ts`, in one process: DEALER sockets that speak the
 * protocol and run nothing. Lines of JSON come in, each a run file and the names of more
 * workers; the name of each worker that has left goes out, and at the end what they saw.
 */

import { decodeHostMessage, typeOf } from "../src/protocol/codec.ts";
import { Link, LOCAL_FLOW, NETWORK_FLOW } from "../src/protocol/link.ts";
import { serializeList } from "../src/protocol/lists.ts";
import {
  type AssignedChunk,
  type HostMessage,
  UNSEQUENCED,
  type WorkerMessage,
} from "../src/protocol/messages.ts";
import { parseRunFile, type RunFile } from "../src/protocol/run_file.ts";
import { openLibzmq } from "../src/zeromq/libzmq.ts";
import { ZmqContext, type ZmqSocket } from "../src/zeromq/socket.ts";
import { lines } from "./lines.ts";
import { add, type Seen } from "./many_workers_seen.ts";

const HEARTBEAT = 1000;
/** How long a chunk takes by the word of a worker that answers at once, in ms. */
const CLAIMED = 10;

/** How long a chunk takes, in milliseconds; 0 to answer at once. */
const pause = Number(Deno.args[0]);
const seen: Seen = { buckets: [], perWorker: [] };
let context: ZmqContext | undefined;
let here = 0;

/** A worker that runs nothing. */
class Fake {
  readonly #name: string;
  readonly #incarnation = crypto.randomUUID();
  readonly #link: Link;
  readonly #socket: ZmqSocket;
  readonly #chunks: AssignedChunk[] = [];
  #welcomed = false;
  #busy = false;
  #done = 0;
  /** When results were sent that nothing has come for yet. */
  #asked: number | undefined;

  constructor(
    context: ZmqContext,
    { endpoints: [endpoint], curve }: RunFile,
    name: string,
  ) {
    this.#name = name;
    const flow = curve ? NETWORK_FLOW : LOCAL_FLOW;
    this.#link = new Link(flow, () => performance.now());
    this.#socket = context.socket("DEALER", {
      routingId: new TextEncoder().encode(name),
      sendHighWaterMark: 0,
      receiveHighWaterMark: 0,
      linger: 1000,
      ...(curve && {
        curveServerKey: curve.serverKey,
        curvePublicKey: curve.publicKey,
        curveSecretKey: curve.secretKey,
      }),
    });
    this.#socket.connect(endpoint!);
  }

  async work(): Promise<void> {
    this.#hello();
    const beating = setInterval(() => {
      if (this.#welcomed) this.#say({ type: "heartbeat" });
      else this.#hello();
    }, HEARTBEAT);
    for await (const frames of this.#socket) {
      if (!this.#welcomed && typeOf(frames) !== "welcome") continue;
      const arrived = this.#link.receive(frames);
      if (typeof arrived === "string") continue;
      const message = decodeHostMessage(arrived);
      if (message.type === "leave") break;
      this.#obey(message);
    }
    clearInterval(beating);
    await this.#socket.close();
    seen.perWorker.push(this.#done);
    console.log(this.#name);
    if (--here === 0) console.log(JSON.stringify(seen));
  }

  #obey(message: HostMessage): void {
    if (message.type === "welcome") {
      this.#welcomed = true;
      for (const frames of this.#link.resend(message.received)) {
        this.#socket.send(frames);
      }
    } else if (message.type === "assign") {
      if (this.#asked !== undefined) add(seen, performance.now() - this.#asked);
      this.#asked = undefined;
      this.#chunks.push(...message.chunks);
      if (!this.#busy) this.#next();
    }
  }

  #next(): void {
    for (let chunk; (chunk = this.#chunks.shift());) {
      if (pause === 0) {
        this.#report(chunk, CLAIMED);
      } else {
        this.#busy = true;
        setTimeout(() => {
          this.#busy = false;
          this.#report(chunk, pause);
          this.#next();
        }, pause);
        return;
      }
    }
  }

  #report({ chunk, count }: AssignedChunk, elapsed: number): void {
    const list = serializeList(new Float64Array(count));
    const segments = [{ chunk, from: 0, count }];
    this.#say({ type: "results", segments, elapsed, list });
    this.#asked ??= performance.now();
    this.#done += count;
  }

  #hello(): void {
    const hello = {
      worker: this.#name,
      pid: Deno.pid,
      host: "simulated",
      incarnation: this.#incarnation,
      received: this.#link.received,
    };
    this.#say({ type: "hello", hello });
  }

  #say(message: WorkerMessage): void {
    const all = this.#link.send(message);
    // What is sequenced is kept, and sent on the welcome.
    if (!this.#welcomed && !UNSEQUENCED.has(message.type)) return;
    for (const frames of all) this.#socket.send(frames);
  }
}

for await (const line of lines(Deno.stdin.readable)) {
  const { runFile, workers }: { runFile: string; workers: string[] } = JSON.parse(line);
  const run = parseRunFile(Deno.readTextFileSync(runFile));
  context ??= new ZmqContext(openLibzmq(run.libzmq));
  for (const worker of workers) void new Fake(context, run, worker).work();
  here += workers.length;
}
