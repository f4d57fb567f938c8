/**
 * A worker's event loop: it talks to the host, and hands what it is told to the thread.
 * The loop never runs the user's code, so that it can answer, whatever that does.
 *
 *     host ROUTER <──ZeroMQ──> DEALER client.ts <──messages──> executor.ts (thread)
 *                                        └── reads ──> what runs (shared memory)
 *
 * @module
 */

import { printError } from "../../common/printing.ts";
import { decodeHostMessage, typeOf } from "../../protocol/codec.ts";
import { type Arrival, Link, LOCAL_FLOW, NETWORK_FLOW } from "../../protocol/link.ts";
import {
  type HostMessage,
  LARGEST_FRAME,
  UNSEQUENCED,
  type WorkerMessage,
} from "../../protocol/messages.ts";
import { chunksOf } from "../../protocol/order.ts";
import type { RunFile } from "../../protocol/run_file.ts";
import { isElsewhere, SharedFrames } from "../../protocol/shared_frames.ts";
import { openLibzmq } from "../../zeromq/libzmq.ts";
import { SharedMemory } from "../../zeromq/shared_memory.ts";
import { type Frames, ZmqContext, type ZmqSocket } from "../../zeromq/socket.ts";
import { Thread } from "./thread.ts";

/** How often `hello` is said until it is answered, in milliseconds. */
const HELLO_INTERVAL = 1000;
/** What libzmq itself puts into the socket when the connection is lost. */
const HICCUP = new Uint8Array([0]);
/** How long the last messages may take to get out, in milliseconds. */
const LINGER = 1000;
/**
 * How long the host may take to say that it has more of what was reported, before a
 * restart, in milliseconds.
 */
const FAREWELL = 2000;

/** Why a worker has ended. */
export type Outcome =
  | "told to leave"
  | "refused"
  /** It had been there, and does not answer any more. */
  | "host lost"
  /** It never answered. */
  | "host not reached"
  /** What the thread runs must not go on. */
  | "restart";

/** One worker, from its `hello` to its end. */
export class Client {
  readonly #run: RunFile;
  readonly #worker: string;
  readonly #watched: boolean;
  readonly #context: ZmqContext;
  readonly #socket: ZmqSocket;
  readonly #link: Link;
  readonly #thread: Thread;
  readonly #incarnation = crypto.randomUUID();
  readonly #memory: SharedMemory | undefined;
  readonly #timers: ReturnType<typeof setInterval>[] = [];
  #giveUp: ReturnType<typeof setTimeout> | undefined;
  #helloTimer: ReturnType<typeof setInterval> | undefined;
  #sayHello: (() => void) | undefined;
  #welcomed = false;
  /** Something came before the welcome, and was not taken. */
  #missed = false;
  #restarting = false;
  #farewell: ReturnType<typeof setTimeout> | undefined;
  #outcome: Outcome | undefined;
  /** Why the host refused the worker. */
  refusal = "";

  /**
   * @param run How to work for the host.
   * @param endpoint Where the host is reached.
   * @param worker The identity that the host gave to this worker.
   * @param watched Whether somebody else sees it when the host has ended.
   */
  constructor(run: RunFile, endpoint: string, worker: string, watched: boolean) {
    this.#run = run;
    this.#worker = worker;
    this.#watched = watched;
    const local = endpoint.startsWith("ipc:");
    const flow = local ? LOCAL_FLOW : NETWORK_FLOW;
    this.#link = new Link(flow, () => performance.now());
    this.#thread = new Thread({
      worker,
      host: Deno.hostname(),
      program: run.program,
      permissions: run.permissions,
      report: (message) => this.#send(message),
      loadTimeout: run.loadTimeout,
      restart: (why) => this.#restart(why),
    });
    const zmq = openLibzmq(run.libzmq);
    // Only for a host that is known to be on this machine, and to be the same user's.
    this.#memory = local ? SharedMemory.make(zmq, SharedFrames.SIZE) : undefined;
    if (this.#memory) SharedFrames.claim(this.#memory.bytes, this.#incarnation);
    this.#context = new ZmqContext(zmq);
    this.#socket = this.#context.socket("DEALER", {
      routingId: new TextEncoder().encode(worker),
      hiccupMessage: HICCUP,
      sendHighWaterMark: 0,
      receiveHighWaterMark: 0,
      maxMessageSize: LARGEST_FRAME,
      heartbeatInterval: run.heartbeatInterval,
      heartbeatTimeout: 3 * run.heartbeatInterval,
      heartbeatTtl: 3 * run.heartbeatInterval,
      linger: LINGER,
      ipv6: endpoint.includes("[") ? 1 : 0,
      ...(run.curve && {
        curveServerKey: run.curve.serverKey,
        curvePublicKey: run.curve.publicKey,
        curveSecretKey: run.curve.secretKey,
      }),
    });
    this.#socket.connect(endpoint);
  }

  /** Works until it is over, and says why it is. */
  async work(): Promise<Outcome> {
    this.#hello(this.#run.connectTimeout, "host not reached");
    this.#timers.push(setInterval(() => {
      if (this.#helloTimer === undefined) this.#send({ type: "heartbeat" });
    }, this.#run.heartbeatInterval));
    for await (const frames of this.#socket) {
      this.#take(frames);
      if (this.#outcome) break;
    }
    for (const timer of [...this.#timers, this.#helloTimer]) clearInterval(timer);
    clearTimeout(this.#giveUp);
    clearTimeout(this.#farewell);
    this.#thread.close();
    // What a lost host is still owed will never be taken.
    const reachable = this.#outcome === "told to leave" || this.#outcome === "restart";
    if (reachable) await this.#context.close();
    return this.#outcome!;
  }

  /** Says who this is, again and again until it is answered or too late. */
  #hello(patience: number, outcome: Outcome): void {
    if (this.#helloTimer !== undefined) return;
    this.#sayHello = () => {
      const hello = {
        worker: this.#worker,
        pid: Deno.pid,
        host: Deno.hostname(),
        incarnation: this.#incarnation,
        received: this.#link.received,
        ...(this.#memory && { memory: this.#memory.fd }),
      };
      this.#send({ type: "hello", hello });
    };
    this.#sayHello();
    this.#helloTimer = setInterval(this.#sayHello, HELLO_INTERVAL);
    // One that lives and was only stopped, such as by a debugger, will go on.
    if (this.#watched && outcome === "host lost") return;
    this.#giveUp = setTimeout(() => this.#end(outcome), patience);
  }

  #answered(): void {
    clearInterval(this.#helloTimer);
    clearTimeout(this.#giveUp);
    this.#helloTimer = undefined;
  }

  #take(frames: Frames): void {
    if (frames.length === 1 && frames[0]!.length === HICCUP.length) {
      // On each new connection: what was said on the last one may be lost.
      if (this.#helloTimer !== undefined) this.#sayHello!();
      else this.#hello(this.#run.reconnectGrace, "host lost");
      return;
    }
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
        // What is for the process that this one has replaced may come yet.
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
      printError(`Dropped what the host said: ${(error as Error).message}`);
      return;
    }
    this.#put(this.#link.more());
    if (this.#restarting && this.#link.known > known) this.#awaitFarewell();
    if (arrived === "gap") this.#hello(this.#run.reconnectGrace, "host lost");
    if (typeof arrived !== "string") this.#obey(message!);
    if (this.#link.shouldAcknowledge) this.#send({ type: "heartbeat" });
  }

  #isOurs(message: HostMessage): boolean {
    return message.type === "welcome" && message.incarnation === this.#incarnation;
  }

  #obey(message: HostMessage): void {
    // What it is given from now on, it will be given again.
    if (this.#restarting && !UNSEQUENCED.has(message.type)) return;
    switch (message.type) {
      case "welcome":
        if (message.memory) {
          this.#link.shared ??= new SharedFrames(this.#memory!.bytes, "worker");
        }
        this.#answered();
        this.#put(this.#link.resend(message.received));
        this.#put(this.#link.more());
        // If it was meant for us after all, it comes again.
        if (this.#missed) this.#sayHello!();
        this.#missed = false;
        break;
      case "refused":
        this.refusal = message.why;
        this.#end("refused");
        break;
      case "heartbeat":
        break;
      case "code":
        this.#thread.code(message.code, message.value);
        break;
      case "forget":
        this.#thread.forget(message.codes);
        break;
      case "assign": {
        const { timeout, ...batch } = message;
        this.#thread.assign({ ...batch, timed: timeout > 0 }, timeout);
        break;
      }
      case "recall":
        this.#thread.recall();
        break;
      case "cancel":
        this.#withdraw(message.chunks);
        this.#thread.cancel(message.chunks);
        break;
      case "terminate":
        this.#thread.terminate(message.chunk, message.grace);
        break;
      case "message":
        this.#thread.message(message.chunk, message.value);
        break;
      case "leave":
        void this.#thread.settled().then(() => this.#end("told to leave"));
        break;
      default:
        message satisfies never;
    }
  }

  /** Starts anew, as soon as the host has all that was reported. */
  #restart(why: string): void {
    this.#restarting = true;
    this.#send({ type: "restarting", why });
    this.#awaitFarewell();
  }

  /** What is reported may be large, so the host may take long, but must get on with it. */
  #awaitFarewell(): void {
    clearTimeout(this.#farewell);
    if (this.#link.kept + this.#link.waiting === 0) this.#end("restart");
    else this.#farewell = setTimeout(() => this.#end("restart"), FAREWELL);
  }

  #send(message: WorkerMessage): void {
    if (this.#outcome) return;
    if (message.type !== "output") return this.#put(this.#link.send(message));
    // The thread is to know what the host has of what it printed.
    const length = message.prints.reduce((sum, { text }) => sum + text.length, 0);
    this.#put(this.#link.send(message, () => this.#thread.read(length)));
  }

  #put(messages: Frames[]): void {
    if (this.#outcome) return;
    for (const frames of messages) this.#socket.send(frames);
  }

  /** Reports of chunks that nobody wants are not sent any further. */
  #withdraw(chunks: number[]): void {
    const { frames } = this.#link.withdraw((message) => {
      if (message.type === "output") return false;
      const about = chunksOf(message);
      return about.length > 0 && about.every((chunk) => chunks.includes(chunk));
    });
    this.#put([...frames, ...this.#link.more()]);
  }

  #end(outcome: Outcome): void {
    this.#outcome ??= outcome;
    // Ends the wait for messages.
    void this.#socket.close();
  }
}
