/** What jobs ask a cluster for: see `src/scheduler/resources.ts`. */

import { assertEquals, assertThrows } from "../fixtures/assert.ts";
import {
  bytesOf,
  jobName,
  memoryValue,
  resourceWords,
  secondsOf,
  word,
} from "../../src/scheduler/resources.ts";
import { SchedulerError } from "../../src/errors.ts";
import { GridEngineScheduler } from "../../src/scheduler/grid_engine/scheduler.ts";

Deno.test("bytesOf takes bytes, and the units of Grid Engine", () => {
  assertEquals(bytesOf(2 ** 30), 2 ** 30);
  assertEquals(bytesOf("2G"), 2 ** 31);
  assertEquals(bytesOf("2g"), 2e9);
  assertEquals(bytesOf("1.5G"), 1.5 * 2 ** 30);
  assertEquals(bytesOf("100M"), 100 * 2 ** 20);
  assertEquals(bytesOf("100m"), 100e6);
  assertEquals(bytesOf("65536K"), 2 ** 26);
  assertEquals(bytesOf("100000k"), 1e8);
});

Deno.test("bytesOf refuses what is no amount, and what deno cannot start with", () => {
  for (
    const memory of ["", "2T", "2GB", "-2G", "2 G", NaN, -1, 0, 2 ** 26 - 1, "63M"]
  ) {
    assertThrows(() => bytesOf(memory), RangeError, `is "${memory}"`);
  }
  assertThrows(() => bytesOf(Infinity), RangeError);
});

Deno.test("memoryValue rounds up to megabytes", () => {
  assertEquals(memoryValue(2 ** 31), "2048M");
  assertEquals(memoryValue(2 ** 26 + 1), "65M");
});

Deno.test("secondsOf takes seconds, and hours, minutes and seconds", () => {
  assertEquals(secondsOf(90), 90);
  assertEquals(secondsOf("90"), 90);
  assertEquals(secondsOf("1:30"), 90);
  assertEquals(secondsOf("1:0:0"), 3600);
  assertEquals(secondsOf("1::"), 3600);
  assertEquals(secondsOf("::30"), 30);
});

Deno.test("resourceWords asks for all of them at once", () => {
  assertEquals(resourceWords({}), []);
  const words = resourceWords({ h_rt: 60, mem_total: "2G", gpu: true });
  assertEquals(words, ["-l", "h_rt=60,mem_total=2G,gpu=true"]);
});

Deno.test("resourceWords asks for what varies without a check at submission", () => {
  for (const name of ["mem_free", "mf", "swap_free", "virtual_free", "cpu"]) {
    assertEquals(resourceWords({ [name]: 1 }), ["-w", "n", "-l", `${name}=1`]);
  }
});

Deno.test("resourceWords refuses what would mean something else to Grid Engine", () => {
  for (const value of ["1,b=2", "a b", "a\nb", '"', "'", "a=b", ""]) {
    assertThrows(() => resourceWords({ a: value }), SchedulerError, "cannot be");
  }
  for (const name of ["", "a b", "a,b", "a=b", "-l", "1a"]) {
    assertThrows(() => resourceWords({ [name]: 1 }), SchedulerError, `"${name}"`);
  }
});

Deno.test("Word takes one word only", () => {
  assertEquals(word("queue", "all.q@node1"), "all.q@node1");
  for (const text of ["", "a b", "a\tb", "it's", '"']) {
    assertThrows(() => word("queue", text), SchedulerError, "The queue is");
  }
});

Deno.test("jobName makes a name of a function's, and checks one that is given", () => {
  assertEquals(jobName(undefined, "square"), "square");
  assertEquals(jobName(undefined, "a very long name indeed"), "a_very_long_nam");
  assertEquals(jobName(undefined, "1st"), "f1st");
  assertEquals(jobName(undefined, ""), "f");
  assertEquals(jobName(undefined, "größe"), "gr__e");
  assertEquals(jobName(undefined, "123456789012345"), "f12345678901234");
  assertEquals(jobName("my-job.2+x=1%", "f"), "my-job.2+x=1%");
  for (const name of ["", "1st", "a/b", "a:b", "a@b", "a\\b", "a*", "a?", "a b", "ä"]) {
    assertThrows(() => jobName(name, "f"), SchedulerError, "cannot have the name");
  }
});

Deno.test("GridEngineScheduler refuses options that it has not, or of another type", () => {
  const refused: [unknown, string][] = [
    [{ worker: 2 }, 'GridEngineScheduler has no option "worker": it has workers'],
    [
      { resources: "h_rt=3" },
      'resources is "h_rt=3": an object such as { h_rt: 3600 }',
    ],
    [
      { resources: { h_rt: null } },
      "resources.h_rt is null: a value of type string or",
    ],
    [{ queue: 5 }, "queue is 5: a string is expected"],
  ];
  for (const [options, text] of refused) {
    const make = () => new GridEngineScheduler(options as { workers: number });
    assertThrows(make, TypeError, text);
  }
  const outOfRange: [unknown, string][] = [
    [{ workers: 0 }, "workers is 0: a whole number from 1 is expected"],
    [{ ports: "abc" }, 'ports is "abc": a port or a range such as "40000-40100"'],
    [{ queueTimeout: 0 }, "queueTimeout is 0: milliseconds above 0"],
  ];
  for (const [options, text] of outOfRange) {
    const make = () => new GridEngineScheduler(options as { workers: number });
    assertThrows(make, RangeError, text);
  }
});
