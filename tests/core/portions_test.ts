import { assertEquals } from "../fixtures/assert.ts";
import type { RunSettings } from "../../src/core/events.ts";
import {
  isWorthRecalling,
  type Load,
  mostItems,
  usualItems,
} from "../../src/core/portions.ts";
import { Run } from "../../src/core/run.ts";

/** A run of which so many items wait. */
function runOf(
  pending: number,
  { chunkSize = "auto", ...known }: Partial<RunSettings & Run> = {},
): Run {
  const run = new Run({
    id: 1,
    retries: 0,
    retryErrors: 0,
    retryDelay: 0,
    retryFactor: 1,
    timeout: 0,
    chunkSize,
    expected: 0,
    exclusive: false,
  });
  return Object.assign(run, { available: pending }, known);
}

/** A worker that has so many items of a run, one in each chunk, and was not asked for any. */
function holding(run: Run, items: number, rest: Partial<Load> = {}): Load {
  const chunks = Array.from({ length: items }, () => ({ run }));
  return { chunks, items, recalls: 0, recalled: 0, moved: -Infinity, ...rest };
}

/** How many items a worker gets that has none. */
function first(pending: number, workers: number, known: Partial<RunSettings & Run>) {
  const run = runOf(pending, known);
  return mostItems(holding(run, 0), run, workers);
}

Deno.test("A worker without work gets one item while nothing is known, or a chunk as asked", () => {
  assertEquals(first(1000, 2, {}), 1);
  assertEquals(first(1000, 2, { chunkSize: 5 }), 5);
});

Deno.test("While their time is guessed few items go at once: all of 16, or 8 of more", () => {
  const known = { hint: 1e-6 };
  assertEquals(first(16, 2, known), 16);
  assertEquals(first(17, 2, known), 5);
  assertEquals(first(1000, 2, known), 8);
  // Once their size is known that cannot be too much, either.
  assertEquals(first(1000, 2, { ...known, weight: 8 }), 1000);
});

Deno.test("What takes less than 0.1 ms in all goes to one worker", () => {
  const known = { estimate: 1e-3, weight: 8 };
  assertEquals(first(99, 2, known), 99);
  assertEquals(first(100, 2, known), 13);
});

Deno.test("A chunk is 10 ms, a quarter of a share, half a small one, and 10 items at the end", () => {
  assertEquals(first(10_000, 1, { estimate: 1e-2 }), 1000);
  assertEquals(first(1000, 1, { estimate: 1e-2 }), 250);
  assertEquals(first(600, 1, { estimate: 1e-2 }), 200);
  assertEquals(first(300, 1, { estimate: 1e-2 }), 150);
  assertEquals(first(1000, 2, { estimate: 1e-2 }), 125);
  assertEquals(first(100, 2, { estimate: 1e-2 }), 13);
  assertEquals(first(60, 2, { estimate: 1e-2 }), 10);
});

Deno.test("A chunk has results or arguments of 1 MB, and one item at least", () => {
  assertEquals(first(1000, 1, { estimate: 1e-3, weight: 1 << 18 }), 4);
  assertEquals(first(1000, 1, { estimate: 1e-3, weight: 1 << 22 }), 1);
});

Deno.test("A worker gets more while it has less than 20 ms, 2 MB, its share and 2048 chunks", () => {
  const more = (items: number, known: Partial<RunSettings & Run>, pending = 1e6) => {
    const run = runOf(pending, { chunkSize: 1, assigned: items, ...known });
    return mostItems(holding(run, items), run, 2);
  };
  assertEquals(more(19, { estimate: 1 }), 1);
  assertEquals(more(20, { estimate: 1 }), 0);
  assertEquals(more(7, { estimate: 1e-6, weight: 1 << 18 }), 1);
  assertEquals(more(8, { estimate: 1e-6, weight: 1 << 18 }), 0);
  assertEquals(more(2047, { estimate: 1e-6 }), 1);
  assertEquals(more(2048, { estimate: 1e-6 }), 0);
  assertEquals(more(9, { estimate: 1e-6 }, 10), 1);
  assertEquals(more(10, { estimate: 1e-6 }, 10), 0);
});

Deno.test("One item is handed out ahead of one that takes less than a second", () => {
  for (const [estimate, expected] of [[999, 1], [1000, 0]] as const) {
    const run = runOf(9, { estimate });
    assertEquals(mostItems(holding(run, 1), run, 2), expected);
  }
});

Deno.test("A worker that was asked to hand back, or has another run's items, gets none", () => {
  const run = runOf(9, { estimate: 1 });
  assertEquals(mostItems(holding(run, 1), run, 2), 2);
  assertEquals(mostItems(holding(run, 1, { recalls: 1 }), run, 2), 0);
  assertEquals(mostItems(holding(runOf(9), 1), run, 2), 0);
});

Deno.test("A source is read for 10 ms ahead, by one item if nothing is known", () => {
  assertEquals(usualItems(runOf(0)), 1);
  assertEquals(usualItems(runOf(0, { chunkSize: 7 })), 7);
  assertEquals(usualItems(runOf(0, { estimate: 1 })), 10);
  assertEquals(usualItems(runOf(0, { estimate: 1000 })), 1);
  assertEquals(usualItems(runOf(0, { estimate: 0 })), 1 << 16);
});

Deno.test("What is recalled waits for 5 ms or more, by what is known or guessed", () => {
  const worth = (items: number, known: Partial<Run>, rest: Partial<Load> = {}) => {
    const run = runOf(0, known);
    return isWorthRecalling(holding(run, items, rest), run, 0, 1000);
  };
  assertEquals(worth(5, { estimate: 1 }), true);
  assertEquals(worth(4, { estimate: 1 }), false);
  assertEquals(worth(5, { hint: 1 }), true);
  assertEquals(worth(5, { estimate: 0, hint: 1 }), false);
  assertEquals(worth(100, {}), false);
  assertEquals(worth(5, { estimate: 1 }, { moved: 981 }), false);
  assertEquals(worth(5, { estimate: 1 }, { moved: 980 }), true);
});
