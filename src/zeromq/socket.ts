/**
 * Sockets of libzmq for one event loop.
 *
 * The event loop itself sends and receives, without waiting, until libzmq would block.
 * Then it waits for the socket's file descriptor, by the one poll of `reactor.ts`.
 *
 * That descriptor signals only that something has changed, and any call on the socket may
 * clear the signal. So libzmq is asked whether the socket is ready right before each wait,
 * and after each call during a wait. This way no wake-up is lost. Source: `ZMQ_FD` and
 * `ZMQ_EVENTS` of `zmq_getsockopt`.
 *
 * @module
 */

import { ZeromqError } from "../errors.ts";
import { cString, lastError, type Libzmq, uninterrupted } from "./libzmq.ts";
import { type Frames, MESSAGE_SIZE, receiveNow, sendNow } from "./message.ts";
import { Reactor } from "./reactor.ts";
import {
  setOption,
  type SocketOptions,
  type SocketType,
  TYPES,
  withDefaults,
} from "./socket_options.ts";

export type { Frames } from "./message.ts";
export type { SocketOptions, SocketType } from "./socket_options.ts";

const FD = 14;
const EVENTS = 15;
const LAST_ENDPOINT = 32;
const MAX_SOCKETS = 2;
const POLLIN = 1;
const POLLOUT = 2;

/** After so many messages without a pause, timers and other sockets get their turn. */
const MOST_IN_A_ROW = 256;

/** A libzmq context: its I/O thread and the sockets that share it. */
export class ZmqContext implements AsyncDisposable {
  readonly #zmq: Libzmq;
  readonly #pointer: Deno.PointerObject;
  readonly #sockets = new Set<ZmqSocket>();
  #closed: Promise<void> | undefined;

  /** @param zmq An open libzmq. */
  constructor(zmq: Libzmq) {
    this.#zmq = zmq;
    const pointer = zmq.zmq_ctx_new();
    if (pointer === null) throw lastError(zmq, "zmq_ctx_new");
    this.#pointer = pointer;
    if (zmq.zmq_ctx_set(pointer, MAX_SOCKETS, 65535) !== 0) {
      throw lastError(zmq, "zmq_ctx_set");
    }
  }

  /**
   * Makes a socket.
   *
   * @param type The socket type, which sets its messaging pattern.
   * @param options Options to set before the socket binds or connects.
   * @throws {ZeromqError} If libzmq refuses, such as by `EMFILE` or `EINVAL`.
   */
  socket(type: SocketType, options: SocketOptions = {}): ZmqSocket {
    if (this.#closed) throw new ZeromqError("ETERM", "The ZeroMQ context is closed");
    const socket = new ZmqSocket(this.#zmq, this.#pointer, type, options);
    this.#sockets.add(socket);
    return socket;
  }

  /** Closes every socket. Waits until lingering messages are sent or timed out. */
  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  /** {@linkcode ZmqContext.close} */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Closes every socket at once, without waiting: for a thread whose event loop has no turn
   * left. The context and its sockets must not be used after that.
   */
  abandon(): void {
    if (this.#closed) return;
    this.#closed = Promise.resolve();
    for (const socket of this.#sockets) socket.abandon();
    Reactor.of(this.#zmq).abandon();
    while (this.#zmq.zmq_ctx_term_now(this.#pointer) !== 0);
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#sockets].map((socket) => socket.close()));
    // -1 means EINTR: a signal came during the wait.
    while (await this.#zmq.zmq_ctx_term(this.#pointer) !== 0);
  }
}

/** One socket. Iterate over it, or call `receive()`, to get its messages. */
export class ZmqSocket implements AsyncDisposable, AsyncIterable<Frames> {
  readonly #zmq: Libzmq;
  readonly #socket: Deno.PointerObject;
  readonly #reactor: Reactor;
  readonly #fd: number;
  readonly #isRouter: boolean;
  readonly #message = new Uint8Array(MESSAGE_SIZE);
  readonly #number = new Int32Array(1);
  readonly #numberSize = new BigUint64Array(1);
  readonly #outgoing: Frames[] = [];
  #waiting: Promise<void> | undefined;
  #receiving = false;
  #pumping: Promise<void> | undefined;
  #inARow = 0;
  #refed = true;
  #closing: Promise<void> | undefined;
  #isClosed = false;

  /** Use {@linkcode ZmqContext.socket}. */
  constructor(
    zmq: Libzmq,
    context: Deno.PointerObject,
    type: SocketType,
    options: SocketOptions,
  ) {
    this.#zmq = zmq;
    this.#isRouter = type === "ROUTER";
    const socket = zmq.zmq_socket(context, TYPES[type]);
    if (socket === null) throw lastError(zmq, "zmq_socket");
    this.#socket = socket;
    try {
      for (const [name, value] of Object.entries(withDefaults(type, options))) {
        setOption(zmq, socket, name as keyof SocketOptions, value);
      }
      this.#fd = this.#get(FD);
    } catch (error) {
      zmq.zmq_close(socket);
      throw error;
    }
    this.#check(zmq.zmq_msg_init(this.#message), "zmq_msg_init");
    this.#reactor = Reactor.of(zmq);
    this.#reactor.attach();
  }

  /**
   * Listens at an endpoint.
   *
   * @param endpoint Such as `"ipc:///run/x"`, `"tcp://127.0.0.1:*"` or `"inproc://x"`.
   * @returns The endpoint with its wildcards filled in.
   * @throws {ZeromqError} Such as `EADDRINUSE`.
   */
  bind(endpoint: string): string {
    this.#mustBeOpen();
    const result = this.#zmq.zmq_bind(this.#socket, cString(endpoint));
    this.#check(result, `Cannot bind to "${endpoint}"`);
    const value = new Uint8Array(1024);
    const size = new BigUint64Array([1024n]);
    const got = this.#zmq.zmq_getsockopt(this.#socket, LAST_ENDPOINT, value, size);
    this.#check(got, "zmq_getsockopt");
    this.#noticeChange();
    return new TextDecoder().decode(value.subarray(0, Number(size[0]) - 1));
  }

  /**
   * Connects to an endpoint, now or as soon as a socket listens there.
   *
   * @param endpoint See {@linkcode ZmqSocket.bind}.
   * @throws {ZeromqError} If the endpoint is not valid.
   */
  connect(endpoint: string): void {
    this.#mustBeOpen();
    const result = this.#zmq.zmq_connect(this.#socket, cString(endpoint));
    this.#check(result, `Cannot connect to "${endpoint}"`);
    this.#noticeChange();
  }

  /**
   * Sends a message, or queues it until libzmq accepts it. It never waits. The frames must
   * not be changed afterwards.
   *
   * @throws {ZeromqError} If the socket is closed or libzmq refuses the message.
   */
  send(frames: Frames): void {
    this.#mustBeOpen();
    if (this.#outgoing.length > 0 || !sendNow(this.#zmq, this.#socket, frames)) {
      this.#outgoing.push(frames);
      this.#keepSending();
    }
    this.#noticeChange();
  }

  /** How many messages wait here because libzmq would block. */
  get queued(): number {
    return this.#outgoing.length;
  }

  /**
   * Waits for the next message.
   *
   * @returns `undefined` if the socket is closed.
   * @throws {ZeromqError} If another call of `receive` is still waiting.
   */
  async receive(): Promise<Frames | undefined> {
    if (this.#receiving) {
      throw new ZeromqError(
        "EFSM",
        "Only one receive() at a time may wait on a socket",
      );
    }
    this.#receiving = true;
    try {
      while (!this.#closing) {
        this.#flush();
        if (this.#inARow < MOST_IN_A_ROW) {
          const frames = receiveNow(this.#zmq, this.#socket, this.#message);
          if (frames) {
            this.#inARow++;
            this.#noticeChange();
            return frames;
          }
          await this.#wait();
        } else {
          await new Promise((resolve) => setImmediate(resolve));
        }
        this.#inARow = 0;
      }
      return undefined;
    } finally {
      this.#receiving = false;
    }
  }

  /** The messages, until the socket is closed. */
  async *[Symbol.asyncIterator](): AsyncIterator<Frames> {
    for (let frames; (frames = await this.receive());) yield frames;
  }

  /** Makes waiting for messages keep the program alive, which is the default. */
  ref(): void {
    this.#refed = true;
    this.#reactor.setRefed(this.#fd, true);
  }

  /** Makes waiting for messages not keep the program alive. */
  unref(): void {
    this.#refed = false;
    this.#reactor.setRefed(this.#fd, false);
  }

  /** Ends a wait, and closes the socket. Unsent messages linger as the option says. */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  /** {@linkcode ZmqSocket.close} */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** For {@linkcode ZmqContext.abandon}. */
  abandon(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#closing = Promise.resolve();
    setOption(this.#zmq, this.#socket, "linger", 0);
    this.#zmq.zmq_close(this.#socket);
  }

  async #close(): Promise<void> {
    await this.#reactor.detach(this.#fd);
    await this.#pumping;
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#zmq.zmq_msg_close(this.#message);
    this.#check(this.#zmq.zmq_close(this.#socket), "zmq_close");
  }

  #get(option: number): number {
    this.#numberSize[0] = 4n;
    const { zmq_getsockopt } = this.#zmq;
    const result = uninterrupted(
      this.#zmq,
      () => zmq_getsockopt(this.#socket, option, this.#number, this.#numberSize),
    );
    this.#check(result, "zmq_getsockopt");
    return this.#number[0]!;
  }

  #mustBeOpen(): void {
    if (this.#closing) throw new ZeromqError("ENOTSOCK", "The ZeroMQ socket is closed");
  }

  #check(result: number, operation: string): void {
    if (result < 0) throw lastError(this.#zmq, operation);
  }

  #flush(): void {
    let done = 0;
    try {
      while (
        done < this.#outgoing.length &&
        sendNow(this.#zmq, this.#socket, this.#outgoing[done]!)
      ) {
        done++;
      }
    } catch (error) {
      done++; // A message that libzmq refuses must not block those behind it.
      throw error;
    } finally {
      this.#outgoing.splice(0, done);
    }
  }

  /** Whether the event that is waited for has come. */
  #isReady(): boolean {
    const events = this.#get(EVENTS);
    if (this.#receiving && (events & POLLIN) !== 0) return true;
    // A ROUTER always reports that it can send.
    return this.#outgoing.length > 0 && !this.#isRouter && (events & POLLOUT) !== 0;
  }

  /** Resolves when there may be a message to receive, or room to send one. */
  #wait(): Promise<void> {
    if (!this.#waiting && !this.#isReady()) {
      this.#waiting = this.#reactor.wait(this.#fd, this.#refed).then(() => {
        this.#waiting = undefined;
      });
    }
    this.#noticeChange();
    return this.#waiting ?? Promise.resolve();
  }

  /** To be called after any call on the socket: ends the wait if its event has come. */
  #noticeChange(): void {
    if (this.#waiting && this.#isReady()) this.#reactor.notify(this.#fd);
  }

  /** Sends queued messages as soon as there is room, even if nobody calls `receive`. */
  #keepSending(): void {
    if (!this.#pumping) this.#pumping = this.#pump();
  }

  async #pump(): Promise<void> {
    try {
      while (this.#outgoing.length > 0 && !this.#closing) {
        await this.#wait();
        if (!this.#closing) this.#flush();
      }
    } finally {
      // Here, not when the promise settles: messages queued in between would stay.
      this.#pumping = undefined;
    }
  }
}
