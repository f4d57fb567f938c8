/** `GridEngineScheduler` on a real Grid Engine: see `_cluster_programs.ts`. */

import { assertEquals } from "@std/assert";
import { type Claim, claim, HOME, outputAs, queueText } from "../cluster/cluster.ts";
import { programs } from "./_cluster_programs.ts";

// In CI they run all the same, and fail where they cannot.
const ignore = Deno.uid() !== 0 && Deno.env.get("CI") !== "true";

let cluster: Claim | undefined;

if (!ignore) {
  Deno.test.beforeAll(async () => void (cluster = await claim()));
  Deno.test.afterAll(async () => await cluster?.[Symbol.asyncDispose]());
}

for (const name of Object.keys(programs)) {
  Deno.test({
    name: `Grid Engine: ${name}`,
    ignore,
    async fn() {
      const words = ["deno", "run", "-A", "tests/scheduler/_cluster_programs.ts", name];
      await outputAs("user", words, { signal: AbortSignal.timeout(60_000) });
      assertEquals(await queueText(), "");
      assertEquals([...Deno.readDirSync(`${HOME}/.gridengine`)], []);
    },
  });
}
