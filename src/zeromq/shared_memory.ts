/**
 * Memory that two processes share, on Linux: a file without a name, which is gone when
 * nobody has it any more, whatever ends them. Nobody can make it smaller, either: who
 * looks into memory that a file no longer has is ended by SIGBUS. Source: the manual
 * pages memfd_create(2), fcntl(2), mmap(2) and proc(5).
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
/** `F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW`: the file keeps its size, for good. */
const SEALS = 1 | 2 | 4;
/** `O_RDWR | O_CLOEXEC | O_NONBLOCK` of Linux: whatever it is, to open it never waits. */
const READ_AND_WRITE = 0o2004002;
/** `SEEK_END`. */
const END = 2;

/** Memory that another process has, too. */
export class SharedMemory {
  /** What was opened here and not given back. */
  static readonly #opened = new Set<SharedMemory>();
  readonly bytes: Uint8Array;
  /** Of its file, in the process that made it. */
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
   * Makes some.
   *
   * @param zmq An open libzmq, which brings the C library along.
   * @param size In bytes; none is used until it is written to.
   * @returns `undefined` where it cannot be had.
   */
  static make(zmq: Libzmq, size: number): SharedMemory | undefined {
    // Beyond the limit the kernel ends the process.
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
   * Opens what another process of this machine has made.
   *
   * @param pid The process.
   * @param fd The descriptor that it has.
   * @returns `undefined` where it cannot be had, is of another size, or could be made so.
   */
  static open(
    zmq: Libzmq,
    pid: number,
    fd: number,
    size: number,
  ): SharedMemory | undefined {
    const own = zmq.open(cString(`/proc/${pid}/fd/${fd}`), READ_AND_WRITE);
    if (own < 0) return undefined;
    // In this order: once it is sealed, its size stays what it is.
    const seals = zmq.fcntl(own, GET_SEALS, 0);
    const isSealed = seals >= 0 && (seals & SEALS) === SEALS;
    const memory = isSealed && zmq.lseek(own, 0n, END) === BigInt(size)
      ? SharedMemory.#map(zmq, own, size)
      : undefined;
    // What is mapped stays.
    zmq.close(own);
    if (memory) SharedMemory.#opened.add(memory);
    return memory;
  }

  /** Gives it back, as seen from here. Nobody may look into it after that. */
  close(): void {
    SharedMemory.#opened.delete(this);
    this.#zmq.munmap(this.#address, BigInt(this.bytes.length));
  }

  /** Gives back all that was opened: for who ends though the process goes on. */
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
