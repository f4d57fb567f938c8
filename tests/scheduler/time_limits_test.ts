/** How long a job may run, out of what is known of it: see `src/scheduler/grid_engine/time_limits.ts`. */

import { assertEquals } from "../fixtures/assert.ts";
import {
  limitsOfQueue,
  timeLimits,
} from "../../src/scheduler/grid_engine/time_limits.ts";
import { TempDirectory } from "../fixtures/tools.ts";

/** The limits of a job, where the cluster cannot be asked. */
async function limits(options: string, written?: string) {
  using temp = new TempDirectory();
  const path = `${temp.path}/limits.1`;
  if (written !== undefined) await Deno.writeTextFile(path, written);
  return await timeLimits(options, path);
}

Deno.test("Limits are known of what the submit command is told, the last word first", async () => {
  const options =
    "-l h_rt=0:1:0,mem_free=1G -P project -l s_rt=50 -q all.q -l h_rt=1:0:0";
  assertEquals(await limits(options), { h_rt: 3600, s_rt: 50 });
  assertEquals(await limits("-P h_rt=5 -lx h_rt=5"), {});
  assertEquals(await limits("-l h_rt=INFINITY,h_cpu=7"), { h_cpu: 7 });
});

Deno.test("What the node has set goes before what was asked", async () => {
  const asked = "-l h_cpu=60,h_rt=5";
  const there = "120\n90\n@node1\n";
  assertEquals(await limits(asked, there), { h_rt: 5, h_cpu: 120, s_cpu: 90 });
  const none = "unlimited\nunlimited\n@node1\n";
  assertEquals(await limits(asked, none), { h_rt: 5, h_cpu: 60 });
});

Deno.test("A queue has its limits in what qconf prints", () => {
  const text =
    "qname     all.q\ns_rt      INFINITY\nh_rt      00:00:03\nh_cpu  0:1:0\n";
  assertEquals(limitsOfQueue(text), { h_rt: 3, h_cpu: 60 });
  assertEquals(limitsOfQueue(""), {});
});
