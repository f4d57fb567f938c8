/** `GridEngineScheduler` on a real Grid Engine: see `_cluster_programs.ts`. */

import { assertEquals, assertMatch } from "@std/assert";
import {
  type Claim,
  claim,
  HOME,
  isWanted,
  outputAs,
  PROJECT,
  queueText,
} from "../cluster/cluster.ts";
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
    const words = ["deno", "run", "-A", "examples/cluster.ts"];
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

Deno.test({
  name: "Grid Engine: the README's example runs as it stands there",
  ignore,
  async fn() {
    const readme = await Deno.readTextFile(new URL("../../README.md", import.meta.url));
    const blocks = [...readme.matchAll(/```ts ignore\n(.*?)```/gs)].map(([, text]) =>
      text!
    );
    assertEquals(blocks.length, 1);
    const file = `${PROJECT}/readme_example.ts`;
    await Deno.writeTextFile(file, blocks[0]!);
    try {
      const words = ["deno", "run", "-A", file];
      const said = await outputAs("user", words, {
        signal: AbortSignal.timeout(60_000),
      });
      assertEquals(said.trimEnd(), "[ 3, 6, 9 ]");
    } finally {
      await Deno.remove(file);
    }
  },
});
