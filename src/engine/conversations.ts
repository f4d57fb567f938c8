/**
 * The conversations with the workers of one dispatcher: which of them have said hello, and
 * what they say.
 *
 * @module
 */

import { report } from "../common/fault.ts";
import { log } from "../common/log.ts";
import { decodeWorkerMessage, encode } from "../protocol/codec.ts";
import type { Arrival } from "../protocol/link.ts";
import type { Hello, WorkerMessage } from "../protocol/messages.ts";
import type { Frames } from "../zeromq/socket.ts";
import type { Identities } from "./identities.ts";
import { Peer } from "./peer.ts";
import { LOST, type Transport } from "./transport.ts";
import type { WorkerInfo } from "./worker_info.ts";

/** What a worker is told that was given up. */
const GIVEN_UP = "this run has given it up";

/** Is told what happens in conversations. */
export interface ConversationListener {
  /** The connection to a worker is gone. */
  disconnected(worker: string): void;
  /** A worker sent a message. */
  said(worker: string, message: WorkerMessage): void;
  /** A part of something large has come from a worker, or has arrived there. */
  moved(worker: string): void;
  /** A worker broke the protocol. */
  violated(worker: string, detail: string): void;
}

/** The conversations with the workers of one dispatcher. */
export class Conversations {
  /** Resolves when the transport is closed and all messages that had come were taken. */
  readonly ended: Promise<void>;
  readonly #transport: Transport;
  readonly #identities: Identities;
  readonly #remote: boolean;
  readonly #listener: ConversationListener;
  readonly #peers = new Map<string, Peer>();
  readonly #hellos = new Map<string, Hello>();
  /** The workers that have a connection, and what to do when it ends. */
  readonly #connected = new Map<string, () => void>();
  /** How many messages were taken. */
  messages = 0;
  /** How many messages broke the protocol. */
  violations = 0;

  /**
   * @param transport The transport to workers.
   * @param identities What they are called there.
   * @param remote Whether they may be on other machines.
   * @param listener Is told what happens.
   */
  constructor(
    transport: Transport,
    identities: Identities,
    remote: boolean,
    listener: ConversationListener,
  ) {
    this.#transport = transport;
    this.#identities = identities;
    this.#remote = remote;
    this.#listener = listener;
    this.ended = this.#receive();
  }

  /** The workers that were welcomed and have not ended. */
  get peers(): ReadonlyMap<string, Peer> {
    return this.#peers;
  }

  /** A worker that was welcomed and has not ended. */
  peer(worker: string): Peer | undefined {
    return this.#peers.get(worker);
  }

  /** What a worker said of itself; also after its end. */
  info(worker: string | undefined): WorkerInfo | undefined {
    const hello = this.#hellos.get(worker ?? "");
    return hello && { id: worker!, pid: hello.pid, host: hello.host };
  }

  /** Answers the `hello` of a worker: with `welcome`, or with why it is refused. */
  answer(worker: string, refused: string | undefined): void {
    if (refused !== undefined) return this.#refuse(worker, refused);
    const identity = new TextEncoder().encode(this.#identities.of(worker));
    const { socket } = this.#transport;
    const hello = this.#hellos.get(worker)!;
    const { incarnation, received } = hello;
    let peer = this.#peers.get(worker);
    this.#connected.set(worker, () => {});
    if (peer?.incarnation !== incarnation) {
      peer?.close();
      const memory = this.#transport.memoryOf(hello);
      peer = new Peer(socket, identity, incarnation, this.#remote, memory);
      this.#peers.set(worker, peer);
    }
    peer.welcome(received);
  }

  /**
   * Ends the conversation with a worker.
   *
   * @param told Whether the worker is told that it was given up.
   */
  end(worker: string, told: boolean): void {
    const peer = this.#peers.get(worker);
    if (!peer) return;
    this.#peers.delete(worker);
    peer.close();
    if (told) this.#refuse(worker, GIVEN_UP);
  }

  /**
   * Does something when the connection to a worker ends.
   *
   * @returns Whether there is one.
   */
  onceDisconnected(worker: string, act: () => void): boolean {
    if (!this.#connected.has(worker)) return false;
    this.#connected.set(worker, act);
    return true;
  }

  /** Acknowledges what workers have sent, so that they can forget it. */
  acknowledge(): void {
    for (const peer of this.#peers.values()) peer.acknowledge();
  }

  /** Counts a breach of the protocol. The worker is given up, if it is one of ours. */
  reject(worker: string, reason: string): void {
    this.violations++;
    const detail = `it broke the protocol: ${reason}`;
    log("debug", `worker ${worker}: ${detail}`);
    if (this.#peers.has(worker)) this.#listener.violated(worker, detail);
  }

  #refuse(worker: string, why: string): void {
    const identity = new TextEncoder().encode(this.#identities.of(worker));
    this.#transport.socket.send([identity, ...encode({ type: "refused", why })]);
  }

  async #receive(): Promise<void> {
    for await (const [identity, ...frames] of this.#transport.socket) {
      const worker = this.#identities.worker(new TextDecoder().decode(identity));
      try {
        if (worker !== undefined) this.#take(worker, frames);
        // When a new connection has replaced an old one, the end of the old has no sender.
        else if (!isLost(frames)) this.violations++;
      } catch (error) {
        // A fault of ours must not end the loop, for then no message would be taken.
        report(error);
      }
    }
  }

  #take(worker: string, frames: Frames): void {
    if (isLost(frames)) {
      const closed = this.#connected.get(worker);
      this.#connected.delete(worker);
      closed?.();
      this.#listener.disconnected(worker);
      return;
    }
    const peer = this.#peers.get(worker);
    let arrived: Frames | Arrival;
    let message: WorkerMessage | undefined;
    try {
      arrived = peer?.receive(frames) ?? frames;
      if (typeof arrived !== "string") message = decodeWorkerMessage(arrived);
      if (message?.type === "hello") {
        const { hello } = message;
        if (hello.worker !== this.#identities.of(worker)) {
          throw new Error("it has another name");
        }
        this.#hellos.set(worker, hello);
      } else if (!peer) {
        throw new Error("it did not say hello");
      }
    } catch (error) {
      // We told it that it was given up; perhaps that did not arrive.
      if (!peer && this.#hellos.has(worker)) return this.#refuse(worker, GIVEN_UP);
      this.reject(worker, (error as Error).message);
      return;
    }
    const moved = arrived === "part" || peer?.isSending && message?.type !== "hello";
    if (moved) this.#listener.moved(worker);
    if (!message) return;
    this.messages++;
    // It waits for that before it restarts.
    if (message.type === "restarting") peer?.acknowledge();
    this.#listener.said(worker, message);
    // A function that prints much waits for that.
    if (message.type === "output") peer?.acknowledge();
  }
}

/** Whether this is how libzmq says that the connection is gone. */
function isLost(frames: Frames): boolean {
  return frames.length === 1 && frames[0]!.length === LOST.length;
}
