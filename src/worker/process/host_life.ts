/**
 * Whether the host of a run lives. It holds a lock on its run file, which the system takes
 * away when the host ends, in whatever way: its process, or, under `deno run --watch` and
 * in a Web Worker, only the part of it that was the host. Nothing else does, however busy
 * or stopped it is, or whatever becomes of the network.
 *
 * @module
 */

import type { RunFile } from "../../protocol/run_file.ts";
import { isIpc } from "../../zeromq/endpoint.ts";
import type { Machine } from "../../zeromq/machine.ts";

/**
 * Waits for the end of a host.
 *
 * @param run The content of a run file.
 * @param file The file that it was read from; it must stay open.
 * @param here This machine.
 * @returns What resolves when the host has ended; `undefined` where nobody can tell, as on
 * another machine than the host's.
 */
export function endOfHost(
  run: RunFile,
  file: Deno.FsFile,
  here: Machine,
): Promise<void> | undefined {
  if (!isOn(run, here) || run.locked === null) return undefined;
  // A copy of the file, or the file as another mount shows it, is not what was locked.
  const { dev, ino } = file.statSync();
  const { device, inode } = run.locked;
  return dev === device && ino === inode ? unlocked(file) : undefined;
}

/** Whether the host is on this machine, for certain. */
function isOn({ endpoints, boot, network }: RunFile, here: Machine): boolean {
  // No other machine has its socket file, even where machines have no names.
  const [first] = endpoints;
  if (first !== undefined && isIpc(first)) return boot === here.boot;
  return boot !== null && boot === here.boot && network === here.network;
}

async function unlocked(file: Deno.FsFile): Promise<void> {
  for (;;) {
    try {
      // On a thread of Deno's pool: the event loop goes on meanwhile.
      return await file.lock(false);
    } catch (error) {
      // A signal came.
      if (error instanceof Deno.errors.Interrupted) continue;
      return await new Promise(() => {});
    }
  }
}
