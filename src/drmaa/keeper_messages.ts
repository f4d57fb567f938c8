/**
 * What a keeper and the program that started it say to each other: a line of JSON each,
 * over the keeper's standard input and output.
 *
 * @module
 */

import type { JobAttributes } from "./attributes.ts";
import type { JobInfo } from "./session.ts";

/** The first line to a keeper: how to open the session. */
export interface KeeperStart {
  /** The path of libdrmaa; it is looked for if none is given. */
  library?: string;
  /** The session of a keeper that is gone. */
  contact?: string;
  /** The jobs of that session that have not ended. */
  jobs?: string[];
  /** Directories to remove when the last job has ended. */
  directories?: string[];
}

/** What a keeper is asked to do. */
export type KeeperRequest =
  /** Submit a bulk job; the answer is the ids of its tasks. */
  | { id: number; do: "submit"; attributes: JobAttributes; count: number }
  /** Terminate jobs; those that are not known any more are passed over. */
  | { id: number; do: "terminate"; jobs: string[] }
  /** Remove a directory at the end, or not any more. */
  | { id: number; do: "keep"; directory: string; remove: boolean };

/** What a keeper tells. */
export type KeeperReport =
  /** The session is open. */
  | { tell: "open"; contact: string; drmSystem: string }
  | { tell: "done"; id: number; value: string[] }
  /** A request failed; without `id`, the session could not be opened. */
  | { tell: "failed"; id?: number; code: number; codeName: string; message: string }
  /** A job has ended. */
  | { tell: "ended"; info: JobInfo }
  /** A job is gone, and how it ended is not known. */
  | { tell: "gone"; job: string };
