/**
 * The type and the options of a socket, which are set before it binds or connects.
 *
 * @module
 */

import { lastError, type Libzmq } from "./libzmq.ts";

/** The socket types in use, with their numbers in zmq.h. */
export const TYPES = { PAIR: 0, REP: 4, DEALER: 5, ROUTER: 6 } as const;

/** Socket options, with their numbers in zmq.h and the type of their value. */
const OPTIONS = {
  routingId: [5, "bytes"],
  linger: [17, "int"],
  maxMessageSize: [22, "int64"],
  sendHighWaterMark: [23, "int"],
  receiveHighWaterMark: [24, "int"],
  /** Whether IPv6 is used, in addition to IPv4. */
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
  /** Whether peers are refused while no ZapHandler answers; needs a `zapDomain`. */
  zapEnforceDomain: [93, "int"],
  /** Draft: the message that a ROUTER receives, as if from the peer, if a peer is lost. */
  disconnectMessage: [111, "bytes"],
  /** Draft: the message that a DEALER receives if its own connection is lost. */
  hiccupMessage: [114, "bytes"],
} as const;

/** The socket types of this binding. */
export type SocketType = keyof typeof TYPES;

/**
 * Options by name. Times are in milliseconds, sizes in bytes, and keys are Z85 text. See
 * `zmq_setsockopt` in libzmq's reference.
 */
export type SocketOptions = {
  [Name in keyof typeof OPTIONS]?: (typeof OPTIONS)[Name][1] extends "text" ? string
    : (typeof OPTIONS)[Name][1] extends "bytes" ? Uint8Array
    : number;
};

/** Adds this binding's own defaults, which differ from those of libzmq. */
export function withDefaults(type: SocketType, options: SocketOptions): SocketOptions {
  return {
    linger: 0,
    // A ROUTER has many peers and cannot wait for one, so its queues have no limit. The
    // sender must limit what is in transit.
    ...(type === "ROUTER" && { sendHighWaterMark: 0 }),
    // By default libzmq admits every key while there is no ZapHandler.
    ...(options.curveServer && { zapDomain: "gridengine", zapEnforceDomain: 1 }),
    ...options,
  };
}

/**
 * Sets an option of a socket.
 *
 * @throws {ZeromqError} If libzmq refuses, such as by `EINVAL`.
 */
export function setOption(
  zmq: Libzmq,
  socket: Deno.PointerObject,
  name: keyof SocketOptions,
  value: number | string | Uint8Array,
): void {
  const [number, kind] = OPTIONS[name];
  const bytes = kind === "int64"
    ? new Uint8Array(new BigInt64Array([BigInt(value as number)]).buffer)
    : typeof value === "number"
    ? new Uint8Array(new Int32Array([value]).buffer)
    : typeof value === "string"
    ? new TextEncoder().encode(value)
    : new Uint8Array(value);
  const result = zmq.zmq_setsockopt(socket, number, bytes, BigInt(bytes.length));
  if (result < 0) throw lastError(zmq, `Cannot set the socket option ${name}`);
}
