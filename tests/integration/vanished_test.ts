/** What a host does when something clears away the files of its run, as cleaners of /tmp do. */

import { assertEquals, assertThrows } from "../fixtures/assert.ts";
import { RunDirectory } from "../../src/engine/run_directory.ts";
import { Gate } from "../fixtures/gate.ts";
import { entries, HOST_DEATH, test } from "../fixtures/ground.ts";
import { gone, kill } from "../fixtures/processes.ts";
import { until } from "../fixtures/waiting.ts";
import { Program } from "../fixtures/program.ts";
import { runFilePath } from "../fixtures/running.ts";

/** What may vanish, by the directory of the run. */
const losses = {
  "The run file": (directory: string) => Deno.removeSync(`${directory}/run.json`),
  "All files of the run": (directory: string) => {
    for (const name of entries(directory)) Deno.removeSync(`${directory}/${name}`);
  },
  "The directory of the run": (directory: string) =>
    Deno.removeSync(directory, { recursive: true }),
};

for (const transport of ["local", "network"] as const) {
  for (const [what, remove] of Object.entries(losses)) {
    test(`${what} is there again, and workers start by it (${transport})`, async (ground) => {
      await using gate = new Gate();
      const args = { transport, port: gate.port };
      await using program = new Program(ground, "endless", { args });
      const visitors = await gate.take(2);
      const path = runFilePath(ground);
      const directory = path.slice(0, -"/run.json".length);
      const names = entries(directory).sort();
      const before = Deno.readTextFileSync(path);
      const pids = visitors.map(({ text }) => Number(text));
      for (const visitor of visitors) visitor.letGo();
      remove(directory);
      await until("all of it is there again", () => {
        try {
          return entries(directory).sort().join() === names.join();
        } catch {
          return false;
        }
      });
      assertEquals(Deno.statSync(directory).mode! & 0o777, 0o700);
      assertEquals(Deno.statSync(path).mode! & 0o777, 0o600);
      const [was, is] = [before, Deno.readTextFileSync(path)].map((text) =>
        JSON.parse(text)
      );
      assertEquals({ ...is, locked: null }, { ...was, locked: null });
      // Another worker comes in place of this one.
      kill(pids[0]!, "SIGKILL");
      const visitor = await gate.next();
      visitor.letGo();
      pids.push(Number(visitor.text));
      // It sees the host's end, as those do that knew the file before.
      program.kill("SIGKILL");
      await gone([program.pid, ...pids], HOST_DEATH);
      assertEquals(entries(ground.runs), []);
    });
  }
}

test("A directory that somebody else has made in place of a run's is left alone", async () => {
  const directory = RunDirectory.make(undefined);
  const { path } = directory;
  directory.restore();
  // While it is there no other can have its number.
  Deno.renameSync(path, `${path}-moved`);
  Deno.mkdirSync(path);
  assertThrows(() => directory.restore(), Error, "it is another directory by now");
  Deno.removeSync(`${path}-moved`);
  await directory.remove();
});
