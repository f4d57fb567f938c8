/** Much that many workers share, over a link of 1 Gbit/s: see `_large_program.ts`. */

import { assert, assertEquals } from "../fixtures/assert.ts";
import { entering, head, outputAs } from "../cluster/cluster.ts";
import { sh } from "../fixtures/shell.ts";
import { onCluster } from "../fixtures/on_cluster.ts";

const test = onCluster();

const link = (...words: string[]) =>
  sh(...entering(head) as [string, ...string[]], "tc", "qdisc", ...words);

test("What a function captured arrives at eight workers, over one link", async () => {
  const shape = ["rate", "1gbit", "burst", "1mb", "latency", "50ms"];
  await link("add", "dev", "eth0", "root", "tbf", ...shape);
  try {
    const words = ["deno", "run", "-A", "tests/scheduler/_large_program.ts"];
    const said = await outputAs("user", words, { signal: AbortSignal.timeout(90_000) });
    const { workers, grown } = JSON.parse(said);
    assertEquals(workers, 8);
    assert(grown < 600e6, `The program grew by ${grown} bytes`);
  } finally {
    await link("delete", "dev", "eth0", "root");
  }
});
