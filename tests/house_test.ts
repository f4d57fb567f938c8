/**
 * Who may import whom: the rules of ARCHITECTURE.md, held over the module graph as Deno
 * itself sees it. And how long a file may be: the rule of CONTRIBUTING.md.
 */

import { assert, assertEquals } from "./fixtures/assert.ts";

interface Graph {
  modules: {
    specifier: string;
    dependencies?: {
      code?: { specifier?: string };
      type?: { specifier?: string };
      isDynamic?: boolean;
    }[];
  }[];
}

const root = new URL("../", import.meta.url).href;
const graph = await info(
  "mod.ts",
  "worker.ts",
  "src/worker/thread/main.ts",
  "src/drmaa/mod.ts",
  "doctor.ts",
  "src/doctor/session_program.ts",
  "src/doctor/node_program.ts",
);

async function info(...entries: string[]): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  for (const entry of entries) {
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", new URL(entry, root).href],
      stdout: "piped",
      stderr: "null",
    }).output();
    const { modules }: Graph = JSON.parse(new TextDecoder().decode(stdout));
    for (const { specifier, dependencies = [] } of modules) {
      const uses = dependencies.flatMap(({ code, type }) => [code, type])
        .flatMap((dependency) => dependency?.specifier ?? []);
      found.set(short(specifier), [...new Set(uses.map(short))]);
    }
  }
  return found;
}

function short(specifier: string): string {
  return specifier.startsWith(root) ? specifier.slice(root.length) : specifier;
}

/** Everything that a module imports, and what that imports, and so on. */
function reach(start: string): Set<string> {
  const seen = new Set<string>();
  const visit = (module: string) => {
    if (seen.has(module)) return;
    seen.add(module);
    graph.get(module)?.forEach(visit);
  };
  visit(start);
  return seen;
}

const sources = [...graph.keys()].filter((module) => module.startsWith("src/"));

Deno.test("A worker's modules never reach the host's, nor any npm package", () => {
  const entries = [
    "worker.ts",
    "src/worker/thread/main.ts",
    "src/doctor/node_program.ts",
  ];
  for (const entry of entries) {
    const reached = [...reach(entry)];
    const host =
      /^src\/(calls|engine|core|scheduler|drmaa|closure\/capture)\/|^src\/(map|job|settings)\.ts/;
    assertEquals(reached.filter((module) => host.test(module)), []);
    assertEquals(reached.filter((module) => /^(npm|jsr|https?):/.test(module)), []);
    assert(reached.length > 5);
  }
});

Deno.test("A worker starts without a module of Node.js, which takes as long as all else", async () => {
  for (const entry of ["worker.ts", "src/worker/thread/main.ts"]) {
    for (const module of reach(entry)) {
      if (!module.startsWith("src/")) continue;
      const text = await Deno.readTextFile(new URL(module, root));
      const loaded = text.replace(/^import type [^;]*;/gm, "");
      assertEquals(loaded.match(/ from "node:\S*/g) ?? [], [], module);
    }
  }
});

Deno.test("Nobody but its own program knows of the doctor", () => {
  for (const entry of ["mod.ts", "worker.ts", "src/worker/thread/main.ts"]) {
    const reached = [...reach(entry)];
    assertEquals(reached.filter((module) => /doctor/.test(module)), []);
  }
});

/** A folder below `src/`; of what users import each file by itself. */
function folderOf(module: string): string {
  const path = module.slice("src/".length);
  const end = path.lastIndexOf("/");
  return end < 0 ? path.replace(/\.ts$/, "") : path.slice(0, end);
}

Deno.test("Each folder knows only what ARCHITECTURE.md allows it", async () => {
  const text = await Deno.readTextFile(new URL("ARCHITECTURE.md", root));
  const rows = text.matchAll(/^\| `src\/([\w/]+)\/` +\|[^|]*\|([^|]*)\|$/gm);
  const rules = new Map([...rows].map((
    [, folder, names],
  ) => [folder!, names!.split(",").map((name) => name.trim())]));
  assert(rules.size >= 15);
  for (const module of sources) {
    const folder = folderOf(module);
    if (!module.slice("src/".length).includes("/")) continue;
    const allowed = rules.get(folder) ?? [];
    assert(rules.has(folder), `ARCHITECTURE.md does not name the folder of ${module}`);
    const foreign = graph.get(module)!.filter((used) => {
      if (!used.startsWith("src/")) return false;
      const other = folderOf(used);
      const names = ["all", other, ...other.split("/").slice(0, 1)];
      return other !== folder && !["common", "errors"].includes(other) &&
        !allowed.some((name) => names.includes(name));
    });
    assertEquals(foreign, [], module);
  }
});

Deno.test("No folder knows one that knows it, directly or in a circle", () => {
  const known = new Map<string, Set<string>>();
  for (const module of sources) {
    const folder = folderOf(module);
    const others = known.get(folder) ?? new Set();
    known.set(folder, others);
    for (const used of graph.get(module)!) {
      if (used.startsWith("src/") && folderOf(used) !== folder) {
        others.add(folderOf(used));
      }
    }
  }
  const reached = (from: string, seen = new Set<string>()): Set<string> => {
    for (const next of known.get(from) ?? []) {
      if (!seen.has(next)) reached(next, seen.add(next));
    }
    return seen;
  };
  for (const [folder, others] of known) {
    const circle = [...others].filter((other) => reached(other).has(folder));
    assertEquals(circle, [], folder);
  }
});

Deno.test("The two cores and the protocol do no I/O", async () => {
  const pure = sources.filter((module) =>
    /^src\/(protocol|core|worker\/core)\//.test(module)
  );
  assert(pure.length >= 8);
  for (const module of pure) {
    const text = await Deno.readTextFile(new URL(module, root));
    const used = text.match(/\bDeno\.(?!errors|PermissionOptions)\w+/g) ?? [];
    const clock = text.match(
      /\b(Date\.now|new Date|performance\.|Math\.random|setTimeout)/g,
    );
    assertEquals([...used, ...clock ?? []], [], module);
    assertEquals(
      [...reach(module)].filter((m) => m.startsWith("src/zeromq/")),
      [],
      module,
    );
  }
});

Deno.test("Only src/zeromq/ and src/drmaa/ open shared libraries, each its own", async () => {
  for (const module of sources) {
    const text = await Deno.readTextFile(new URL(module, root));
    const owners = { zmq_: "zeromq", drmaa_: "drmaa", dlopen: "(zeromq|drmaa)" };
    for (const [word, owner] of Object.entries(owners)) {
      if (!new RegExp(`\\b${word}`).test(text)) continue;
      assert(new RegExp(`^src/${owner}/`).test(module), `${module} uses ${word}`);
    }
  }
});

Deno.test("No two modules import each other, directly or in a circle", () => {
  for (const module of sources) {
    const circle = graph.get(module)!.filter((used) =>
      used !== module && reach(used).has(module)
    );
    assertEquals(circle, [], module);
  }
});

/** All files of a folder and of those below it, by their paths from the project's. */
function* filesIn(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(new URL(folder, root))) {
    if (isDirectory) yield* filesIn(`${folder}${name}/`);
    else yield folder + name;
  }
}

Deno.test("No file of src/ has more than 400 lines, but for the page of the report", () => {
  const files = [...filesIn("src/")];
  assert(files.length > 100);
  const long = files.flatMap((file) => {
    const lines = Deno.readTextFileSync(new URL(file, root)).split("\n").length - 1;
    const isPage = ["src/report/page.js", "src/report/page.css"].includes(file);
    return lines > 400 && !isPage ? [`${file}: ${lines}`] : [];
  });
  assertEquals(long.toSorted(), []);
});
