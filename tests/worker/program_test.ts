/** What a function sees of the program that it is from. */

import { assertEquals } from "../fixtures/assert.ts";
import { runProgram, test } from "../fixtures/tools.ts";

test("A function, and a module that it loads, have the arguments of the program", async () => {
  const program = "tests/worker/_arguments_program.ts";
  const { stdout, stderr } = await runProgram(program, ["--rate=3", "a b", "--", "-c"]);
  const [here, ...there] = JSON.parse(stdout || stderr);
  assertEquals(here[0], ["--rate=3", "a b", "--", "-c"]);
  assertEquals(here[3], { rate: "3" });
  for (const seen of there) assertEquals(seen, here);
});
