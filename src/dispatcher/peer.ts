/**
 * One worker as the host talks to it.
 *
 * @module
 */

import { Link } from "../protocol/link.ts";
import type { HostMessage } from "../protocol/messages.ts";
import { Vault } from "../protocol/vault.ts";
import type { SharedMemory } from "../zeromq/shared_memory.ts";
import type { Frames, ZmqSocket } from "../zeromq/socket.ts";

/** Beyond so many bytes received, the worker is told at once, so that it can forget them. */
const ACKNOWLEDGE_BYTES = 1 << 20;

/** The conversation with one worker. */
export class Peer {
  /** Which of the worker's processes it is, one after the other. */
  readonly incarnation: string;
  /** The numbers of the codes that it has. */
  readonly codes = new Set<number>();
  readonly #link = new Link();
  readonly #socket: ZmqSocket;
  readonly #identity: Uint8Array;
  readonly #memory: SharedMemory | undefined;
  #vault: Vault | undefined;
  #inGap = false;

  /**
   * @param socket The ROUTER.
   * @param identity The worker's routing id.
   * @param incarnation Which of its processes it is.
   * @param memory What it shares with us; it is closed with this.
   */
  constructor(
    socket: ZmqSocket,
    identity: Uint8Array,
    incarnation: string,
    memory: SharedMemory | undefined,
  ) {
    this.incarnation = incarnation;
    this.#socket = socket;
    this.#identity = identity;
    this.#memory = memory;
    this.#vault = memory && new Vault(memory.bytes, "host");
  }

  /** Sends a message. */
  send(message: HostMessage): void {
    const frames = this.#link.send(message);
    const sent = this.#vault?.store(frames, this.#link.sent) ?? frames;
    this.#socket.send([this.#identity, ...sent]);
  }

  /** What came in, with what of it lies in shared memory. */
  fetch(frames: Frames): Frames {
    return this.#vault?.fetch(frames) ?? frames;
  }

  /** Answers `hello`: what the worker has not received it is sent again. */
  welcome(received: number): void {
    this.#askAgain();
    for (const frames of this.#link.resend(received)) {
      this.#socket.send([this.#identity, ...frames]);
    }
  }

  /** Whether to take what came in. */
  receive(frames: Frames): boolean {
    const arrival = this.#link.receive(frames);
    this.#vault?.release(this.#link.known);
    // Once a gap: each time everything since is sent again.
    if (arrival === "gap" && !this.#inGap) this.#askAgain();
    if (arrival !== "repeated") this.#inGap = arrival === "gap";
    if (this.#link.unacknowledgedBytes > ACKNOWLEDGE_BYTES) this.acknowledge();
    return arrival === "deliver";
  }

  /** Tells the worker what has come in, if it was not told. */
  acknowledge(): void {
    if (this.#link.owesAcknowledgement) this.send({ type: "heartbeat" });
  }

  /** The process is gone. */
  close(): void {
    this.#vault = undefined;
    this.#memory?.close();
  }

  #askAgain(): void {
    const { incarnation } = this;
    const memory = this.#vault !== undefined;
    this.send({ type: "welcome", received: this.#link.received, memory, incarnation });
  }
}
