import { assert, assertEquals } from "../fixtures/assert.ts";
import {
  randomNumbers,
  seedOf,
  splitmix64,
  xoshiro128,
} from "../../src/common/random.ts";

Deno.test("SplitMix64 and xoshiro128** give what their authors' programs in C give", () => {
  assertEquals(
    [0n, 1n, 2n, 3n, 4n].map((i) => splitmix64(1234567n, i)),
    [
      6457827717110365317n,
      3203168211198807973n,
      9817491932198370423n,
      4593380528125082431n,
      16408922859458223821n,
    ],
  );
  const next = xoshiro128([1, 2, 3, 4]);
  assertEquals(
    Array.from({ length: 10 }, next),
    [
      11520,
      0,
      5927040,
      70819200,
      2031721883,
      1637235492,
      1287239034,
      3734860849,
      3729100597,
      4258142804,
    ],
  );
});

Deno.test("Random numbers are spread evenly from 0 to 1, and no two streams are alike", () => {
  const counts = new Array(10).fill(0);
  const seeds = Array.from({ length: 100 }, (_, index) => seedOf(42, index));
  for (const seed of seeds) {
    const random = randomNumbers(seed);
    for (let i = 0; i < 1000; i++) counts[Math.floor(10 * random())]++;
  }
  // Each is 10,000 with a standard deviation of 95.
  assert(counts.every((count) => Math.abs(count - 10_000) < 500), `${counts}`);
  const firsts = seeds.map((seed) => randomNumbers(seed)());
  assertEquals(new Set([...firsts, ...seeds]).size, 200);
  assert(seeds.every(Number.isSafeInteger));
});
