/**
 * Which machine this is. Addresses do not tell: many machines have one in common, as each
 * with docker has 172.17.0.1. The kernel's own names do; it is asked for them by the C
 * library, for Deno reads `/proc` only for programs that may do everything.
 * Source: the manual pages proc(5), random(4) and namespaces(7).
 *
 * @module
 */

import { cString, type Libzmq } from "./libzmq.ts";

/** A machine, as its processes see it. A name is `null` where the system has none. */
export interface Machine {
  /** Of the kernel, since it was started. */
  boot: string | null;
  /** Of the network namespace, within that kernel. */
  network: string | null;
}

/** More than any of the names has, in bytes. */
const LONGEST = 256;
/** `O_RDONLY | O_CLOEXEC` of Linux. */
const READ_ONLY = 0o2000000;

/**
 * The machine, and the network, that this process is on.
 *
 * @param zmq An open libzmq, which brings the C library along.
 */
export function thisMachine(zmq: Libzmq): Machine {
  if (Deno.build.os !== "linux") return { boot: null, network: null };
  const name = new Uint8Array(LONGEST);
  const text = (length: number | bigint) =>
    length > 0
      ? new TextDecoder().decode(name.subarray(0, Number(length))).trim()
      : null;
  const fd = zmq.open(cString("/proc/sys/kernel/random/boot_id"), READ_ONLY);
  const boot = fd < 0 ? null : text(zmq.read(fd, name, BigInt(LONGEST)));
  if (fd >= 0) zmq.close(fd);
  const link = cString("/proc/self/ns/net");
  return { boot, network: text(zmq.readlink(link, name, BigInt(LONGEST))) };
}
