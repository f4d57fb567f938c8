/**
 * What the tests with real processes share. Each test has a folder of its own, in which
 * its dispatchers put their run directories; a process belongs to the test when that
 * folder is in its command line, which holds for every worker. At the end neither may be
 * left.
 *
 * @module
 */

import { settings, WorkerLostError } from "../../mod.ts";
// libzmq is opened outside of every test: it stays open until the process ends.
import "../zeromq/_tools.ts";

/** Whether this system tells its processes under `/proc`. */
export const hasProc: boolean = Deno.build.os === "linux";

/** How soon no worker may be left when its host has died, in milliseconds. */
export const HOST_DEATH = 2000;

/** How a test differs from the usual one. */
export interface TestOptions {
  /** After so many seconds the test fails; far more than it ever needs. */
  seconds?: number;
  /** Whether this system, or this user, cannot run it. */
  ignore?: boolean;
}

/** Where a test may write, and where its run directories are. */
export interface Ground {
  /** A folder for the test's own files. */
  folder: string;
  /** Where its dispatchers, and its programs, put their run directories. */
  runs: string;
}

/** A test that bounds its time, and fails when it leaves a process or a directory. */
export function test(
  name: string,
  fn: (ground: Ground) => Promise<void>,
  { seconds = 60, ignore = !hasProc }: TestOptions = {},
): void {
  Deno.test({
    name,
    ignore,
    sanitizeOps: true,
    sanitizeResources: true,
    sanitizeExit: true,
    async fn() {
      const folder = Deno.makeTempDirSync({ prefix: "ge-test-" });
      const runs = `${folder}/runs`;
      Deno.mkdirSync(runs);
      const { tempDirectory } = settings;
      settings.tempDirectory = runs;
      const late = Promise.withResolvers<never>();
      const timer = setTimeout(() => {
        late.reject(new Error(`Still waiting after ${seconds} s`));
      }, seconds * 1000);
      try {
        await Promise.race([fn({ folder, runs }), late.promise]);
        // A worker that starts anew has no command line for a moment, and so escapes notice.
        const gone = () => workersOf(runs).length + entries(runs).length === 0;
        await until("left no worker and no run directory", gone);
      } finally {
        clearTimeout(timer);
        settings.tempDirectory = tempDirectory;
        for (const pid of workersOf(runs)) kill(pid, "SIGKILL");
        Deno.removeSync(folder, { recursive: true });
      }
    },
  });
}

/** The names in a folder. */
export function entries(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name);
}

/** The arguments of every process that runs, by its id. */
export function processes(): Map<number, string[]> {
  const found = new Map<number, string[]>();
  for (const name of entries("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const pid = Number(name);
    const line = readIfThere(`/proc/${pid}/cmdline`);
    if (line && isAlive(pid)) found.set(pid, line.split("\0").slice(0, -1));
  }
  return found;
}

/** The ids of the processes that run with a file of this folder in their arguments. */
export function workersOf(runs: string): number[] {
  return [...processes()]
    .filter(([, args]) => args.some((arg) => arg.startsWith(`${runs}/`)))
    .map(([pid]) => pid);
}

/** Whether a process runs: one that has ended and that nobody asked after does not. */
export function isAlive(pid: number): boolean {
  const stat = readIfThere(`/proc/${pid}/stat`);
  return stat !== undefined && !/\) [ZX] /.test(stat);
}

function readIfThere(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    // A process that ends while it is looked at gives ESRCH.
    if (
      error instanceof Deno.errors.NotFound || (error as Error).message.includes("3")
    ) {
      return undefined;
    }
    throw error;
  }
}

/** Sends a signal to a process, or to the group `-pid`, if it is still there. */
export function kill(pid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/**
 * Waits for what only looking again and again can tell. While the machine lets nobody
 * run, us neither, the clock stands still.
 *
 * @param what What is waited for, for the error.
 * @param holds Whether it is so.
 * @param within After so many milliseconds it is too late.
 */
export async function until(
  what: string,
  holds: () => boolean,
  within = 30_000,
): Promise<void> {
  let last = performance.now();
  for (let waited = 0; !holds();) {
    if (waited > within) throw new Error(`After ${within} ms: not ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
    const now = performance.now();
    waited += Math.min(now - last, 100);
    last = now;
  }
}

/** Waits until none of these processes is left. */
export async function gone(pids: number[], within?: number): Promise<void> {
  await until(`gone: ${pids}`, () => !pids.some(isAlive), within);
}

/** The numbers from 0 to below `n`. */
export function range(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}

/** The value, which must be a loss. */
export function lossIn(value: unknown): WorkerLostError {
  if (value instanceof WorkerLostError) return value;
  throw new Error(`Not a WorkerLostError: ${Deno.inspect(value)}`);
}
