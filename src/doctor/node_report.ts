/**
 * The report that a probe on a node writes into the run's directory for the host.
 *
 * @module
 */

/** The name of the file. */
export const NODE_REPORT = "node.json";

/** What the probe found on a node. */
export interface NodeReport {
  /** The node's name. */
  host: string;
  /** The version of its deno. */
  deno: string;
  /** When the probe began, by the node's clock, in milliseconds. */
  began: number;
  /** Why libzmq cannot be opened there; `undefined` if it can. */
  libzmq: string | undefined;
  /** The host's addresses, and whether the node reaches them. */
  addresses: Reached[];
  /** The limits in force, such as `"open files 1024"`. */
  limits: string[];
}

/** The result of a connection to one address. */
export interface Reached {
  /** The address and the port. */
  address: string;
  /** Whether it answered. */
  answers: boolean;
  /** How fast it answered, or why it did not. */
  detail: string;
}
