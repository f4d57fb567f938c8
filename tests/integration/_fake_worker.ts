/**
 * A worker that the test plays itself: it knows the run's keys, and can say anything.
 *
 * @module
 */

import {
  ProcessScheduler,
  type Scheduler,
  type WorkerListener,
  type WorkerSpec,
} from "../../mod.ts";
import { decodeHostMessage } from "../../src/protocol/codec.ts";
import { Link, LOCAL_FLOW, NETWORK_FLOW } from "../../src/protocol/link.ts";
import type { HostMessage, WorkerMessage } from "../../src/protocol/messages.ts";
import { parseRunFile } from "../../src/protocol/run_file.ts";
import { ZmqContext, type ZmqSocket } from "../../src/zeromq/socket.ts";
import { bytes, next, zmq } from "../fixtures/libzmq.ts";

/** One process at a time, the first of which is not started: the test takes its place. */
export class FakeScheduler implements Scheduler {
  readonly name = "fake";
  readonly workers = 1;
  readonly transport: "local" | "network";
  readonly #real: ProcessScheduler;
  readonly #vacant = Promise.withResolvers<FakeWorker>();
  readonly #stopped = Promise.withResolvers<void>();
  #fake: { name: string; listener: WorkerListener } | undefined;
  #taken = false;

  constructor(transport: "local" | "network") {
    this.transport = transport;
    this.#real = new ProcessScheduler({ workers: 1, transport });
  }

  /** The test's own worker, which has said nothing yet. */
  get fake(): Promise<FakeWorker> {
    return this.#vacant.promise;
  }

  /** Resolves when the dispatcher has the test's worker ended. */
  get stopped(): Promise<void> {
    return this.#stopped.promise;
  }

  start(spec: WorkerSpec, workers: string[], listener: WorkerListener): void {
    if (this.#taken) return this.#real.start(spec, workers, listener);
    this.#taken = true;
    const name = workers[0]!;
    this.#fake = { name, listener };
    this.#vacant.resolve(new FakeWorker(spec.runFile, name));
    queueMicrotask(() => listener.started(name));
  }

  stop(worker: string): void {
    if (worker !== this.#fake?.name) return this.#real.stop(worker);
    const { name, listener } = this.#fake;
    this.#fake = undefined;
    this.#stopped.resolve();
    queueMicrotask(() => {
      listener.ended(name, { cause: "deleted", detail: "the test ended it" });
    });
  }

  join(): Promise<void> {
    return this.#real.join();
  }

  killall(): Promise<void> {
    return this.#real.killall();
  }

  close(): Promise<void> {
    return this.#real.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** The test's end of the wire. */
export class FakeWorker implements AsyncDisposable {
  /** The name that the host gave to it. */
  readonly name: string;
  readonly #incarnation: string;
  readonly #link: Link;
  readonly #context = new ZmqContext(zmq);
  readonly #socket: ZmqSocket;

  /**
   * @param runFile The path of the run file, which has the keys.
   * @param name Who it says it is.
   * @param incarnation Which of its processes it says it is.
   */
  constructor(runFile: string, name: string, incarnation: string = "fake") {
    this.name = name;
    this.#incarnation = incarnation;
    const { endpoints: [endpoint], curve } = parseRunFile(
      Deno.readTextFileSync(runFile),
    );
    const flow = curve ? NETWORK_FLOW : LOCAL_FLOW;
    this.#link = new Link(flow, () => performance.now());
    this.#socket = this.#context.socket("DEALER", {
      routingId: bytes(name),
      linger: 1000,
      ...(curve && {
        curveServerKey: curve.serverKey,
        curvePublicKey: curve.publicKey,
        curveSecretKey: curve.secretKey,
      }),
    });
    this.#socket.connect(endpoint!);
  }

  /** Says who it is. */
  hello(worker: string = this.name): void {
    const { received } = this.#link;
    const incarnation = this.#incarnation;
    const hello = { worker, pid: 1, host: "there", incarnation, received };
    this.say({ type: "hello", hello });
  }

  /** Says what a worker says. */
  say(message: WorkerMessage): void {
    for (const frames of this.#link.send(message)) this.send(frames);
  }

  /** Sends anything at all. */
  send(frames: Uint8Array[]): void {
    this.#socket.send(frames);
  }

  /** The next message of some types; the others are passed over. */
  async hear<T extends HostMessage["type"]>(
    ...types: T[]
  ): Promise<Extract<HostMessage, { type: T }>> {
    for (;;) {
      const frames = this.#link.receive(await next(this.#socket));
      if (typeof frames === "string") continue;
      const message = decodeHostMessage(frames);
      if (!types.includes(message.type as T)) continue;
      return message as Extract<HostMessage, { type: T }>;
    }
  }

  /** Says `hello`, and waits for its first chunk. */
  async begin(): Promise<number> {
    this.hello();
    const { chunks } = await this.hear("assign");
    return chunks[0]!.chunk;
  }

  /** Hangs up. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#context.close();
  }
}
