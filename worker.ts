/**
 * The program of a worker process: `deno run … worker.ts RUN_FILE WORKER`. Schedulers
 * start it; users need not. (The example needs a run file that a host has written.)
 *
 * @example
 * ```ts ignore
 * import { main } from "jsr:@x/gridengine/worker";
 *
 * await main("/home/me/.gridengine/run-1/run.json", "1");
 * ```
 *
 * @module
 */

import { EXIT_STATUS } from "./src/protocol/exit_status.ts";
import { printError } from "./src/common/printing.ts";
import { main } from "./src/worker/process/main.ts";

export { main };

if (import.meta.main) {
  const [runFile, worker] = Deno.args;
  if (runFile === undefined || worker === undefined) {
    printError("Usage: worker.ts RUN_FILE WORKER; schedulers start this program");
    Deno.exit(EXIT_STATUS["wrong arguments"]);
  }
  await main(runFile, worker);
}
