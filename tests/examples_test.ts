import { assertEquals } from "@std/assert";
import { runProgram, test } from "./fixtures/tools.ts";

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
