/**
 * One worker as the host talks to it: what `src/engine/peer.ts` does.
 *
 * @module
 */

import { HostLink } from "../../src/engine/host_link.ts";
import type { Arrival, Flow } from "../../src/protocol/link.ts";
import type { HostMessage } from "../../src/protocol/messages.ts";
import { type Frames, numberOf } from "./network.ts";

/** The conversation with one of a worker's processes. */
export class PeerModel {
  readonly incarnation: string;
  /** Since when nothing large is under way to it. */
  calmSince = 0;
  readonly #link: HostLink;
  readonly #clock: () => number;
  readonly #transmit: (frames: Frames) => void;
  readonly #asksOften: boolean;
  /** The highest sequence number seen, taken or not. */
  #seen = 0;
  /** Whether the worker was asked for what is missing, and that has not come. */
  #asked = false;

  /**
   * @param incarnation Which process it is.
   * @param flow How much travels at once.
   * @param clock Tells the time.
   * @param transmit Sends frames to it.
   * @param asksOften See `Scenario.asksOften`.
   */
  constructor(
    incarnation: string,
    flow: Flow,
    clock: () => number,
    transmit: (frames: Frames) => void,
    asksOften: boolean,
  ) {
    this.incarnation = incarnation;
    this.#link = new HostLink(flow, clock);
    this.#clock = clock;
    this.#transmit = transmit;
    this.#asksOften = asksOften;
  }

  /** The codes that it has. */
  get codes(): Set<number> {
    return this.#link.codes;
  }

  /** Whether something for it has not been sent, or not all of it. */
  get isSending(): boolean {
    return this.#link.waiting > 0;
  }

  /** Sends a message. */
  send(message: HostMessage): void {
    this.#put(this.#link.send(message));
  }

  /** Has it hand back what it has not begun; gives the chunks that it was not sent. */
  recall(): number[] {
    const { chunks, frames } = this.#link.recall();
    this.#put(frames);
    return chunks;
  }

  /** Has it drop chunks. */
  cancel(chunks: number[]): void {
    this.#put(this.#link.cancel(chunks));
  }

  /** Asks a chunk to come to an end, if it was sent. */
  terminate(chunk: number, grace: number): boolean {
    const { chunks, frames } = this.#link.terminate(chunk, grace);
    this.#put(frames);
    return chunks.length === 0;
  }

  /** Answers `hello`: what the worker has not received it is sent again. */
  welcome(received: number): void {
    this.#welcome();
    this.#put(this.#link.resend(received));
    this.#put(this.#link.more());
  }

  /** What came in, if it is to be taken; what is missing before it is asked for. */
  receive(frames: Frames): Frames | Arrival {
    if (this.isSending) this.calmSince = this.#clock();
    const arrived = this.#link.receive(frames);
    this.#seen = Math.max(this.#seen, numberOf(frames));
    if (arrived === "gap" && (!this.#asked || this.#asksOften)) this.#ask();
    else this.#asked &&= this.#link.received < this.#seen;
    this.#put(this.#link.more());
    if (this.#link.shouldAcknowledge) this.acknowledge();
    return arrived;
  }

  /** Tells the worker what has come in, if it was not told. */
  acknowledge(): void {
    if (this.#link.owesAcknowledgement) this.send({ type: "heartbeat" });
  }

  /** Asks again for what was asked for and has not come. */
  remind(): void {
    if (this.#asked) this.#ask();
  }

  #welcome(): void {
    const { incarnation } = this;
    const { received } = this.#link;
    this.send({ type: "welcome", received, memory: false, incarnation });
  }

  #put(messages: Frames[]): void {
    if (this.isSending) this.calmSince = this.#clock();
    for (const frames of messages) this.#transmit(frames);
  }

  #ask(): void {
    this.#asked = true;
    this.#welcome();
  }
}
