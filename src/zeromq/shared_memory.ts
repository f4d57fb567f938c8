/**
 * Memory that two processes share, on Linux: a file without a name, which is gone when
 * nobody has it any more, whatever ends them. Source: the manual pages memfd_create(2),
 * mmap(2) and proc(5).
 *
 * @module
 */

import { cString, fileSizeLimit, type Libzmq } from "./libzmq.ts";

/** Of sys/mman.h. */
const PROT_READ = 1, PROT_WRITE = 2, MAP_SHARED = 1;
/** `MAP_FAILED`. */
const FAILED = 2n ** 64n - 1n;
/** `MFD_CLOEXEC`. */
const CLOSE_ON_EXEC = 1;
/** `O_RDWR | O_CLOEXEC` of Linux. */
const READ_AND_WRITE = 0o2000002;
/** `SEEK_END`. */
const END = 2;

/** Memory that another process has, too. */
export class SharedMemory {
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
    const fd = zmq.memfd_create?.(cString("gridengine"), CLOSE_ON_EXEC) ?? -1;
    if (fd < 0) return undefined;
    const memory = zmq.ftruncate(fd, BigInt(size)) === 0
      ? SharedMemory.#map(zmq, fd, size)
      : undefined;
    if (!memory) zmq.close(fd);
    return memory;
  }

  /**
   * Opens what another process of this machine has made.
   *
   * @param pid The process.
   * @param fd The descriptor that it has.
   * @returns `undefined` where it cannot be had, or is smaller.
   */
  static open(
    zmq: Libzmq,
    pid: number,
    fd: number,
    size: number,
  ): SharedMemory | undefined {
    const own = zmq.open(cString(`/proc/${pid}/fd/${fd}`), READ_AND_WRITE);
    if (own < 0) return undefined;
    const memory = zmq.lseek(own, 0n, END) >= BigInt(size)
      ? SharedMemory.#map(zmq, own, size)
      : undefined;
    // What is mapped stays.
    zmq.close(own);
    return memory;
  }

  /** Gives it back, as seen from here. Nobody may look into it after that. */
  close(): void {
    this.#zmq.munmap(this.#address, BigInt(this.bytes.length));
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
