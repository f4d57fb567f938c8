/**
 * One worker as the host talks to it.
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
  /** Which of the worker's processes it is, one after the other. */
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
   * @param memory What it shares with us; it is closed with this.
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

  /** The numbers of the codes that it has, or that are on their way. */
  get codes(): Set<number> {
    return this.#link.codes;
  }

  /** Whether something for it has not been sent, or not all of it. */
  get isSending(): boolean {
    return this.#link.waiting > 0;
  }

  /** Sends a message, at once or as soon as it has its turn. */
  send(message: HostMessage): void {
    this.#put(this.#link.send(message));
  }

  /**
   * Has it hand back what it has not begun.
   *
   * @returns The chunks that it had not even been sent.
   */
  recall(): number[] {
    const { chunks, frames } = this.#link.recall();
    this.#put(frames);
    return chunks;
  }

  /** Has it drop chunks, and end what it runs of them. */
  cancel(chunks: number[]): void {
    this.#put(this.#link.cancel(chunks));
  }

  /**
   * Asks the job that runs as a chunk to come to an end within a time.
   *
   * @returns Whether it was sent that job, or never will be.
   */
  terminate(chunk: number, grace: number): boolean {
    const { chunks, frames } = this.#link.terminate(chunk, grace);
    this.#put(frames);
    return chunks.length === 0;
  }

  /** Has it drop codes. */
  forget(codes: number[]): void {
    this.#put(this.#link.forget(codes));
  }

  /** Answers `hello`: what the worker has not received it is sent again. */
  welcome(received: number): void {
    this.#askAgain();
    this.#put(this.#link.resend(received));
    this.#put(this.#link.more());
  }

  /** What came in, as a whole message if it is one that is to be taken. */
  receive(frames: Frames): Frames | Arrival {
    const arrived = this.#link.receive(this.#link.shared?.fetch(frames) ?? frames);
    // Once a gap: each time everything since is sent again.
    if (arrived === "gap" && !this.#inGap) this.#askAgain();
    if (arrived !== "repeated") this.#inGap = arrived === "gap";
    this.#put(this.#link.more());
    if (this.#link.shouldAcknowledge) this.acknowledge();
    return arrived;
  }

  /** Tells the worker what has come in, if it was not told. */
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
