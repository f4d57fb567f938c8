/** The binding on a real Grid Engine: see `_scenarios.ts` for what is done there. */

import { assertEquals } from "../fixtures/assert.ts";
import {
  type Claim,
  claim,
  isWanted,
  outputAs,
  queueText,
} from "../cluster/cluster.ts";
import { scenarios } from "./_scenarios.ts";

// In CI they run all the same, and fail where they cannot.
const ignore = !isWanted();

let cluster: Claim | undefined;

if (!ignore) {
  Deno.test.beforeAll(async () => void (cluster = await claim()));
  Deno.test.afterAll(async () => await cluster?.[Symbol.asyncDispose]());
}

const env = { GLIBC_TUNABLES: "glibc.rtld.optional_static_tls=4096", NO_COLOR: "1" };

for (const name of Object.keys(scenarios)) {
  Deno.test({
    name: `Grid Engine: ${name}`,
    ignore,
    async fn() {
      const words = ["deno", "run", "-A", "tests/drmaa/_scenarios.ts", name];
      await outputAs("user", words, { env, signal: AbortSignal.timeout(120_000) });
    },
  });
}

Deno.test({
  name: "Grid Engine: No job is left",
  ignore,
  fn: async () => assertEquals(await queueText(), ""),
});
