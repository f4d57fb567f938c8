/**
 * What it costs to capture a function: the first time, when the inspector and the parser
 * are loaded, and later; and whether the program runs on as fast as before.
 *
 *     deno run -A bench/capture.ts
 *
 * @module
 */

import { capture } from "../src/closure/capture/capture.ts";
import { rootOf } from "../src/closure/capture/root.ts";
import type { Slot, Task } from "../src/closure/payload.ts";

const table = new Map([["a", (x: number) => x + 1], ["b", (x: number) => x * 2]]);
const scale = 3;
const f = (x: number) => table.get("a")!(x) * scale;
const task = ([f]: Slot[]): Task => ({ kind: "call", function: f!, spread: false });

/** Some work that V8 optimizes, in milliseconds. */
function hotLoop(): number {
  const began = performance.now();
  let sum = 0;
  for (let i = 0; i < 3e7; i++) sum = (sum + f(i) * 7) % 1_000_003;
  if (sum < 0) throw new Error("The loop was optimized away");
  return performance.now() - began;
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

const before = median(Array.from({ length: 5 }, hotLoop));
const began = performance.now();
const root = rootOf(f);
const read = performance.now() - began;
await capture(await root, task);
const first = performance.now() - began;
const later = median(
  await Array.fromAsync({ length: 21 }, async () => {
    const began = performance.now();
    await capture(await rootOf(f), task);
    return performance.now() - began;
  }),
);
const after = median(Array.from({ length: 5 }, hotLoop));
console.log(`variables read at the first call: ${read.toFixed(1)} ms`);
console.log(`first capture, parser and list of scripts: ${first.toFixed(1)} ms`);
console.log(`each capture after it: ${later.toFixed(2)} ms`);
console.log(`a hot loop after and before: ${(after / before).toFixed(2)}`);
