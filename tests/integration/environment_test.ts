/** Surroundings in which nothing can run: what is wrong is said by its name. */

import {
  assertEquals,
  assertStringIncludes,
  assertThrows,
} from "../fixtures/assert.ts";
import { SchedulerError } from "../../mod.ts";
import { program, Project } from "./_project.ts";
import { test } from "../fixtures/tools.ts";

/** Runs a program that must fail by a `SchedulerError` with these texts. */
async function fails(
  project: Project,
  env: Record<string, string>,
  ...texts: string[]
): Promise<void> {
  const { code, stderr } = await project.runIn(env, "main.ts");
  assertEquals(code, 1, stderr);
  for (const text of ["SchedulerError: ", ...texts]) assertStringIncludes(stderr, text);
}

const SQUARE = "(x: number) => x * x";

test("A TMPDIR that is missing, a file, or not to be written is named, and what to do", async () => {
  using project = new Project({ "main.ts": program("", SQUARE), "file": "" });
  const { path } = project;
  for (const directory of [`${path}/missing`, `${path}/file`, "/sys"]) {
    const env = { TMPDIR: directory, GRIDENGINE_TEMP_DIRECTORY: "" };
    const remedy = "set GRIDENGINE_TEMP_DIRECTORY to one that can";
    await fails(project, env, `("${directory}")`, remedy);
  }
  assertEquals([...Deno.readDirSync(path)].length, 2);
});

test("A working directory that was removed is told as that", async () => {
  const remove =
    `Deno.mkdirSync("gone"); Deno.chdir("gone"); Deno.removeSync("../gone");`;
  using project = new Project({ "main.ts": program("", SQUARE, remove) });
  const remedy = "change into another one with Deno.chdir() before the first call";
  await fails(project, {}, "working directory cannot be used", remedy);
});

test("The library within a bundle says how to leave it out", async () => {
  const source = new URL("../../src/engine/preconditions.ts", import.meta.url);
  const errors = new URL("../../src/errors.ts", import.meta.url).href;
  const text = Deno.readTextFileSync(source).replace("../errors.ts", errors);
  using project = new Project({ "bundle.ts": text });
  const url = `file://${project.path}/bundle.ts`;
  const { checkPreconditions }: typeof import("../../src/engine/preconditions.ts") =
    await import(url);
  assertThrows(
    checkPreconditions,
    SchedulerError,
    `This library was bundled into "${url}", but workers are started from its own ` +
      `files: leave it out of the bundle by deno bundle --external "jsr:@x/gridengine"`,
  );
});
