/**
 * Sockets of libzmq for one event loop.
 *
 * The event loop itself sends and receives, without waiting, until libzmq would block.
 * Then it waits for the socket's file descriptor, by the one poll of `reactor.ts`.
 *
 * That descriptor tells only that something has changed, and any call on the socket may
 * take note of the change and so make it silent again. So whether the socket is ready is
 * asked of libzmq itself, right before waiting and after each call that comes between:
 * no wake-up is lost. Source: `ZMQ_FD` and `ZMQ_EVENTS` of `zmq_getsockopt`.
 *
 * @module
 */

import { ZeromqError } from "../errors.ts";
import { cString, EAGAIN, EINTR, lastError, type Libzmq } from "./libzmq.ts";
import { Reactor } from "./reactor.ts";

/** The socket types in use, with their numbers in zmq.h. */
const TYPES = { PAIR: 0, REP: 4, DEALER: 5, ROUTER: 6 } as const;

/** Socket options, with their numbers in zmq.h and the type of their value. */
const OPTIONS = {
  routingId: [5, "bytes"],
  linger: [17, "int"],
  maxMessageSize: [22, "int64"],
  sendHighWaterMark: [23, "int"],
  receiveHighWaterMark: [24, "int"],
  /** Whether IPv6 is spoken, beside IPv4. */
  ipv6: [42, "int"],
  curveServer: [47, "int"],
  curvePublicKey: [48, "text"],
  curveSecretKey: [49, "text"],
  curveServerKey: [50, "text"],
  zapDomain: [55, "text"],
  routerHandover: [56, "int"],
  handshakeInterval: [66, "int"],
  heartbeatInterval: [75, "int"],
  heartbeatTtl: [76, "int"],
  heartbeatTimeout: [77, "int"],
  /** Whether nobody may connect while no ZapHandler answers; needs a `zapDomain`. */
  zapEnforceDomain: [93, "int"],
  /** Draft: what a ROUTER receives, as if from the peer, when a peer is lost. */
  disconnectMessage: [111, "bytes"],
  /** Draft: what a DEALER receives when its own connection is lost. */
  hiccupMessage: [114, "bytes"],
} as const;

const FD = 14;
const EVENTS = 15;
const LAST_ENDPOINT = 32;
const MAX_SOCKETS = 2;
const DONTWAIT = 1;
const SNDMORE = 2;
const POLLIN = 1;
const POLLOUT = 2;
const MESSAGE_SIZE = 64;

/** After so many messages in a row, timers and other sockets get their turn. */
const MOST_IN_A_ROW = 256;

/** Frames from here on are copied in a way that is quick for large ones, in bytes. */
const LARGE = 1 << 16;

/** A message: one frame or more. */
export type Frames = Uint8Array[];

/** The socket types of this binding. */
export type SocketType = keyof typeof TYPES;

/**
 * Options by name; times are milliseconds, sizes bytes, and keys Z85 text. See
 * `zmq_setsockopt` in libzmq's reference.
 */
export type SocketOptions = {
  [Name in keyof typeof OPTIONS]?: (typeof OPTIONS)[Name][1] extends "text" ? string
    : (typeof OPTIONS)[Name][1] extends "bytes" ? Uint8Array
    : number;
};

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
   * A new socket.
   *
   * @param type Which pattern it speaks.
   * @param options Options to set before it binds or connects.
   * @throws {ZeromqError} When libzmq refuses, as with `EMFILE` or `EINVAL`.
   */
  socket(type: SocketType, options: SocketOptions = {}): ZmqSocket {
    if (this.#closed) throw new ZeromqError("ETERM", "The ZeroMQ context is closed");
    const socket = new ZmqSocket(this.#zmq, this.#pointer, type, options);
    this.#sockets.add(socket);
    return socket;
  }

  /** Closes every socket and waits until what lingers is sent or out of time. */
  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  /** {@linkcode ZmqContext.close} */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Closes all at once, and waits for nothing: for who has no turn of the event loop left.
   * Nobody may use it, or its sockets, after that.
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
    // -1 here is EINTR: a signal came while we waited.
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
    const defaults: SocketOptions = {
      linger: 0,
      // A ROUTER has no one peer to wait for, so it queues without a bound of libzmq's;
      // who sends must bound what is under way.
      ...(this.#isRouter && { sendHighWaterMark: 0 }),
      // libzmq by itself lets every key in while there is no ZapHandler, or no more.
      ...(options.curveServer && { zapDomain: "gridengine", zapEnforceDomain: 1 }),
    };
    try {
      for (const [name, value] of Object.entries({ ...defaults, ...options })) {
        this.#set(name as keyof SocketOptions, value);
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
   * Connects to an endpoint, now or as soon as somebody listens there.
   *
   * @param endpoint See {@linkcode ZmqSocket.bind}.
   * @throws {ZeromqError} When the endpoint makes no sense.
   */
  connect(endpoint: string): void {
    this.#mustBeOpen();
    const result = this.#zmq.zmq_connect(this.#socket, cString(endpoint));
    this.#check(result, `Cannot connect to "${endpoint}"`);
    this.#noticeChange();
  }

  /**
   * Sends a message, or queues it until libzmq takes it; never waits. The frames must
   * not be changed afterwards.
   *
   * @throws {ZeromqError} When the socket is closed or libzmq refuses the message.
   */
  send(frames: Frames): void {
    this.#mustBeOpen();
    if (this.#outgoing.length > 0 || !this.#sendNow(frames)) {
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
   * The next message, as soon as there is one.
   *
   * @returns `undefined` once the socket is closed.
   * @throws {ZeromqError} When another call of `receive` is still waiting.
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
          const frames = this.#receiveNow();
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

  /** Waiting for messages keeps the program alive: the default. */
  ref(): void {
    this.#refed = true;
    this.#reactor.setRefed(this.#fd, true);
  }

  /** Waiting for messages no longer keeps the program alive. */
  unref(): void {
    this.#refed = false;
    this.#reactor.setRefed(this.#fd, false);
  }

  /** Ends the wait, if one is on, and closes. What libzmq holds lingers as asked. */
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
    this.#set("linger", 0);
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

  #set(name: keyof SocketOptions, value: number | string | Uint8Array): void {
    const [number, kind] = OPTIONS[name];
    const bytes = kind === "int64"
      ? new Uint8Array(new BigInt64Array([BigInt(value as number)]).buffer)
      : typeof value === "number"
      ? new Uint8Array(new Int32Array([value]).buffer)
      : typeof value === "string"
      ? new TextEncoder().encode(value)
      : new Uint8Array(value);
    const result = this.#zmq.zmq_setsockopt(
      this.#socket,
      number,
      bytes,
      BigInt(bytes.length),
    );
    this.#check(result, `Cannot set the socket option ${name}`);
  }

  #get(option: number): number {
    this.#numberSize[0] = 4n;
    const { zmq_getsockopt } = this.#zmq;
    const result = this.#uninterrupted(() =>
      zmq_getsockopt(this.#socket, option, this.#number, this.#numberSize)
    );
    this.#check(result, "zmq_getsockopt");
    return this.#number[0]!;
  }

  /** Calls again when a signal came in between, such as a profiler's. */
  #uninterrupted(call: () => number): number {
    for (;;) {
      const result = call();
      if (result >= 0 || this.#zmq.zmq_errno() !== EINTR) return result;
    }
  }

  #mustBeOpen(): void {
    if (this.#closing) throw new ZeromqError("ENOTSOCK", "The ZeroMQ socket is closed");
  }

  #check(result: number, operation: string): void {
    if (result < 0) throw lastError(this.#zmq, operation);
  }

  /** Whether libzmq took the message. */
  #sendNow(frames: Frames): boolean {
    const last = frames.length - 1;
    let taken = true;
    for (let i = 0; i <= last; i++) {
      const frame = frames[i] as Uint8Array<ArrayBuffer>;
      const flags = i < last ? DONTWAIT | SNDMORE : DONTWAIT;
      const size = BigInt(frame.byteLength);
      const sent = this.#uninterrupted(() =>
        this.#zmq.zmq_send(this.#socket, frame, size, flags)
      );
      if (sent < 0) {
        if (this.#zmq.zmq_errno() !== EAGAIN) throw lastError(this.#zmq, "zmq_send");
        if (i === 0) return false;
        // The peer left amid the message. libzmq drops what follows of it, to its last
        // frame, so these are sent all the same, and then the whole message once more.
        taken = false;
      }
    }
    return taken;
  }

  #flush(): void {
    let done = 0;
    try {
      while (done < this.#outgoing.length && this.#sendNow(this.#outgoing[done]!)) {
        done++;
      }
    } catch (error) {
      done++; // What libzmq refuses must not hold up the messages behind it.
      throw error;
    } finally {
      this.#outgoing.splice(0, done);
    }
  }

  #receiveNow(): Frames | undefined {
    const frames: Frames = [];
    do {
      const size = this.#uninterrupted(() =>
        this.#zmq.zmq_msg_recv(this.#message, this.#socket, DONTWAIT)
      );
      if (size < 0) {
        if (this.#zmq.zmq_errno() === EAGAIN) return undefined;
        throw lastError(this.#zmq, "zmq_msg_recv");
      }
      frames.push(size === 0 ? new Uint8Array() : this.#copyOfMessage(size));
    } while (this.#zmq.zmq_msg_more(this.#message) === 1);
    return frames;
  }

  #copyOfMessage(size: number): Uint8Array {
    const data = this.#zmq.zmq_msg_data(this.#message)!;
    if (size >= LARGE) {
      // Into memory that need not be cleared before.
      return new Uint8Array(
        new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(data, size)),
      );
    }
    const frame = new Uint8Array(size);
    Deno.UnsafePointerView.copyInto(data, frame);
    return frame;
  }

  /** Whether what is waited for is there. */
  #isReady(): boolean {
    const events = this.#get(EVENTS);
    if (this.#receiving && (events & POLLIN) !== 0) return true;
    // A ROUTER says that it can always send.
    return this.#outgoing.length > 0 && !this.#isRouter && (events & POLLOUT) !== 0;
  }

  /** Resolves when there may be a message, or room for one. */
  #wait(): Promise<void> {
    if (!this.#waiting && !this.#isReady()) {
      this.#waiting = this.#reactor.wait(this.#fd, this.#refed).then(() => {
        this.#waiting = undefined;
      });
    }
    this.#noticeChange();
    return this.#waiting ?? Promise.resolve();
  }

  /** After any call on the socket: ends the wait, if what it is for has come. */
  #noticeChange(): void {
    if (this.#waiting && this.#isReady()) this.#reactor.notify(this.#fd);
  }

  /** Sends what is queued as soon as there is room, whether or not anybody receives. */
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
      // Here, and not when the promise settles: what is queued in between would stay.
      this.#pumping = undefined;
    }
  }
}
