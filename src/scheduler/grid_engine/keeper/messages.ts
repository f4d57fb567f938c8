/**
 * The messages between a keeper and the program that started it. Each is a line of JSON on
 * the keeper's standard input or output. A report begins with a new line, because the
 * library may print to standard output, too.
 *
 * @module
 */

import type { JobAttributes } from "../../../drmaa/attributes.ts";
import type { JobInfo } from "../../../drmaa/job_info.ts";

/** The interval of the keeper's signs of life, in milliseconds. */
export const BEAT = 2000;

/** The first line to a keeper: how to open the session. */
export interface KeeperStart {
  /** The path of libdrmaa. Default: it is searched for. */
  library?: string;
  /** The contact of a lost keeper's session. */
  contact?: string;
  /** The jobs of that session that have not ended. */
  jobs?: string[];
  /** Those of them that are to be terminated. */
  ending?: string[];
  /** Directories to remove when the last job has ended. */
  directories?: string[];
}

/** The requests to a keeper. Each is answered. */
export type KeeperRequest =
  /** Submit an array job, in one attempt. The answer has the ids of its tasks. */
  | { id: number; do: "submit"; attributes: JobAttributes; count: number }
  /** Terminate jobs, repeatedly if necessary. The answer only confirms the request. */
  | { id: number; do: "terminate"; jobs: string[] }
  /** Look up the state of a job. The answer has that state. */
  | { id: number; do: "status"; job: string }
  /** Remove a directory at the end. */
  | { id: number; do: "remove"; directory: string };

/** The reports of a keeper. */
export type KeeperReport =
  /** The session is open. */
  | { tell: "open"; contact: string; drmSystem: string }
  /** The keeper is alive. */
  | { tell: "alive" }
  /** A request is done. */
  | { tell: "done"; id: number; value: string[] }
  /** A request failed; without `id`, the session could not be opened. */
  | { tell: "failed"; id?: number; code: number; codeName: string; message: string }
  /** A job has ended. */
  | { tell: "ended"; info: JobInfo }
  /** A job has ended, but it is not known how. */
  | { tell: "gone"; job: string };
