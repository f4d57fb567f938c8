/**
 * The scheduler that is taken where none is named.
 *
 * @module
 */

import { log } from "./common/log.ts";
import { GridEngineScheduler } from "./scheduler/grid_engine/scheduler.ts";
import { ProcessScheduler } from "./scheduler/process.ts";
import type { Scheduler } from "./scheduler/scheduler.ts";

/** Why there is no cluster, once that was found out. */
let reason: string | undefined;

/**
 * The best scheduler that this machine offers: a cluster's, where a DRMAA library loads
 * and opens a session on a host that may submit, else processes of this machine. Which and why is said at log level
 * `"debug"`.
 *
 * @example
 * ```ts
 * import { bestAvailable } from "jsr:@x/gridengine";
 *
 * await using scheduler = await bestAvailable();
 * console.log(scheduler.name, scheduler.workers);
 * ```
 */
export async function bestAvailable(): Promise<Scheduler> {
  const { mayHaveDrmaa } = await import("./drmaa/locate.ts");
  reason ??= mayHaveDrmaa() ? undefined : "no DRMAA library was found";
  if (reason === undefined) {
    const scheduler = new GridEngineScheduler();
    try {
      await scheduler.open();
      await scheduler.checkSubmitHost();
      log("debug", `using ${scheduler.name}: a DRMAA session opens`);
      return scheduler;
    } catch (error) {
      await scheduler.close().catch(() => {}); // It is not used.
      reason = `the cluster takes no jobs from here: ${(error as Error).message}`;
    }
  }
  const scheduler = new ProcessScheduler();
  log("debug", `using ${scheduler.workers} local processes: ${reason}`);
  return scheduler;
}
