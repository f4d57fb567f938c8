/** `GridEngineScheduler` on a real Grid Engine: see `_cluster_programs.ts`. */

import { assertEquals, assertMatch } from "../fixtures/assert.ts";
import {
  type Claim,
  claim,
  HOME,
  isWanted,
  outputAs,
  PROJECT,
  queueText,
} from "../cluster/cluster.ts";
import { until } from "../fixtures/waiting.ts";
import { blocks, neededPermissions } from "../fixtures/documents.ts";
import { programs } from "./_cluster_programs.ts";

// In CI they run all the same, and fail where they cannot.
const ignore = !isWanted();

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

Deno.test({
  name: "Grid Engine: examples/cluster.ts shows the same on the cluster as here",
  ignore,
  async fn() {
    // With no more than docs/security.md says is needed.
    const flags = ["--no-prompt", ...neededPermissions()];
    const words = ["deno", "run", ...flags, "examples/cluster.ts"];
    const said = await outputAs("user", words, { signal: AbortSignal.timeout(60_000) });
    const lines = said.trimEnd().split("\n").map((line) => line.split(" on ")[0]!);
    assertEquals(lines.map((line) => line.split(/\s+/)), [
      ["Array.map", "3,6,9,12,15"],
      ["processes", "3,6,9,12,15"],
      ["cluster", "3,6,9,12,15"],
    ]);
    assertMatch(said, /cluster .* on node\d/);
  },
});

for (const { place, text, output } of blocks("ts ignore")) {
  Deno.test({
    name: `Grid Engine: ${place} runs as it stands there`,
    ignore,
    async fn() {
      const file = `${PROJECT}/document.ts`;
      await Deno.writeTextFile(file, text);
      try {
        const words = ["deno", "run", "-A", file];
        const said = await outputAs("user", words, {
          // As docs/cluster.md says of the DRMAA binding alone.
          env: { GLIBC_TUNABLES: "glibc.rtld.optional_static_tls=4096" },
          signal: AbortSignal.timeout(60_000),
        });
        assertEquals(said, output);
        // A program that closes no scheduler leaves its jobs' end to the keeper.
        await until("the queue is empty", async () => await queueText() === "");
      } finally {
        await Deno.remove(file);
      }
    },
  });
}
