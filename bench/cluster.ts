/**
 * The cluster beside the cluster's own commands, in one run: medians of five, as ratios.
 * On a submit host, such as that of the test cluster:
 *
 *     deno task cluster up
 *     deno task cluster run deno run -A bench/cluster.ts
 *
 * @module
 */

import { GridEngineScheduler, map } from "@x/gridengine";

const ROUNDS = 5;
const SLOTS = 8;

async function time(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

async function qsub(...args: string[]): Promise<void> {
  const { success } = await new Deno.Command("qsub", {
    args: ["-sync", "y", "-b", "y", "-o", "/dev/null", "-j", "y", ...args],
    stdout: "null",
  }).output();
  if (!success) throw new Error(`qsub ${args.join(" ")} failed`);
}

await using scheduler = new GridEngineScheduler({ workers: SLOTS });
await scheduler.open();
const range = (count: number) => Array.from({ length: count }, (_, i) => i);
const square = (x: number) => x * x;
const wait = (x: number) =>
  new Promise<number>((resolve) => setTimeout(() => resolve(x), 10));

const works: Record<string, () => Promise<unknown>> = {
  "five": () => map(square, range(5), { scheduler }),
  "qsub five": () => qsub("-t", "1-5", "/bin/true"),
  "1000 of 10 ms": () => map(wait, range(1000), { scheduler }),
  "qsub 8 of 1.25 s": () => qsub("-t", `1-${SLOTS}`, "sleep", "1.25"),
  "100000": () => map(square, range(100_000), { scheduler }),
};

const times: Record<string, number[]> = {};
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, work] of Object.entries(works)) {
    (times[name] ??= []).push(await time(work));
  }
}
const median = (name: string) => times[name]!.toSorted((a, b) => a - b)[ROUNDS >> 1]!;
for (const name of Object.keys(works)) {
  const all = times[name]!.map((ms) => (ms / 1000).toFixed(2)).join(" ");
  console.log(`${name.padEnd(18)} ${(median(name) / 1000).toFixed(2)} s  (${all})`);
}
const ratio = (a: string, b: string) => (median(a) / median(b)).toFixed(2);
console.log(`five calls / qsub of five:            ${ratio("five", "qsub five")}`);
console.log(
  `1000 of 10 ms / qsub of 8 sleeps:     ${ratio("1000 of 10 ms", "qsub 8 of 1.25 s")}`,
);
console.log(`100000 calls / five calls:            ${ratio("100000", "five")}`);
