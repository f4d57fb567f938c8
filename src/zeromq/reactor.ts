/**
 * Waits for the file descriptors of all sockets in one call of `poll`, on one thread of
 * Deno's pool. One call for each socket would soon exhaust that pool of 32 threads, and
 * then nothing else would work, not even reading a file.
 *
 * @module
 */

import { inside } from "../common/inside.ts";
import { lastError, type Libzmq } from "./libzmq.ts";

/** `struct pollfd`: int fd, short events, short revents */
const ITEM_SIZE = 8;
const POLLIN = 1;
/** `poll` waits forever. */
const NO_TIMEOUT = -1;

interface Waiter {
  resolve: () => void;
  promise: Promise<void>;
  refed: boolean;
}

/** The one poll of this thread. */
export class Reactor {
  static readonly #all = new Map<Libzmq, Reactor>();
  readonly #zmq: Libzmq;
  readonly #waiters = new Map<number, Waiter>();
  /** The descriptors of the running poll. */
  #polled: ReadonlySet<number> = new Set();
  #operation: Promise<number> | undefined;
  #running: Promise<void> | undefined;
  /** A pipe: a byte in it ends the poll. */
  #wakeEnds: [read: number, write: number] | undefined;
  #woken = false;
  #attached = 0;

  private constructor(zmq: Libzmq) {
    this.#zmq = zmq;
  }

  /** The reactor for the sockets of a library. */
  static of(zmq: Libzmq): Reactor {
    let reactor = Reactor.#all.get(zmq);
    if (!reactor) Reactor.#all.set(zmq, reactor = new Reactor(zmq));
    return reactor;
  }

  /** Call this when a socket is opened. */
  attach(): void {
    if (this.#attached++ > 0 || this.#wakeEnds) return;
    const ends = new Int32Array(2);
    if (this.#zmq.pipe(ends) !== 0) throw lastError(this.#zmq, "pipe");
    this.#wakeEnds = [ends[0]!, ends[1]!];
    this.#woken = false;
  }

  /** Call this before a socket is closed. Resolves when its descriptor is not in use. */
  async detach(fd: number): Promise<void> {
    this.notify(fd);
    const last = --this.#attached === 0;
    if (this.#operation && (last || this.#polled.has(fd))) {
      // The poll must end before the program does; a wait for messages need not.
      setRef(this.#operation, true);
      this.#wake();
      await this.#operation;
    }
    if (!last) return;
    await this.#running;
    if (this.#attached > 0 || !this.#wakeEnds) return;
    for (const end of this.#wakeEnds) this.#zmq.close(end);
    this.#wakeEnds = undefined;
  }

  /** Ends the poll without waiting. The reactor must not be used after that. */
  abandon(): void {
    for (const end of this.#wakeEnds ?? []) this.#zmq.close(end);
    this.#wakeEnds = undefined;
  }

  /**
   * Resolves when a descriptor can be read. Only one wait per descriptor is allowed at a
   * time.
   *
   * @param refed Whether the wait keeps the program alive.
   */
  wait(fd: number, refed: boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiters.set(fd, { promise, resolve, refed });
    if (!this.#running) {
      this.#running = this.#run();
    } else if (this.#operation && !this.#polled.has(fd)) {
      this.#wake();
    }
    this.#updateRef();
    return promise;
  }

  /** Ends the wait for a descriptor, if there is one. */
  notify(fd: number): void {
    const waiter = this.#waiters.get(fd);
    if (!waiter) return;
    this.#waiters.delete(fd);
    waiter.resolve();
    this.#updateRef();
  }

  /** Whether the wait for a descriptor keeps the program alive. */
  setRefed(fd: number, refed: boolean): void {
    const waiter = this.#waiters.get(fd);
    if (!waiter) return;
    waiter.refed = refed;
    this.#updateRef();
  }

  async #run(): Promise<void> {
    const wakeEnd = this.#wakeEnds![0];
    while (this.#waiters.size > 0) {
      const fds = [wakeEnd, ...this.#waiters.keys()];
      const items = new DataView(new ArrayBuffer(fds.length * ITEM_SIZE));
      fds.forEach((fd, i) => {
        items.setInt32(i * ITEM_SIZE, fd, true);
        items.setInt16(i * ITEM_SIZE + 4, POLLIN, true);
      });
      this.#polled = new Set(fds);
      const buffer = new Uint8Array(items.buffer);
      this.#operation = this.#zmq.poll(buffer, BigInt(fds.length), NO_TIMEOUT);
      this.#updateRef();
      // A negative result is EINTR: a signal came. The loop polls again.
      const ready = await this.#operation;
      this.#operation = undefined;
      if (ready > 0) this.#distribute(fds, items);
      // Those that waited run before the next poll, and usually wait again.
      await new Promise((resolve) => setImmediate(resolve));
    }
    // Here, not when the promise settles: a wait that begins in between would never end.
    this.#running = undefined;
  }

  #distribute(fds: number[], items: DataView): void {
    fds.forEach((fd, i) => {
      if (items.getInt16(i * ITEM_SIZE + 6, true) === 0) return;
      if (i > 0) return this.notify(fd);
      this.#zmq.read(fd, new Uint8Array(1), 1n);
      this.#woken = false;
    });
  }

  #wake(): void {
    if (this.#woken) return;
    this.#woken = true;
    this.#zmq.write(this.#wakeEnds![1], new Uint8Array(1), 1n);
  }

  /** The poll keeps the program alive if any wait is to keep it alive. */
  #updateRef(): void {
    if (!this.#operation) return;
    let refed = false;
    for (const waiter of this.#waiters.values()) refed ||= waiter.refed;
    setRef(this.#operation, refed);
  }
}

/**
 * Sets whether a pending call keeps the program alive. Deno has this for timers, processes
 * and listeners but not for foreign functions, so this uses the internal operation. In a
 * Deno without it, a wait keeps the program alive until its socket is closed.
 */
function setRef(operation: Promise<unknown>, alive: boolean): void {
  const { core } = inside;
  if (alive) core?.refOpPromise?.(operation);
  else core?.unrefOpPromise?.(operation);
}
