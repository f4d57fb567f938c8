/** Modules that map while they are being loaded, and variables without a value yet. */

import { assertEquals } from "../fixtures/assert.ts";
import { runProgram, TempDirectory, test } from "../fixtures/tools.ts";
import { throwing } from "./_cases.ts";

/** What a module prints while it is loaded, without what workers print that load it. */
async function printedBy(module: string): Promise<string[]> {
  using directory = new TempDirectory();
  const { stdout, stderr } = await runProgram(
    "tests/closure/_loading_program.ts",
    [module],
    { TEST_LOADS: `${directory.path}/loads` },
  );
  assertEquals(stderr, "");
  return stdout.split("\n").filter((line) => line.startsWith("["))
    .filter((line) => !/^\[\w+ \d+\]/.test(line));
}

test("A module maps before it has come to all that it exports", async () => {
  assertEquals(await printedBy("./_loading.ts"), ["[[2,4],[6],[7],[8]]"]);
});

test("A module maps as the last thing when it is loaded, and its workers end", async () => {
  assertEquals(await printedBy("./_loading_last.ts"), ["[2,4]"]);
});

throwing("A variable that has no value yet has none on the worker", [
  ["If it is used", () => {
    const f = (x: number) => x + later;
    // It gets one in a function that nobody calls: here and there it stays without.
    if (Math.random() < 2) return f;
    const later = 1;
    return f;
  }],
]);
