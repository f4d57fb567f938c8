/**
 * Puts what workers run into Deno's cache, so that nodes need no network for it.
 *
 * @module
 */

import { SchedulerError } from "../../errors.ts";

/** What a worker starts in a thread, beside its program and what that imports. */
export const THREAD: string =
  new URL("../../worker/thread/main.ts", import.meta.url).href;

/** How long that may take, in milliseconds. */
const LIMIT = 120_000;

/**
 * Fetches programs and all that they import. One that lies in files needs nothing: they
 * are where they are.
 *
 * @param programs The worker's program and that of its thread, as URLs.
 * @param env Environment variables for deno, such as `DENO_DIR`.
 * @param limit How long it may take, in milliseconds.
 * @throws {SchedulerError} When something cannot be fetched, or not in that time.
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
