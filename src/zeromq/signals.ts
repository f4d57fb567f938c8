/**
 * Keeps deno's debugger shut. By SIGUSR1 deno opens it on the loopback, where every user
 * of the machine may then run code in the process; a listener does not prevent that, nor
 * does ignoring the signal. What does is to have it blocked: in all threads, so before
 * the process begins. A mask is inherited by what a thread starts, and kept by `execv`.
 * Source: the manual page pthread_sigmask(3).
 *
 * @module
 */

import { constants } from "node:os";
import type { Libzmq } from "./libzmq.ts";

/** `SIG_BLOCK` and `SIG_SETMASK` of signal.h. */
const [BLOCK, SET_MASK] = Deno.build.os === "darwin" ? [1, 3] : [0, 2];
/** At least the size of `sigset_t`, in bytes. */
const SET_SIZE = 128;
/** The signal's place in a set: signals are numbered from 1. */
const PLACE = constants.signals.SIGUSR1 - 1;
const BYTE = PLACE >> 3, BIT = 1 << (PLACE & 7);

/**
 * Blocks, in this thread, the signal that opens the debugger.
 *
 * @param zmq An open libzmq, which brings the C library along.
 * @returns The thread's mask as it was before.
 */
export function shutDebugger(zmq: Libzmq): Uint8Array<ArrayBuffer> {
  const signals = new Uint8Array(SET_SIZE);
  signals[BYTE] = BIT;
  const before = new Uint8Array(SET_SIZE);
  zmq.pthread_sigmask(BLOCK, signals, before);
  return before;
}

/** Whether the debugger is shut where this mask holds. */
export function isShut(mask: Uint8Array): boolean {
  return (mask[BYTE]! & BIT) !== 0;
}

/**
 * Does something in which processes are started, none of which can be made to open its
 * debugger.
 *
 * @param zmq An open libzmq, which brings the C library along.
 */
export function withDebuggerShut<T>(zmq: Libzmq, work: () => T): T {
  const before = shutDebugger(zmq);
  try {
    return work();
  } finally {
    zmq.pthread_sigmask(SET_MASK, before, null);
  }
}
