/**
 * What a probe on a node writes into the run's directory, for the host to read.
 *
 * @module
 */

/** The name of the file. */
export const NODE_REPORT = "node.json";

/** What a node sees. */
export interface NodeReport {
  /** Its name. */
  host: string;
  /** The version of its deno. */
  deno: string;
  /** When the probe began, by the node's clock, in milliseconds. */
  began: number;
  /** Why libzmq cannot be opened there, if so. */
  libzmq: string | undefined;
  /** The host's addresses. */
  addresses: Reached[];
  /** The limits in force, such as `"open files 1024"`. */
  limits: string[];
}

/** What came of a connection to one address. */
export interface Reached {
  /** The address and the port. */
  address: string;
  /** Whether it answered. */
  answers: boolean;
  /** How it did, or why not. */
  detail: string;
}
