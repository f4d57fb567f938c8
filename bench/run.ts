/**
 * Measures the library beside the built-in map and other packages that a user would take
 * instead, all in one run: `deno task bench [ROUNDS]`.
 *
 * Every contender has two warm workers. In each round every contender does each workload
 * once, in turn, so that whatever else the machine does meets all of them; printed are the
 * median, the range, and the ratio of the contender's median to ours (above 1: slower than
 * ours). Only ratios of one run mean anything.
 */

import { type Contender, open } from "./contenders.ts";

interface Workload {
  title: string;
  unit: string;
  /** The figure from the time in milliseconds. */
  figure: (milliseconds: number) => number;
  run: (contender: Contender) => Promise<unknown>;
}

const CALLS = 1_000_000;
const LONE = 50;
const ARRAYS = 60;
const ITEMS_PER_MB = 131_072;

const numbers = Array.from({ length: CALLS }, (_, i) => i);
const arrays = Array.from(
  { length: ARRAYS },
  () => new Float64Array(ITEMS_PER_MB).fill(1),
);
const lengths = Array.from({ length: ARRAYS }, () => ITEMS_PER_MB);

const workloads: Workload[] = [
  {
    title: `${CALLS} calls of x => x * x, results in one ordered array`,
    unit: "calls/s",
    figure: (ms) => CALLS / ms * 1000,
    run: (contender) => contender.squares(numbers),
  },
  {
    title: "a lone call, from call to result",
    unit: "µs",
    figure: (ms) => ms / LONE * 1000,
    run: async (contender) => {
      for (let i = 0; i < LONE; i++) await contender.squares([i]);
    },
  },
  {
    title: `${ARRAYS} arrays of 1 MB in, a number each out`,
    unit: "MB/s",
    figure: (ms) => ARRAYS * 1.048576 / ms * 1000,
    run: (contender) => contender.lengths(arrays),
  },
  {
    title: `${ARRAYS} numbers in, an array of 1 MB each out`,
    unit: "MB/s",
    figure: (ms) => ARRAYS * 1.048576 / ms * 1000,
    run: (contender) => contender.arrays(lengths),
  },
];

const rounds = Number(Deno.args[0] ?? 5);
const contenders = await open();
for (const workload of workloads) {
  const times = new Map<Contender, number[]>();
  for (let round = -1; round < rounds; round++) {
    for (const contender of contenders) {
      const began = performance.now();
      await workload.run(contender);
      const took = performance.now() - began;
      // The first round is to warm up.
      if (round >= 0) times.set(contender, [...times.get(contender) ?? [], took]);
    }
  }
  report(workload, times);
}
for (const contender of contenders) await contender.close();

function report(workload: Workload, times: Map<Contender, number[]>): void {
  console.log(`\n${workload.title}, in ${workload.unit}`);
  console.log(
    `${"".padEnd(40)}${"median".padStart(12)}${"range".padStart(26)}   ratio`,
  );
  const ours = median(times.get(contenders[0]!)!);
  for (const [{ name }, taken] of times) {
    const figures = taken.map(workload.figure).sort((a, b) => a - b);
    const range = `${round(figures[0]!)} – ${round(figures.at(-1)!)}`;
    const ratio = (median(taken) / ours).toPrecision(3);
    const middle = round(workload.figure(median(taken)));
    console.log(
      `${name.padEnd(40)}${middle.padStart(12)}${range.padStart(26)}${
        ratio.padStart(8)
      }`,
    );
  }
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

function round(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString("en");
}
