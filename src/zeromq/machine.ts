/**
 * Identifies this machine. Addresses cannot do that, because many machines share one: each
 * machine with docker has 172.17.0.1. The kernel's identifiers can. They are read by the C
 * library, because Deno lets only programs with all permissions read `/proc`.
 * Source: the manual pages proc(5), random(4) and namespaces(7).
 *
 * @module
 */

import { cString, type Libzmq } from "./libzmq.ts";

/** Identifiers of a machine. Each is `null` on systems that have none. */
export interface Machine {
  /** The kernel's boot id: new each time that the machine starts. */
  boot: string | null;
  /** The network namespace within that kernel. */
  network: string | null;
}

/** More bytes than any of the identifiers has. */
const LONGEST = 256;
/** `O_RDONLY | O_CLOEXEC` of Linux. */
const READ_ONLY = 0o2000000;

/**
 * The machine and the network of this process.
 *
 * @param zmq An open libzmq, which is linked with the C library.
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
