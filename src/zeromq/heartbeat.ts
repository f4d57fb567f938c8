/**
 * How the two ends of a connection notice that the other one is gone.
 *
 * @module
 */

import type { SocketOptions } from "./socket.ts";

/** A peer is lost after this many missed heartbeats. */
const MISSED = 3;

/**
 * The socket options for heartbeats, which must be the same at both ends.
 *
 * @param interval The interval of heartbeats, in milliseconds.
 */
export function heartbeatOptions(interval: number): SocketOptions {
  return {
    heartbeatInterval: interval,
    heartbeatTimeout: MISSED * interval,
    heartbeatTtl: MISSED * interval,
  };
}
