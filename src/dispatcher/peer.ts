/**
 * One worker as the host talks to it.
 *
 * @module
 */

import { Link } from "../protocol/link.ts";
import type { HostMessage } from "../protocol/messages.ts";
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
  #inGap = false;

  /**
   * @param socket The ROUTER.
   * @param identity The worker's routing id.
   * @param incarnation Which of its processes it is.
   */
  constructor(socket: ZmqSocket, identity: Uint8Array, incarnation: string) {
    this.incarnation = incarnation;
    this.#socket = socket;
    this.#identity = identity;
  }

  /** Sends a message. */
  send(message: HostMessage): void {
    this.#socket.send([this.#identity, ...this.#link.send(message)]);
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

  #askAgain(): void {
    const { incarnation } = this;
    this.send({ type: "welcome", received: this.#link.received, incarnation });
  }
}
