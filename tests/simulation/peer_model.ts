/**
 * One worker as the host talks to it: what `src/dispatcher/peer.ts` does.
 *
 * @module
 */

import { type Arrival, Link } from "../../src/protocol/link.ts";
import type { HostMessage } from "../../src/protocol/messages.ts";
import { type Frames, numberOf } from "./network.ts";

/** The conversation with one of a worker's processes. */
export class PeerModel {
  readonly incarnation: string;
  hasCode = false;
  readonly #link = new Link();
  readonly #transmit: (frames: Frames) => void;
  readonly #asksOften: boolean;
  /** The highest sequence number seen, taken or not. */
  #seen = 0;
  /** Whether the worker was asked for what is missing, and that has not come. */
  #asked = false;

  /**
   * @param incarnation Which process it is.
   * @param transmit Sends frames to it.
   * @param asksOften See `Scenario.asksOften`.
   */
  constructor(
    incarnation: string,
    transmit: (frames: Frames) => void,
    asksOften: boolean,
  ) {
    this.incarnation = incarnation;
    this.#transmit = transmit;
    this.#asksOften = asksOften;
  }

  /** Sends a message. */
  send(message: HostMessage): void {
    this.#transmit(this.#link.send(message));
  }

  /** Answers `hello`: what the worker has not received it is sent again. */
  welcome(received: number): void {
    this.#welcome();
    for (const frames of this.#link.resend(received)) this.#transmit(frames);
  }

  /** What to do with what came in; what is missing before it is asked for. */
  receive(frames: Frames): Arrival {
    const arrival = this.#link.receive(frames);
    this.#seen = Math.max(this.#seen, numberOf(frames));
    if (arrival === "gap" && (!this.#asked || this.#asksOften)) this.#ask();
    else this.#asked &&= this.#link.received < this.#seen;
    return arrival;
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

  #ask(): void {
    this.#asked = true;
    this.#welcome();
  }
}
