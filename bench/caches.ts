/**
 * The whole program of `cold.ts` by what Deno's cache holds when it starts: nothing, as
 * on a machine where Deno never ran (packages are fetched then); packages, but nothing
 * compiled; all that it needs.
 */

import { timeOnce } from "./contenders.ts";
import { figure, median } from "./report.ts";

const PROGRAM = [
  Deno.execPath(),
  "run",
  "-A",
  `${import.meta.dirname}/cold.ts`,
  "local",
];

/** A line about each state of the cache: medians of rounds. */
export async function coldCaches(rounds: number): Promise<string> {
  const times = {
    empty: [] as number[],
    uncompiled: [] as number[],
    warm: [] as number[],
  };
  for (let round = 0; round < rounds; round++) {
    const cache = await Deno.makeTempDir({ prefix: "gridengine-bench-" });
    const env = { DENO_DIR: cache };
    times.empty.push(await timeOnce(PROGRAM, env));
    for await (const { name } of Deno.readDir(cache)) {
      if (name !== "npm") await Deno.remove(`${cache}/${name}`, { recursive: true });
    }
    times.uncompiled.push(await timeOnce(PROGRAM, env));
    times.warm.push(await timeOnce(PROGRAM, env));
    await Deno.remove(cache, { recursive: true });
  }
  const warm = median(times.warm);
  const line = (state: string, values: number[]) => {
    const [low, middle, high] = [
      Math.min(...values),
      median(values),
      Math.max(...values),
    ];
    return `  ${state}: ${figure(middle)} ms (${figure(low)} – ${figure(high)}), ` +
      `${figure(middle / warm)} times that with all it needs`;
  };
  return [
    "The same program (local), by what Deno's cache holds:",
    line("nothing: packages are fetched", times.empty),
    line("packages, and nothing compiled", times.uncompiled),
    line("all that it needs", times.warm),
  ].join("\n");
}
