/** The report of a run on a real Grid Engine, in a browser. */

import { assert, assertEquals, assertMatch } from "../fixtures/assert.ts";
import { HOME, outputAs } from "../cluster/cluster.ts";
import { onCluster } from "../fixtures/on_cluster.ts";
import { Chromium, isWanted, pixels, textOf } from "./_browser.ts";

const test = onCluster();

test("A report names nodes, the wait in the queue, failures and a lost worker", async () => {
  const directory = (await outputAs("user", ["mktemp", "-d", "-p", HOME])).trim();
  try {
    const report = `${directory}/run.html`;
    const words = ["deno", "run", "-A", "tests/report/_cluster_program.ts", report];
    await outputAs("user", words, { signal: AbortSignal.timeout(60_000) });
    if (!isWanted()) return;
    await using chromium = await Chromium.launch();
    const page = await chromium.open(`file://${report}`);
    assertMatch(await textOf(page, ".problem.failed"), /item 700 .*\nitem 1500 /);
    assertMatch(await textOf(page, ".problem.lost"), /SIGKILL \(job \d+\.\d\)/);
    for (const color of ["work", "failed", "lost", "wait"]) {
      assert(await pixels(page, color) > 30, `${color} in the chart`);
    }
    const body = await textOf(page, "body");
    assertMatch(body, /node1, pid \d+/);
    assertMatch(body, /node2, pid \d+/);
    assertMatch(body, /Queue wait\n[\d.]+ m?s/);
    assert(!body.includes("shorter than 0 s"), body);
    assertEquals(chromium.complaints, []);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
