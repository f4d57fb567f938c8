/**
 * Which processes there are, and how to end them: by their ids, never by a name that a
 * stranger's process could have as well.
 *
 * @module
 */

import { until } from "./shell.ts";

/**
 * The ids of the processes for which something is true. What has ended meanwhile is not,
 * and neither is what not even root may look into: it is none of ours.
 */
export function processes(test: (pid: number) => boolean): number[] {
  const found: number[] = [];
  for (const { name } of Deno.readDirSync("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === Deno.pid) continue;
    try {
      if (test(pid)) found.push(pid);
    } catch (error) {
      if (!ended(error) && !(error instanceof Deno.errors.PermissionDenied)) {
        throw error;
      }
    }
  }
  return found;
}

/** The name of the program that a process runs. */
export function programOf(pid: number): string {
  return Deno.readTextFileSync(`/proc/${pid}/comm`).trim();
}

/**
 * Whether a process is a user's, and does not just wait for the machine's first process to
 * take note of its end: some take their time.
 */
export function isRunBy(user: number, pid: number): boolean {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return !/^State:\s+Z/m.test(status) &&
    new RegExp(`^Uid:\\s+${user}\\b`, "m").test(status);
}

/** Ends processes at once, and whatever they start meanwhile, until none is left. */
export async function endAll(find: () => number[]): Promise<void> {
  await until("all processes have ended", () => {
    const left = find();
    for (const pid of left) kill(pid);
    return left.length === 0;
  });
}

function kill(pid: number): void {
  try {
    Deno.kill(pid, "SIGKILL");
  } catch (error) {
    if (!ended(error)) throw error;
  }
}

/** Whether an error says that the process is no more. */
function ended(error: unknown): boolean {
  const noSuchProcess = error instanceof Error &&
    /os error 3\b|ESRCH/.test(error.message);
  return noSuchProcess || error instanceof Deno.errors.NotFound;
}
