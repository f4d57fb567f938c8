/**
 * The documents: every block of code in them is run, and every link in them leads
 * somewhere. Blocks of kind `ts` are run by `deno test --doc`, those of kind `ts ignore`
 * on the cluster, by `scheduler/cluster_test.ts`, and those of kind `sh` and `json` here.
 */

import { assert, assertEquals } from "./fixtures/assert.ts";
import { dirname, normalize } from "node:path";
import config from "../deno.json" with { type: "json" };
import { type Block, blocks, documents } from "./fixtures/documents.ts";
import { bounded, TempDirectory, test } from "./fixtures/tools.ts";

const ROOT = new URL("../", import.meta.url).pathname;
/** The one command that is not run here: it is what runs this, in CI, too. */
const SELF = "npx --yes deno@2.9.6 task test";
/** Whether there is Node.js, without which the library does well. */
const HAS_NPX = (await sh("command -v npx")).code === 0;

async function sh(command: string): Promise<{ code: number; stdout: string }> {
  const { code, stdout } = await new Deno.Command("sh", {
    args: ["-c", command],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stderr: "inherit",
  }).output();
  return { code, stdout: new TextDecoder().decode(stdout) };
}

for (const { place, text, output } of blocks("sh")) {
  const commands = text.trimEnd().split("\n").map((line) => line.replace(/\s+# .*/, ""))
    .filter((command) => command !== SELF);
  const needsNpx = commands.some((command) => command.startsWith("npx "));
  Deno.test({
    name: `${place}: ${commands.join("; ")}`,
    ignore: needsNpx && !HAS_NPX,
    async fn() {
      let said = "";
      for (const command of commands) {
        const { code, stdout } = await bounded(sh(command));
        assertEquals(code, 0, command);
        said += stdout;
      }
      if (output !== undefined) assertEquals(said, output);
    },
  });
}

test("CI runs the tests by the command that README gives", () => {
  const commands = Deno.readTextFileSync(`${ROOT}.ci/run`).split("\n");
  assert(commands.includes(SELF));
  assert(blocks("sh").some(({ text }) => text.includes(`${SELF} `)));
});

/** A folder of one's own, set up as README says. */
function newcomersFolder(): TempDirectory {
  const directory = new TempDirectory();
  const configuration = blocks("json");
  assertEquals(configuration.length, 1);
  const [{ text }] = configuration as [Block];
  Deno.writeTextFileSync(
    `${directory.path}/deno.json`,
    text.replaceAll("/path/to/checkout/", ROOT),
  );
  return directory;
}

test("A folder of one's own, set up as README says, has what all blocks import", async () => {
  using directory = newcomersFolder();
  const programs = [...blocks("ts"), ...blocks("ts ignore")];
  assert(programs.length > 15);
  programs.forEach(({ text }, i) => {
    Deno.writeTextFileSync(`${directory.path}/block${i}.ts`, text);
  });
  const { code, stderr } = await bounded(
    new Deno.Command(Deno.execPath(), {
      args: ["check", "--quiet", "."],
      cwd: directory.path,
      env: { NO_COLOR: "1" },
    }).output(),
  );
  assertEquals(code, 0, new TextDecoder().decode(stderr));
});

test("The first program of README runs in a folder of one's own, set up as it says", async () => {
  using directory = newcomersFolder();
  await Deno.writeTextFile(`${directory.path}/squares.ts`, blocks("ts")[0]!.text);
  const { code, stdout, stderr } = await bounded(
    new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "squares.ts"],
      cwd: directory.path,
      env: { NO_COLOR: "1" },
    }).output(),
  );
  const [said, complained] = [stdout, stderr].map((bytes) =>
    new TextDecoder().decode(bytes)
  );
  assertEquals([code, said], [0, "[ 1, 4, 9, 16, 25 ]\n"], complained);
  assert(!complained!.includes("Ignored build scripts"), complained);
});

test("Every block of the documents is of a kind that is run, or is no code", () => {
  const found = blocks();
  assert(found.length > 20);
  for (const { place, kind, output } of found) {
    assert(
      ["ts", "ts ignore", "sh", "json", "text"].includes(kind),
      `${place}: ${kind}`,
    );
    if (kind === "ts ignore") assert(output !== undefined, `${place} prints nothing`);
  }
});

/** The names of the places that a link can lead to within a document. */
function anchors(document: string): string[] {
  return [...document.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-")
  );
}

test("Every link of the documents leads to a place that is in the package", () => {
  const { include } = config.publish;
  let count = 0;
  for (const [path, document] of documents) {
    const prose = document.replace(/^```[^]*?^```$/gm, "");
    for (const [, target] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https:/.test(target!)) continue;
      count++;
      const [file, anchor] = target!.split("#") as [string, string?];
      const full = file === "" ? path : normalize(`${dirname(path)}/${file}`);
      const isPublished = include.some((part) =>
        part === full || part.endsWith("/") && full.startsWith(part)
      );
      assert(isPublished, `${path}: ${target} is not in the package`);
      const text = documents.get(full) ?? Deno.readTextFileSync(ROOT + full);
      const isThere = anchor === undefined || anchors(text).includes(anchor);
      assert(isThere, `${path}: ${target} is not there`);
    }
  }
  assert(count > 20);
});

test("The package can be published, and holds no tests and no benchmarks", async () => {
  const { code, stderr } = await bounded(
    new Deno.Command(Deno.execPath(), {
      args: ["publish", "--dry-run", "--allow-dirty", "--no-check"],
      cwd: ROOT,
      env: { NO_COLOR: "1" },
    }).output(),
  );
  const said = new TextDecoder().decode(stderr);
  assertEquals([code, /warning/.exec(said)], [0, null], said);
  const [, listed = ""] = said.split("with files:\n");
  const files = [...listed.matchAll(/^ +(file:\S+)/gm)].map(([, url]) =>
    new URL(url!).pathname.slice(ROOT.length)
  );
  assert(files.includes("mod.ts") && files.includes("docs/cluster.md"));
  const others = files.filter((file) =>
    !/^(src\/.*\.(ts|js|css)|docs\/.*\.(md|svg)|(mod|worker|doctor)\.ts|deno\.json|[A-Z]+\.md|LICENSE)$/
      .test(file)
  );
  assertEquals(others, []);
});
