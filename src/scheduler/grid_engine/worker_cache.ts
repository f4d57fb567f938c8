/**
 * Puts the workers' program into Deno's cache, so that nodes need no network for it.
 *
 * @module
 */

import { SchedulerError } from "../../errors.ts";

/** The program that a worker starts in a thread, in addition to its own program. */
export const THREAD: string =
  new URL("../../worker/thread/main.ts", import.meta.url).href;

/** How long fetching may take, in milliseconds. */
const LIMIT = 120_000;

/**
 * Fetches programs and everything that they import. Programs that are local files need not
 * be fetched.
 *
 * @param programs The worker's program and that of its thread, as URLs.
 * @param env Environment variables for deno, such as `DENO_DIR`.
 * @param limit How long fetching may take, in milliseconds.
 * @throws {SchedulerError} If something cannot be fetched in time.
 */
export async function cacheWorker(
  programs: string[],
  env: Record<string, string> = {},
  limit: number = LIMIT,
): Promise<void> {
  const modules = programs.filter((program) => !program.startsWith("file:"));
  if (modules.length === 0) return;
  const signal = AbortSignal.timeout(limit);
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["cache", "--quiet", "--allow-import", "--no-config", ...modules],
    env: { NO_COLOR: "1", ...env },
    signal,
  }).output();
  if (success) return;
  if (signal.aborted) {
    throw new SchedulerError(
      `The workers' program cannot be fetched within ${limit} ms: ${
        modules.join(", ")
      }`,
    );
  }
  const said = new TextDecoder().decode(stderr).trimEnd();
  throw new SchedulerError(`The workers' program cannot be fetched: ${said}`);
}
