import { assert, assertEquals, assertMatch } from "./fixtures/assert.ts";
import { runProgram, TempDirectory, test } from "./fixtures/tools.ts";

async function output(program: string): Promise<string[]> {
  const { code, stdout, stderr } = await runProgram(program);
  assertEquals([code, stderr], [0, ""]);
  return stdout.trimEnd().split("\n");
}

test("examples/square.ts prints squares, built-in and on workers, side by side", async () => {
  assertEquals(await output("examples/square.ts"), [
    "x    built-in  on workers",
    "1           1           1",
    "2           4           4",
    "3           9           9",
    "4          16          16",
    "5          25          25",
  ]);
});

test("examples/job.ts shows the life of jobs", async () => {
  assertEquals(await output("examples/job.ts"), [
    "sum: 500500, exit code 0",
    "accountant: 5 so far",
    "accountant: 25 so far",
    "accountant: 42 so far",
    "accountant: 42 in all",
    'endless: After 500 ms job "endless" is still running',
    "endless: exit code -15",
  ]);
});

test("examples/monte_carlo.ts prices options", async () => {
  assertEquals(await output("examples/monte_carlo.ts"), [
    "call  80: 23.17 ± 0.17",
    "call 100:  9.34 ± 0.12",
    "call 120:  2.78 ± 0.07",
    "put   80:  0.86 ± 0.03",
    "put  100:  6.48 ± 0.08",
    "put  120: 19.26 ± 0.13",
  ]);
});

test("examples/grid_search.ts lists models, those that fit best first", async () => {
  assertEquals(await output("examples/grid_search.ts"), [
    "0.227  kernel of width 0.5",
    "0.233  neighbours: 5",
    "0.262  kernel of width 0.05",
    "0.277  neighbours: 25",
    "0.304  neighbours: 1",
    "0.699  kernel of width 5",
  ]);
});

test("examples/simulation.ts shows waiting times, and which loads are too much", async () => {
  assertEquals(await output("examples/simulation.ts"), [
    "regular service, load 0.2: waiting 0.12",
    "regular service, load 0.5: waiting 0.49",
    "regular service, load 0.8: waiting 1.95",
    "regular service, load 1.1: the queue grows without bound under a load of 1.1",
    "random service, load 0.2: waiting 0.25",
    "random service, load 0.5: waiting 0.99",
    "random service, load 0.8: waiting 3.87",
    "random service, load 1.1: the queue grows without bound under a load of 1.1",
  ]);
});

test("examples/report.ts runs on through trouble, and writes a page about it", async () => {
  using directory = new TempDirectory();
  const path = `${directory.path}/run.html`;
  const { code, stdout, stderr } = await runProgram("examples/report.ts", [path]);
  assertEquals([code, stdout], [0, `1998 of 2000 items are done: see ${path}\n`]);
  assertMatch(stderr, /"simulate" can be watched at http:/);
  assert(Deno.readTextFileSync(path).startsWith("<!doctype html>"));
});
