/**
 * A worker's conversation with the host:
 *
 *     asking ──> welcomed <──> asking again ──> (host lost)
 *                    │
 *                    └── restarting ──> (as soon as the host has all that was reported)
 *
 * @module
 */

import { decodeHostMessage, typeOf } from "../../protocol/codec.ts";
import { type Arrival, Link } from "../../protocol/link.ts";
import {
  type Frames,
  type HostMessage,
  UNSEQUENCED,
  type WorkerMessage,
} from "../../protocol/messages.ts";
import { chunksOf } from "../../protocol/order.ts";
import { isElsewhere, SharedFrames } from "../../protocol/shared_frames.ts";
import type { Agenda } from "./agenda.ts";
import type { WorkerSettings } from "./events.ts";

/** What the host has a worker do; the conversation sees to the rest of its messages. */
export type Order = Exclude<
  HostMessage,
  { type: "welcome" | "refused" | "heartbeat" }
>;

/** One worker's end of the conversation. */
export class Conversation {
  readonly #settings: WorkerSettings;
  readonly #agenda: Agenda;
  readonly #link: Link;
  readonly #obey: (order: Order) => void;
  /** A `hello` waits for its answer. */
  #asking = false;
  #welcomed = false;
  /** Something came before the welcome, and was not taken. */
  #missed = false;
  #restarting = false;

  /**
   * @param settings What holds for the worker.
   * @param agenda Takes what is to be done.
   * @param obey Does what the host says.
   */
  constructor(
    settings: WorkerSettings,
    agenda: Agenda,
    obey: (order: Order) => void,
  ) {
    this.#settings = settings;
    this.#agenda = agenda;
    this.#obey = obey;
    this.#link = new Link(settings.flow, () => agenda.now);
  }

  /** Whether something has not been sent, or not all of it. */
  get isSending(): boolean {
    return this.#link.waiting > 0;
  }

  /** Joins the host. */
  begin(): void {
    this.#hello();
    this.#agenda.set("heartbeat", this.#settings.heartbeatInterval);
  }

  /** What was said on the last connection may be lost. */
  connected(): void {
    if (this.#asking) this.#sayHello();
    else this.#hello();
  }

  /** Gives a sign of life. */
  beat(): void {
    if (!this.#asking) this.send({ type: "heartbeat" });
    this.#agenda.set("heartbeat", this.#settings.heartbeatInterval);
  }

  /** Says `hello` again: it was not answered. */
  askAgain(): void {
    this.#sayHello();
    this.#agenda.set("hello", this.#settings.helloInterval);
  }

  /** Nobody has answered. */
  giveUp(): void {
    this.#agenda.end(this.#welcomed ? "host lost" : "host not reached");
  }

  /** Says something. `acknowledged` is called when the host has it. */
  send(message: WorkerMessage, acknowledged?: () => void): void {
    this.#put(this.#link.send(message, acknowledged));
  }

  /** Reports of chunks that nobody wants are not sent any further. */
  withdraw(chunks: number[]): void {
    const { frames } = this.#link.withdraw((message) => {
      if (message.type === "output") return false;
      const about = chunksOf(message);
      return about.length > 0 && about.every((chunk) => chunks.includes(chunk));
    });
    this.#put([...frames, ...this.#link.more()]);
  }

  /** Has the process start anew, as soon as the host has all that was reported. */
  restart(why: string): void {
    this.#restarting = true;
    this.send({ type: "restarting", why });
    this.#awaitFarewell();
  }

  /** The host has acknowledged nothing more in time. */
  farewell(): void {
    this.#agenda.end("restart");
  }

  /** Takes what came from the host. */
  receive(frames: Frames): void {
    const { shared, known } = this.#link;
    if (!shared && isElsewhere(frames)) {
      // It is for the process that this one has replaced.
      this.#missed = true;
      return;
    }
    let arrived: Frames | Arrival;
    let message: HostMessage | undefined;
    try {
      frames = shared?.fetch(frames) ?? frames;
      const type = typeOf(frames);
      if (type === "welcome") {
        message = decodeHostMessage(frames);
        // A welcome for the process before this one may still arrive.
        if (!this.#isOurs(message)) return;
        this.#welcomed = true;
      }
      if (!this.#welcomed && !UNSEQUENCED.has(type)) {
        this.#missed = true;
        return;
      }
      arrived = this.#link.receive(frames);
      if (typeof arrived !== "string") message ??= decodeHostMessage(arrived);
    } catch (error) {
      const text = `Dropped what the host said: ${(error as Error).message}`;
      return this.#agenda.add({ type: "print", text });
    }
    this.#put(this.#link.more());
    if (this.#restarting && this.#link.known > known) this.#awaitFarewell();
    if (arrived === "gap") this.#hello();
    if (typeof arrived !== "string") this.#take(message!);
    if (this.#link.shouldAcknowledge) this.send({ type: "heartbeat" });
  }

  #isOurs(message: HostMessage): boolean {
    return message.type === "welcome" &&
      message.incarnation === this.#settings.incarnation;
  }

  #take(message: HostMessage): void {
    switch (message.type) {
      case "welcome":
        this.#welcome(message);
        break;
      case "refused":
        this.#agenda.end("refused", message.why);
        break;
      case "heartbeat":
        break;
      default:
        // What it is given when it restarts, it will be given again.
        if (!this.#restarting || UNSEQUENCED.has(message.type)) this.#obey(message);
    }
  }

  #welcome({ memory, received }: Extract<HostMessage, { type: "welcome" }>): void {
    if (memory) {
      this.#link.shared ??= new SharedFrames(this.#settings.memory!.bytes, "worker");
    }
    this.#asking = false;
    this.#agenda.clear("hello");
    this.#agenda.clear("answer");
    this.#put(this.#link.resend(received));
    this.#put(this.#link.more());
    // What was dropped before may have been for us: after another hello it comes again.
    if (this.#missed) this.#sayHello();
    this.#missed = false;
  }

  /** Says who this is, again and again until it is answered or too late. */
  #hello(): void {
    if (this.#asking) return;
    this.#asking = true;
    this.askAgain();
    const { watched, connectTimeout, reconnectGrace } = this.#settings;
    // A host that lives and was only stopped, such as by a debugger, will go on.
    if (this.#welcomed && watched) return;
    this.#agenda.set("answer", this.#welcomed ? reconnectGrace : connectTimeout);
  }

  #sayHello(): void {
    const { worker, pid, host, incarnation, memory } = this.#settings;
    const { received } = this.#link;
    const hello = { worker, pid, host, incarnation, received };
    this.send({
      type: "hello",
      hello: memory ? { ...hello, memory: memory.fd } : hello,
    });
  }

  /** What is reported may be large, so the host may take long, but must get on with it. */
  #awaitFarewell(): void {
    if (this.#link.kept + this.#link.waiting === 0) this.#agenda.end("restart");
    else this.#agenda.set("farewell", this.#settings.farewell);
  }

  #put(messages: Frames[]): void {
    for (const frames of messages) this.#agenda.add({ type: "send", frames });
  }
}
