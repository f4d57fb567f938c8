/**
 * The scheduler that is taken where none is named.
 *
 * @module
 */

import { log } from "../settings.ts";
import { ProcessScheduler } from "./process.ts";
import type { Scheduler } from "./scheduler.ts";

/**
 * The best scheduler that this machine offers: at present always processes of this
 * machine. Which and why is said at log level `"debug"`.
 *
 * @example
 * ```ts
 * import { bestAvailable } from "jsr:@x/gridengine";
 *
 * await using scheduler = await bestAvailable();
 * console.log(scheduler.name, scheduler.workers);
 * ```
 */
export function bestAvailable(): Promise<Scheduler> {
  const scheduler = new ProcessScheduler();
  log(
    "debug",
    `using ${scheduler.workers} local processes, the only scheduler there is`,
  );
  return Promise.resolve(scheduler);
}
