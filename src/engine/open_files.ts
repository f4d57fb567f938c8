/**
 * How many files and connections a program has open, and how many its workers need: for
 * libzmq ends the whole program when it may not open one more.
 *
 * @module
 */

import { ZeromqError } from "../errors.ts";
import { type Libzmq, openFilesLimit } from "../zeromq/libzmq.ts";

/**
 * What a program has open beside what its workers take: 34 were seen, of deno and of
 * libzmq, and the rest is for what else it does.
 */
const BESIDE = 64;
/** What starting a process takes for a moment, and a worker that connects anew. */
const MOMENTARY = 8;
/** Where each open file has a name. */
const LIST = "/dev/fd";
/** The connection of a worker. */
const CONNECTION = 1;

/** Who starts the workers. */
interface Starter {
  /** See `Scheduler.workers`. */
  workers: number;
  /** See `Scheduler.filesPerWorker`. */
  filesPerWorker: number;
}

/**
 * Sees to it that there can be as many workers as a scheduler has.
 *
 * @throws {ZeromqError} `EMFILE` when there cannot.
 */
export function checkOpenFiles(
  zmq: Libzmq,
  { workers, filesPerWorker }: Starter,
): void {
  const limit = openFilesLimit(zmq);
  const needed = BESIDE + workers * (CONNECTION + filesPerWorker);
  if (needed <= limit) return;
  throw tooMany(
    `${workers} workers need ${needed} open files, and the limit is ${limit}`,
  );
}

/**
 * Sees to it that workers can be started now, whatever the program has opened meanwhile.
 *
 * @param starting How many.
 * @param expected How many were started before and have not connected yet.
 * @throws {ZeromqError} `EMFILE` when they cannot.
 */
export function checkRoom(
  zmq: Libzmq,
  { filesPerWorker, starting, expected }: Omit<Starter, "workers"> & {
    starting: number;
    expected: number;
  },
): void {
  const limit = openFilesLimit(zmq);
  const open = countOpen(limit);
  const needed = starting * (CONNECTION + filesPerWorker) + expected * CONNECTION;
  if (open + needed + MOMENTARY <= limit) return;
  throw tooMany(
    `The program has ${open} files open, its workers need ${needed} more, and the limit ` +
      `is ${limit}`,
  );
}

/** How many are open, as far as the program may know. */
function countOpen(limit: number): number {
  // Deno might ask the user.
  const { state } = Deno.permissions.querySync({ name: "read", path: LIST });
  if (state !== "granted") return 0;
  try {
    // One of them is the list itself.
    return [...Deno.readDirSync(LIST)].length - 1;
  } catch (error) {
    const isFull = error instanceof Error && /too many open files/i.test(error.message);
    return isFull ? limit : 0;
  }
}

function tooMany(what: string): ZeromqError {
  return new ZeromqError(
    "EMFILE",
    `${what}: raise it by ulimit -n, or have fewer workers`,
  );
}
