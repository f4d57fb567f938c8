import { assertEquals, assertMatch } from "../fixtures/assert.ts";
import type { Progress } from "../../mod.ts";
import { progressLine, progressText } from "../../src/calls/progress_text.ts";

const midway: Progress = {
  name: "work",
  done: 40,
  failed: 2,
  total: 100,
  elapsed: 65_000,
  rate: 0.7,
  remaining: 83_000,
  workers: { running: 2, idle: 0, starting: 1, pending: 3 },
  queued: 62_000,
  ended: false,
};

Deno.test("A line tells what is done, how fast, how long still, and who is at it", () => {
  const told = "42/100 (42%), 42.0/min, 1:23 left, 2 running, 1 starting, " +
    "3 pending for 1:02, 2 failed";
  assertEquals(progressText(midway), `work: ${told}`);
  const bar = "━".repeat(8) + "─".repeat(12);
  assertEquals(progressLine(midway, 200), `work ${bar} ${told}`);
  assertEquals(progressLine(midway, 60), `work ${told}`.slice(0, 59));
});

Deno.test("A line of a source without end tells what is known", () => {
  const unknown = { total: undefined, remaining: undefined };
  const told = progressText({ ...midway, ...unknown, failed: 0, rate: 12.34 });
  assertMatch(told, /^work: 40 done, 12\/s, 2 running/);
});

Deno.test("A line tells why the cluster takes no job, as long as it takes none", () => {
  const told = progressText({ ...midway, failed: 0, delay: "one job\nis enough" });
  assertMatch(told, /, 3 pending for 1:02, one job is enough$/);
});

Deno.test("The last line tells how long it took", () => {
  const last = { ...midway, done: 98, elapsed: 3_725_000, ended: true };
  const told = "work: 100/100 (100%), 42.0/min, took 1:02:05, 2 failed";
  assertEquals(progressText(last), told);
});
