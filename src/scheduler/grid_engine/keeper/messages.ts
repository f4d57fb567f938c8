/**
 * What a keeper and the program that started it say to each other: a line of JSON each,
 * over the keeper's standard input and output. A report begins on a line of its own, for
 * the library may print there, too.
 *
 * @module
 */

import type { JobAttributes } from "../../../drmaa/attributes.ts";
import type { JobInfo } from "../../../drmaa/job_info.ts";

/** How often a keeper tells that it is alive, in milliseconds. */
export const BEAT = 2000;

/** The first line to a keeper: how to open the session. */
export interface KeeperStart {
  /** The path of libdrmaa; it is looked for if none is given. */
  library?: string;
  /** The session of a keeper that is gone. */
  contact?: string;
  /** The jobs of that session that have not ended. */
  jobs?: string[];
  /** Those of them that are to end. */
  ending?: string[];
  /** Directories to remove when the last job has ended. */
  directories?: string[];
}

/** What a keeper is asked to do. Each is answered. */
export type KeeperRequest =
  /** Submit a bulk job, in one try; the answer is the ids of its tasks. */
  | { id: number; do: "submit"; attributes: JobAttributes; count: number }
  /** Terminate jobs, however often it takes: the answer says only that this was heard. */
  | { id: number; do: "terminate"; jobs: string[] }
  /** Tell what a job is doing, which is the answer. */
  | { id: number; do: "status"; job: string }
  /** Remove a directory at the end. */
  | { id: number; do: "remove"; directory: string };

/** What a keeper tells. */
export type KeeperReport =
  /** The session is open. */
  | { tell: "open"; contact: string; drmSystem: string }
  /** It lives. */
  | { tell: "alive" }
  | { tell: "done"; id: number; value: string[] }
  /** A request failed; without `id`, the session could not be opened. */
  | { tell: "failed"; id?: number; code: number; codeName: string; message: string }
  /** A job has ended. */
  | { tell: "ended"; info: JobInfo }
  /** A job is gone, and how it ended is not known. */
  | { tell: "gone"; job: string };
