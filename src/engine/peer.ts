/**
 * The host's conversation with one worker, over a socket.
 *
 * @module
 */

import { type Arrival, LOCAL_FLOW, NETWORK_FLOW } from "../protocol/link.ts";
import type { HostMessage } from "../protocol/messages.ts";
import { SharedFrames } from "../protocol/shared_frames.ts";
import type { SharedMemory } from "../zeromq/shared_memory.ts";
import type { Frames, ZmqSocket } from "../zeromq/socket.ts";
import { HostLink } from "./host_link.ts";

/** The conversation with one worker. */
export class Peer {
  /** Which of the worker's processes it is: a restart makes a new one. */
  readonly incarnation: string;
  readonly #link: HostLink;
  readonly #socket: ZmqSocket;
  readonly #identity: Uint8Array;
  readonly #memory: SharedMemory | undefined;
  #inGap = false;

  /**
   * @param socket The ROUTER.
   * @param identity The worker's routing id.
   * @param incarnation Which of its processes it is.
   * @param remote Whether it may be on another machine.
   * @param memory The memory that it shares with us; it is closed together with this.
   */
  constructor(
    socket: ZmqSocket,
    identity: Uint8Array,
    incarnation: string,
    remote: boolean,
    memory: SharedMemory | undefined,
  ) {
    this.incarnation = incarnation;
    this.#socket = socket;
    this.#identity = identity;
    this.#memory = memory;
    this.#link = new HostLink(
      remote ? NETWORK_FLOW : LOCAL_FLOW,
      () => performance.now(),
    );
    this.#link.shared = memory && new SharedFrames(memory.bytes, "host");
  }

  /** The numbers of the codes that the worker has, or that are on their way. */
  get codes(): Set<number> {
    return this.#link.codes;
  }

  /** Whether a message for it has not been sent, or not completely. */
  get isSending(): boolean {
    return this.#link.waiting > 0;
  }

  /** Sends a message, at once or as soon as it may go. */
  send(message: HostMessage): void {
    this.#put(this.#link.send(message));
  }

  /**
   * Asks the worker to hand back what it has not begun.
   *
   * @returns The chunks that were not even sent.
   */
  recall(): number[] {
    const { chunks, frames } = this.#link.recall();
    this.#put(frames);
    return chunks;
  }

  /** Tells the worker to drop chunks, and to end the one that runs. */
  cancel(chunks: number[]): void {
    this.#put(this.#link.cancel(chunks));
  }

  /**
   * Asks a job to come to an end within a time.
   *
   * @returns False if the job was not sent yet, and was withdrawn now.
   */
  terminate(chunk: number, grace: number): boolean {
    const { chunks, frames } = this.#link.terminate(chunk, grace);
    this.#put(frames);
    return chunks.length === 0;
  }

  /** Tells the worker to drop codes. */
  forget(codes: number[]): void {
    this.#put(this.#link.forget(codes));
  }

  /** Answers `hello`, and sends again what the worker has not received. */
  welcome(received: number): void {
    this.#askAgain();
    this.#put(this.#link.resend(received));
    this.#put(this.#link.more());
  }

  /** Takes what has come. Gives a whole message, or says why there is none. */
  receive(frames: Frames): Frames | Arrival {
    const arrived = this.#link.receive(this.#link.shared?.fetch(frames) ?? frames);
    // Only once for each gap, because everything after it is sent again.
    if (arrived === "gap" && !this.#inGap) this.#askAgain();
    if (arrived !== "repeated") this.#inGap = arrived === "gap";
    this.#put(this.#link.more());
    if (this.#link.shouldAcknowledge) this.acknowledge();
    return arrived;
  }

  /** Acknowledges what has come, unless that was done. */
  acknowledge(): void {
    if (this.#link.owesAcknowledgement) this.send({ type: "heartbeat" });
  }

  /** The process is gone. */
  close(): void {
    this.#link.shared = undefined;
    this.#memory?.close();
  }

  #put(messages: Frames[]): void {
    for (const frames of messages) this.#socket.send([this.#identity, ...frames]);
  }

  #askAgain(): void {
    const { incarnation } = this;
    const memory = this.#link.shared !== undefined;
    this.send({ type: "welcome", received: this.#link.received, memory, incarnation });
  }
}
