/**
 * Memory that two processes share, on Linux: a file without a name, which is gone when no
 * process has it open, however the processes end. Its size is sealed, because a process
 * that reads beyond the end of a mapped file is ended by SIGBUS. Source: the manual pages
 * memfd_create(2), fcntl(2), mmap(2) and proc(5).
 *
 * @module
 */

import { cString, fileSizeLimit, type Libzmq } from "./libzmq.ts";

/** Of sys/mman.h. */
const PROT_READ = 1, PROT_WRITE = 2, MAP_SHARED = 1;
/** `MAP_FAILED`. */
const FAILED = 2n ** 64n - 1n;
/** `MFD_CLOEXEC | MFD_ALLOW_SEALING`. */
const CLOSE_ON_EXEC = 1, MAY_BE_SEALED = 2;
/** `F_ADD_SEALS` and `F_GET_SEALS`. */
const ADD_SEALS = 1033, GET_SEALS = 1034;
/** `F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW`: the file's size can never change. */
const SEALS = 1 | 2 | 4;
/** `O_RDWR | O_CLOEXEC | O_NONBLOCK` of Linux: opening never waits, whatever the file is. */
const READ_AND_WRITE = 0o2004002;
/** `SEEK_END`. */
const END = 2;

/** Memory that is shared with another process. */
export class SharedMemory {
  /** Memory of other processes that was opened here and not closed. */
  static readonly #opened = new Set<SharedMemory>();
  readonly bytes: Uint8Array;
  /** The descriptor of its file, in the process that made it. */
  readonly fd: number;
  readonly #zmq: Libzmq;
  readonly #address: Deno.PointerObject;

  private constructor(
    zmq: Libzmq,
    fd: number,
    address: Deno.PointerObject,
    size: number,
  ) {
    this.#zmq = zmq;
    this.#address = address;
    this.fd = fd;
    this.bytes = new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(address, size));
  }

  /**
   * Makes shared memory.
   *
   * @param zmq An open libzmq, which is linked with the C library.
   * @param size The size in bytes. Memory is used only when it is written to.
   * @returns `undefined` if that is not possible here.
   */
  static make(zmq: Libzmq, size: number): SharedMemory | undefined {
    // The kernel ends a process that exceeds this limit.
    if (size > fileSizeLimit(zmq)) return undefined;
    const flags = CLOSE_ON_EXEC | MAY_BE_SEALED;
    const fd = zmq.memfd_create?.(cString("gridengine"), flags) ?? -1;
    if (fd < 0) return undefined;
    const isSealed = zmq.ftruncate(fd, BigInt(size)) === 0 &&
      zmq.fcntl(fd, ADD_SEALS, SEALS) === 0;
    const memory = isSealed ? SharedMemory.#map(zmq, fd, size) : undefined;
    if (!memory) zmq.close(fd);
    return memory;
  }

  /**
   * Opens shared memory that another process of this machine has made.
   *
   * @param pid The process.
   * @param fd The descriptor in that process.
   * @returns `undefined` if it cannot be opened, has another size, or is not sealed.
   */
  static open(
    zmq: Libzmq,
    pid: number,
    fd: number,
    size: number,
  ): SharedMemory | undefined {
    const own = zmq.open(cString(`/proc/${pid}/fd/${fd}`), READ_AND_WRITE);
    if (own < 0) return undefined;
    // The seals are checked before the size, because then the size cannot change.
    const seals = zmq.fcntl(own, GET_SEALS, 0);
    const isSealed = seals >= 0 && (seals & SEALS) === SEALS;
    const memory = isSealed && zmq.lseek(own, 0n, END) === BigInt(size)
      ? SharedMemory.#map(zmq, own, size)
      : undefined;
    // The mapping stays.
    zmq.close(own);
    if (memory) SharedMemory.#opened.add(memory);
    return memory;
  }

  /** Unmaps the memory in this process. It must not be used after that. */
  close(): void {
    SharedMemory.#opened.delete(this);
    this.#zmq.munmap(this.#address, BigInt(this.bytes.length));
  }

  /** Closes all memory that was opened: for a thread that ends before its process. */
  static abandon(): void {
    for (const memory of SharedMemory.#opened) memory.close();
  }

  static #map(zmq: Libzmq, fd: number, size: number): SharedMemory | undefined {
    const protection = PROT_READ | PROT_WRITE;
    const address = zmq.mmap(null, BigInt(size), protection, MAP_SHARED, fd, 0n);
    if (address === null || Deno.UnsafePointer.value(address) === FAILED) {
      return undefined;
    }
    return new SharedMemory(zmq, fd, address, size);
  }
}
