/**
 * The default scheduler.
 *
 * @module
 */

import { log } from "./common/log.ts";
import { GridEngineScheduler } from "./scheduler/grid_engine/scheduler.ts";
import { ProcessScheduler } from "./scheduler/process.ts";
import type { Scheduler } from "./scheduler/scheduler.ts";

/** Why the cluster cannot be used, once that is known. */
let reason: string | undefined;

/**
 * Makes the best scheduler for this machine: a {@linkcode GridEngineScheduler} if a DRMAA
 * session opens and this host may submit jobs, otherwise a {@linkcode ProcessScheduler}.
 * At log level `"debug"` it logs which one, and why.
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
      await scheduler.close().catch(() => {}); // It is not needed.
      reason = `the cluster accepts no jobs from here: ${(error as Error).message}`;
    }
  }
  const scheduler = new ProcessScheduler();
  log("debug", `using ${scheduler.workers} local processes: ${reason}`);
  return scheduler;
}
