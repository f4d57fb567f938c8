/**
 * A map over a function that captured 300 MB, on eight workers of the cluster. It prints
 * how many workers had it whole, and by how much the program's memory grew.
 *
 * @module
 */

import { GridEngineScheduler, map } from "../../mod.ts";

const SIZE = 300e6;
const data = new Uint8Array(SIZE).fill(1);
const before = memory("VmRSS");
await using scheduler = new GridEngineScheduler({ workers: 8 });
const folder = await Deno.makeTempDir({ dir: Deno.env.get("HOME")! });
const sum = async (item: number) => {
  // Nobody goes on before all eight workers have it.
  await Deno.writeTextFile(`${folder}/${item}`, "");
  while ([...Deno.readDirSync(folder)].length < 8) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  let ones = 0;
  for (let i = 0; i < data.byteLength; i += 4096) ones += data[i]!;
  return { item, whole: ones === Math.ceil(data.byteLength / 4096), pid: Deno.pid };
};
const results = await map(sum, Array.from({ length: 8 }, (_, i) => i), {
  scheduler,
  chunkSize: 1,
});
await Deno.remove(folder, { recursive: true });
const pids = new Set(results.filter(({ whole }) => whole).map(({ pid }) => pid));
console.log(JSON.stringify({ workers: pids.size, grown: memory("VmHWM") - before }));

/** A figure of this process's memory, in bytes. */
function memory(name: string): number {
  const status = Deno.readTextFileSync("/proc/self/status");
  return 1024 * Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)![1]);
}
