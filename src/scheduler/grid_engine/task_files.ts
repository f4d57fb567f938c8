/**
 * The files of a task that this host sees, too: its log, and what its start script finds
 * out on its node.
 *
 * @module
 */

import { within } from "../../common/within.ts";
import type { Task } from "./submission.ts";

/** How long the file server may take to answer, in milliseconds. */
const FILE_LIMIT = 5000;
/** How much of a file is read, in bytes. */
const TAIL = 4096;

/**
 * Whether a node has begun with a task. Its log exists before the prolog runs, and before
 * anything else that may fail on a node.
 */
export async function isTaken({ logFile }: Task): Promise<boolean> {
  return await within(FILE_LIMIT, isThere(logFile), false);
}

/** Whether a task's script is running, or has run. */
export async function hasStarted({ limitsFile }: Task): Promise<boolean> {
  return await within(FILE_LIMIT, isThere(limitsFile), false);
}

/** The host that a task's script has written down; `undefined` if there is none. */
export async function hostOf({ limitsFile }: Task): Promise<string | undefined> {
  const text = await within(FILE_LIMIT, readTail(limitsFile), "");
  return /@(\S+)$/.exec(text)?.[1];
}

/** The last lines of a task's log. */
export async function logOf({ logFile }: Task): Promise<string> {
  return await within(FILE_LIMIT, readTail(logFile), "");
}

/** Removes a task's log, if possible. */
export async function removeLog({ logFile }: Task): Promise<void> {
  await within(FILE_LIMIT, Deno.remove(logFile).catch(() => {}), undefined);
}

async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch {
    return false;
  }
}

async function readTail(path: string): Promise<string> {
  try {
    using file = await Deno.open(path);
    const { size } = await file.stat();
    await file.seek(Math.max(0, size - TAIL), Deno.SeekMode.Start);
    const bytes = new Uint8Array(TAIL);
    let length = 0;
    for (let read; (read = await file.read(bytes.subarray(length)));) length += read;
    return new TextDecoder().decode(bytes.subarray(0, length)).trimEnd();
  } catch {
    return "";
  }
}
