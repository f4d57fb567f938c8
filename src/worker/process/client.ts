/**
 * A worker's event loop: it talks to the host, and hands what it is told to the thread.
 * The loop never runs the user's code, so that it can answer, whatever that does. What
 * it does it is told by the core; this module carries it out.
 *
 *     host ROUTER <──ZeroMQ──> DEALER client.ts <──messages──> thread (main.ts)
 *                                        └── reads ──> what runs (shared memory)
 *
 * @module
 */

import { printError } from "../../common/printing.ts";
import { LOCAL_FLOW, NETWORK_FLOW } from "../../protocol/link.ts";
import { LARGEST_FRAME } from "../../protocol/messages.ts";
import type { RunFile } from "../../protocol/run_file.ts";
import { SharedFrames } from "../../protocol/shared_frames.ts";
import { isIpc, tcpAddress } from "../../zeromq/endpoint.ts";
import { heartbeatOptions } from "../../zeromq/heartbeat.ts";
import { openLibzmq } from "../../zeromq/libzmq.ts";
import { SharedMemory } from "../../zeromq/shared_memory.ts";
import { ZmqContext, type ZmqSocket } from "../../zeromq/socket.ts";
import { epoch } from "../between/running_item.ts";
import { WorkerCore } from "../core/core.ts";
import type { Outcome, Timer, WorkerAction, WorkerEvent } from "../core/events.ts";
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

/** One worker, from its `hello` to its end. */
export class Client {
  readonly #context: ZmqContext;
  readonly #socket: ZmqSocket;
  readonly #thread: Thread;
  readonly #core: WorkerCore;
  readonly #timers = new Map<Timer, ReturnType<typeof setTimeout>>();
  #end: { outcome: Outcome; why: string } | undefined;

  /**
   * @param run How to work for the host.
   * @param endpoint Where the host is reached.
   * @param worker The identity that the host gave to this worker.
   * @param watched Whether somebody else sees it when the host has ended.
   */
  constructor(run: RunFile, endpoint: string, worker: string, watched: boolean) {
    const { program, permissions, heartbeatInterval } = run;
    const local = isIpc(endpoint);
    const host = Deno.hostname();
    const incarnation = crypto.randomUUID();
    this.#thread = new Thread(
      { worker, host, program, permissions },
      (event) => this.#handle(event),
    );
    const zmq = openLibzmq(run.libzmq);
    // Only for a host that is known to be on this machine, and to be the same user's.
    const memory = local ? SharedMemory.make(zmq, SharedFrames.SIZE) : undefined;
    if (memory) SharedFrames.claim(memory.bytes, incarnation);
    this.#core = new WorkerCore({
      worker,
      pid: Deno.pid,
      host,
      incarnation,
      watched,
      flow: local ? LOCAL_FLOW : NETWORK_FLOW,
      memory,
      helloInterval: HELLO_INTERVAL,
      heartbeatInterval,
      connectTimeout: run.connectTimeout,
      reconnectGrace: run.reconnectGrace,
      farewell: FAREWELL,
      loadTimeout: run.loadTimeout,
    }, this.#thread.memory);
    this.#context = new ZmqContext(zmq);
    this.#socket = this.#context.socket("DEALER", {
      routingId: new TextEncoder().encode(worker),
      hiccupMessage: HICCUP,
      sendHighWaterMark: 0,
      receiveHighWaterMark: 0,
      maxMessageSize: LARGEST_FRAME,
      ...heartbeatOptions(heartbeatInterval),
      linger: LINGER,
      ipv6: tcpAddress(endpoint)?.hostname.includes(":") ? 1 : 0,
      ...(run.curve && {
        curveServerKey: run.curve.serverKey,
        curvePublicKey: run.curve.publicKey,
        curveSecretKey: run.curve.secretKey,
      }),
    });
    this.#socket.connect(endpoint);
  }

  /** Works until it is over, and says why it is, and what else there is to say of that. */
  async work(): Promise<{ outcome: Outcome; why: string }> {
    this.#handle({ type: "begin" });
    for await (const frames of this.#socket) {
      const hiccup = frames.length === 1 && frames[0]!.length === HICCUP.length;
      this.#handle(hiccup ? { type: "connected" } : { type: "arrived", frames });
      if (this.#end) break;
    }
    for (const timer of this.#timers.values()) clearTimeout(timer);
    const { outcome } = this.#end!;
    // What a lost host is still owed will never be taken.
    const reachable = outcome === "told to leave" || outcome === "restart";
    if (reachable) await this.#context.close();
    return this.#end!;
  }

  #handle(event: WorkerEvent): void {
    for (const action of this.#core.handle(event, epoch())) this.#perform(action);
  }

  #perform(action: WorkerAction): void {
    switch (action.type) {
      case "send":
        this.#socket.send(action.frames);
        break;
      case "tell":
        this.#thread.tell(action.message);
        break;
      case "read":
        this.#thread.read(action.length);
        break;
      case "drain":
        this.#thread.drain();
        this.#handle({ type: "drained" });
        break;
      case "set":
        this.#set(action.timer, action.after);
        break;
      case "clear":
        clearTimeout(this.#timers.get(action.timer));
        this.#timers.delete(action.timer);
        break;
      case "print":
        printError(action.text);
        break;
      case "end":
        this.#end = action;
        // Ends the wait for messages.
        void this.#socket.close();
        break;
      default:
        action satisfies never;
    }
  }

  #set(timer: Timer, after: number): void {
    clearTimeout(this.#timers.get(timer));
    const timeIsUp = () => {
      this.#timers.delete(timer);
      this.#handle({ type: "timer", timer });
    };
    this.#timers.set(timer, setTimeout(timeIsUp, after));
  }
}
