import { assert, assertEquals } from "../fixtures/assert.ts";
import { Histogram } from "../../src/report/histogram.ts";

function histogramOf(times: number[]): Histogram {
  const histogram = new Histogram();
  for (const time of times) histogram.add(time);
  return histogram;
}

function near(found: number, expected: number): void {
  assert(Math.abs(found / expected - 1) < 0.02, `${found} is not about ${expected}`);
}

Deno.test("Percentiles are those of the times, to 2 %, from microseconds to hours", () => {
  for (const scale of [1e-3, 1, 1e6]) {
    const times = Array.from({ length: 1000 }, (_, i) => scale * (i + 1));
    const { count, least, most, median, p95, p99 } = histogramOf(times).record();
    assertEquals([count, least, most], [1000, scale, 1000 * scale]);
    near(median, 500 * scale);
    near(p95, 950 * scale);
    near(p99, 990 * scale);
  }
});

Deno.test("Every time is in a bin, and the bins touch", () => {
  const times = Array.from({ length: 5000 }, (_, i) => 1.003 ** i / 1000);
  const { bins } = histogramOf(times).record();
  assert(bins.length <= 40);
  assertEquals(bins.reduce((sum, [, , count]) => sum + count, 0), times.length);
  for (const [i, [from]] of bins.entries()) {
    if (i > 0) assertEquals(from, bins[i - 1]![1]);
  }
  assert(bins[0]![0] <= times[0]! && times.at(-1)! <= bins.at(-1)![1]);
});

Deno.test("A few times have a few bins", () => {
  assert(histogramOf([10, 20, 30, 40]).record().bins.length <= 8);
  assertEquals(histogramOf([7]).record().bins.length, 1);
});

Deno.test("Times of nothing and of no length are counted", () => {
  assertEquals(histogramOf([]).record(), {
    count: 0,
    sum: 0,
    least: 0,
    most: 0,
    median: 0,
    p95: 0,
    p99: 0,
    bins: [],
  });
  const { count, median } = histogramOf([0, 0]).record();
  assertEquals([count, median], [2, 0]);
});
