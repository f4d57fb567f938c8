/**
 * Checks how many files and connections a program has open, and how many its workers need:
 * libzmq ends the whole program when it cannot open another one.
 *
 * @module
 */

import { ZeromqError } from "../errors.ts";
import { type Libzmq, openFilesLimit } from "../zeromq/libzmq.ts";

/**
 * How many files a program has open besides those for workers: Deno and libzmq were seen
 * to have 34; the rest is for what else the program does.
 */
const BESIDE = 64;
/** How many more are open for a moment, when a process starts or a worker reconnects. */
const MOMENTARY = 8;
/** The directory that lists the open files. */
const LIST = "/dev/fd";
/** How many files the connection of a worker takes. */
const CONNECTION = 1;

/** What is known of the scheduler that starts the workers. */
interface Starter {
  /** See `Scheduler.workers`. */
  workers: number;
  /** See `Scheduler.filesPerWorker`. */
  filesPerWorker: number;
}

/**
 * Checks that there can be as many workers as a scheduler has.
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
 * Checks that workers can be started now, whatever the program has opened meanwhile.
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

/** How many files are open, as far as the program may know. */
function countOpen(limit: number): number {
  // Without the permission, Deno might ask the user.
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
