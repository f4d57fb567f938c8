/**
 * Puts what workers run into Deno's cache, so that nodes need no network for it.
 *
 * @module
 */

import { SchedulerError } from "../errors.ts";

/** What the worker's program starts besides what it imports, beside the program itself. */
const THREAD = "./src/worker/executor.ts";

/**
 * Fetches the worker's program and all that it imports. A program that lies in files
 * needs nothing: they are where they are.
 *
 * @param module The worker's program, as a URL.
 * @param env Environment variables for deno, such as `DENO_DIR`.
 * @throws {SchedulerError} When something cannot be fetched.
 */
export async function cacheWorker(
  module: string,
  env: Record<string, string> = {},
): Promise<void> {
  if (module.startsWith("file:")) return;
  const modules = [module, new URL(THREAD, module).href];
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["cache", "--quiet", "--allow-import", "--no-config", ...modules],
    env: { NO_COLOR: "1", ...env },
  }).output();
  if (success) return;
  const said = new TextDecoder().decode(stderr).trimEnd();
  throw new SchedulerError(`The workers' program cannot be fetched: ${said}`);
}
