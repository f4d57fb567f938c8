/** Projects of users: a worker resolves the names that the program resolves. */

import { assertEquals, assertStringIncludes } from "../fixtures/assert.ts";
import { LIBRARY, program, Project } from "./_project.ts";
import { test } from "../fixtures/tools.ts";

/** A program with `lib`, and a function that imports it on the worker, too. */
const LIB = {
  "lib.ts": "export const lib = (x: number) => x + 41;",
  "main.ts": program(
    `import { lib } from "lib";`,
    `async (x: number) => [lib(x), (await import("lib")).lib(x)].join()`,
  ),
};

test("A project with a package.json only: its packages and its #names, in nested modules, too", async () => {
  using project = new Project({
    "package.json": {
      type: "module",
      dependencies: { acorn: "8.19.0" },
      imports: { "#util": "./src/util.ts" },
    },
    "src/util.ts": `
import { parse } from "acorn";
export const kinds = (text: string) => parse(text, { ecmaVersion: 2022 }).body.length;`,
    "src/main.ts": program(
      `import { parse } from "acorn";\nimport { kinds } from "#util";`,
      `async (x: number) => [
  x,
  kinds("a;b"),
  parse("a", { ecmaVersion: 2022 }).type,
  (await import("#util")).kinds("a"),
].join()`,
    ),
  });
  // The first one installs the packages; workers install none.
  await project.prints("1,2,Program,1", "--node-modules-dir=auto", "src/main.ts");
  await project.prints("1,2,Program,1", "src/main.ts");
});

test("A package.json that is nearer than a deno.json counts, as for the program", async () => {
  using project = new Project({
    "deno.json": { imports: { acorn: "./other.ts" } },
    "sub/package.json": { dependencies: { acorn: "8.19.0" } },
    "sub/main.ts": program(
      `import { parse } from "acorn";`,
      `() => parse("a", { ecmaVersion: 2022 }).type`,
    ),
  });
  await project.prints("Program", "--node-modules-dir=auto", "sub/main.ts");
});

test("A deno.jsonc counts, and a package.json beside a deno.json", async () => {
  using project = new Project({
    ...LIB,
    "deno.jsonc": `{ /* so */ "imports": { "lib": "./lib.ts" } }`,
  });
  await project.prints("42,42", "main.ts");
  using both = new Project({
    "deno.json": { imports: { lib: "./lib.ts" }, nodeModulesDir: "auto" },
    "package.json": { dependencies: { acorn: "8.19.0" } },
    "lib.ts": `export { version } from "acorn";`,
    "main.ts": program(
      `import { version } from "lib";\nimport * as acorn from "acorn";`,
      `() => [version, acorn.version].join()`,
    ),
  });
  await both.prints("8.19.0,8.19.0", "main.ts");
});

test("In a workspace the names of the member, of its root and of other members count", async () => {
  using project = new Project({
    "deno.json": { workspace: ["./a", "./b"], imports: { lib: "./lib.ts" } },
    "lib.ts": LIB["lib.ts"],
    "a/deno.json": {
      name: "@x/a",
      exports: "./main.ts",
      imports: { mine: "./mine.ts" },
    },
    "a/mine.ts": `
import { lib } from "lib";
export { of } from "@x/b";
export const mine = (x: number) => lib(x) + 1;`,
    "a/main.ts": program(
      `import { mine } from "mine";\nimport { lib } from "lib";`,
      `async (x: number) => [
  mine(x),
  lib(x),
  (await import("mine")).of,
  (await import("@x/b")).of,
].join()`,
    ),
    "b/deno.json": { name: "@x/b", exports: "./mod.ts", imports: { own: "./own.ts" } },
    "b/mod.ts": `export { of } from "own";`,
    "b/own.ts": `export const of = "b";`,
  });
  await project.prints("43,42,b,b", "a/main.ts");
});

test("What --config and --import-map name on the command line counts on workers, too", async () => {
  using project = new Project({
    ...LIB,
    "deno.json": {},
    "etc/my.json": { imports: { lib: "../lib.ts" } },
    "etc/map.json": { imports: { lib: "../lib.ts" } },
  });
  const map = `data:application/json,${
    encodeURIComponent(
      JSON.stringify({ imports: { lib: new URL(`file://${project.path}/lib.ts`) } }),
    )
  }`;
  for (
    const flags of [
      ["--config", "etc/my.json"],
      ["--config=etc/my.json"],
      ["-c", "etc/my.json"],
      ["--import-map", "etc/map.json"],
      ["--no-config", "--import-map=etc/map.json"],
      [`--import-map=${map}`],
    ]
  ) {
    await project.prints("42,42", ...flags, "main.ts", "--config=none.json");
  }
});

test("A map within a function has them, too", async () => {
  using project = new Project({
    "lib.ts": LIB["lib.ts"],
    "map.json": { imports: { lib: "./lib.ts" } },
    "inner.ts": `
import { map, ProcessScheduler } from "${LIBRARY}";
import { lib } from "lib";
export async function inner(x: number): Promise<number> {
  await using scheduler = new ProcessScheduler({ workers: 1 });
  return (await map((x: number) => lib(x), [x], { scheduler }))[0]!;
}`,
    "main.ts": program(`import { inner } from "./inner.ts";`, "inner"),
  });
  await project.prints("42", "--import-map=map.json", "main.ts");
});

test("A file of the command line that is not found any more is named at the call", async () => {
  using project = new Project({
    "lib.ts": LIB["lib.ts"],
    "map.json": { imports: { lib: "./lib.ts" } },
    "main.ts": program(`import { lib } from "lib";`, "lib", `Deno.chdir("/");`),
  });
  const { code, stderr } = await project.run("--import-map", "map.json", "main.ts");
  assertEquals(code, 1);
  assertStringIncludes(
    stderr,
    `SchedulerError: Workers cannot be given the file of --import-map "map.json", because ` +
      `there is no "/map.json": give its whole path`,
  );
});
