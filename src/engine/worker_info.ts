/**
 * Which process a worker is.
 *
 * @module
 */

/** A worker's process. */
export interface WorkerInfo {
  /** Its name within the dispatcher. */
  id: string;
  /** Its process id. */
  pid: number;
  /** Its machine. */
  host: string;
}
