/**
 * What a program that maps has to be allowed: all that docs/security.md lists, and nothing
 * else.
 */

import { assertEquals, assertStringIncludes } from "./fixtures/assert.ts";
import { neededPermissions } from "./fixtures/documents.ts";
import { bounded, type Ended, test } from "./fixtures/tools.ts";

const program = new URL("./fixtures/programs.ts", import.meta.url).pathname;
const needed = neededPermissions();

async function run(flags: string[]): Promise<Ended> {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", ...flags, program, "permitted"],
    env: { NO_COLOR: "1" },
    stdin: "null",
  });
  const { code, stdout, stderr } = await bounded(process.output());
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

test("A map runs with the permissions that are listed", async () => {
  assertEquals(await run(needed), { code: 0, stdout: "[ 3, 6 ]\n", stderr: "" });
});

for (const flag of needed) {
  test(`A map without ${flag} fails, and says that this is missing`, async () => {
    const { code, stderr } = await run(needed.filter((other) => other !== flag));
    assertEquals(code, 1);
    assertStringIncludes(stderr, flag);
  });
}
