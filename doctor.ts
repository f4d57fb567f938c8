/**
 * Looks at what maps need, on this machine and on its cluster, and says what to do where
 * something is missing: `deno run -A jsr:@x/gridengine/doctor`.
 *
 * @example
 * ```ts ignore
 * import { main } from "jsr:@x/gridengine/doctor";
 *
 * Deno.exit(await main(["--queue", "all.q", "--timeout", "600"]));
 * ```
 *
 * @module
 */

import { main } from "./src/doctor/doctor.ts";

export { main };

if (import.meta.main) Deno.exit(await main(Deno.args));
