/**
 * The same map three times: in this program, on processes of this machine, and on the
 * cluster.
 *
 *     deno run -A examples/cluster.ts
 *
 * @module
 */

import { GridEngineScheduler, map, ProcessScheduler } from "@x/gridengine";

const scale = 3;
const where = (x: number) => ({ y: scale * x, host: Deno.hostname() });
const xs = [1, 2, 3, 4, 5];

function show(title: string, results: { y: number; host: string }[]): void {
  const hosts = [...new Set(results.map(({ host }) => host))].toSorted();
  console.log(
    `${title.padEnd(12)} ${results.map(({ y }) => y)} on ${hosts.join(", ")}`,
  );
}

show("Array.map", xs.map(where));

await using processes = new ProcessScheduler({ workers: 2 });
show("processes", await map(where, xs, { scheduler: processes }));

await using cluster = new GridEngineScheduler({ workers: 5 });
show("cluster", await map(where, xs, { scheduler: cluster }));
