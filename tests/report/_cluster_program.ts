/**
 * A run on the cluster with trouble in it, of which it writes a report:
 * `deno run -A _cluster_program.ts PAGE`.
 *
 * @module
 */

import { GridEngineScheduler, map } from "../../mod.ts";
import { act, type Deed } from "./_functions.ts";

const deeds = Array.from({ length: 2000 }, (_, i): Deed => ({ work: i % 5 }));
deeds[700] = { fail: "item 700 is out of range" };
deeds[1500] = { fail: "item 1500 is out of range" };
deeds[1100] = { kill: true };
await using scheduler = new GridEngineScheduler({ workers: 6 });
await map(act, deeds, {
  scheduler,
  report: Deno.args[0]!,
  reraise: false,
  name: "simulate",
});
