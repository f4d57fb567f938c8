import { assert, assertEquals } from "../fixtures/assert.ts";
import { entries, test } from "../fixtures/ground.ts";
import { until } from "../fixtures/waiting.ts";
import { Program } from "../fixtures/program.ts";

/** Programs that end by themselves, and what they have printed then. */
const programs = {
  "when map has returned": ["returns", "[1,4]"],
  "when map has failed": ["caught", '"no"'],
  "when map was aborted": ["aborted", '"enough"'],
  "when a loop over imap was left": ["brokenOff", "1"],
} as const;

for (const transport of ["local", "network"] as const) {
  for (const [when, [name, line]] of Object.entries(programs)) {
    test(`A program ends by itself ${when} (${transport})`, async (ground) => {
      await using program = new Program(ground, name, { args: { transport } });
      assertEquals(await program.line(), line);
      const { code, signal } = await program.status;
      assertEquals([code, signal], [0, null], await program.complaints);
      assertEquals(program.workers, [], "no worker outlives its map");
      assertEquals(entries(ground.runs), [], "no directory does");
    });
  }

  for (
    const [name, line] of Object.entries({
      dropped: "1",
      droppedByThree: "[1,1,1]",
      droppedInWait: "2",
      asksAgain: "10001",
      awaits: "6",
    })
  ) {
    test(`imap keeps a program alive while it is waited for, or works: "${name}" (${transport})`, async (ground) => {
      await using program = new Program(ground, name, { args: { transport } });
      assertEquals(await program.line(), line);
      const { code, signal } = await program.status;
      assertEquals([code, signal], [0, null], await program.complaints);
      const nothing = () =>
        program.workers.length === 0 && entries(ground.runs).length === 0;
      await until("left behind nothing", nothing);
    });
  }

  for (const name of ["idle", "idleAfterError"]) {
    test(`A dispatcher that nobody closed keeps nothing alive: "${name}" (${transport})`, async (ground) => {
      await using program = new Program(ground, name, { args: { transport } });
      await program.line();
      const { code, signal } = await program.status;
      assertEquals([code, signal], [0, null], await program.complaints);
      const nothing = () =>
        program.workers.length === 0 && entries(ground.runs).length === 0;
      await until("left behind nothing", nothing);
    });
  }
}

test("A program ends with status 1 when nobody catches what its map throws", async (ground) => {
  await using program = new Program(ground, "uncaught");
  assertEquals((await program.status).code, 1);
  const complaints = await program.complaints;
  assert(complaints.includes("RangeError: out of it"), complaints);
  assertEquals(program.workers, []);
  assertEquals(entries(ground.runs), []);
});
