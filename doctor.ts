/**
 * Checks what maps need, on this machine and on its cluster, and says what to do if
 * something is missing: `deno run -A jsr:@x/gridengine/doctor`.
 *
 * @example
 * ```ts
 * import { main } from "jsr:@x/gridengine/doctor";
 * import { deepEqual as assertEquals } from "node:assert/strict";
 *
 * assertEquals(await main(["--local"]), 0); // the exit status
 * ```
 *
 * @module
 */

import { main } from "./src/doctor/doctor.ts";

export { main };

if (import.meta.main) Deno.exit(await main(Deno.args));
