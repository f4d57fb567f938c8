/**
 * How the two ends of a connection notice that the other one is gone.
 *
 * @module
 */

import type { SocketOptions } from "./socket.ts";

/** A peer is lost when this many heartbeats did not come. */
const MISSED = 3;

/**
 * The socket options for signs of life, which are the same at both ends.
 *
 * @param interval How often to give one, in milliseconds.
 */
export function heartbeatOptions(interval: number): SocketOptions {
  return {
    heartbeatInterval: interval,
    heartbeatTimeout: MISSED * interval,
    heartbeatTtl: MISSED * interval,
  };
}
