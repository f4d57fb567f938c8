/** What the doctor finds on a machine that is part of no cluster. */

import { assertEquals, assertMatch } from "../fixtures/assert.ts";
import { dirname } from "node:path";
import { denoFinding } from "../../src/doctor/machine.ts";
import { FakeCluster } from "../fixtures/fake_cluster.ts";
import { libzmqPath } from "../fixtures/libzmq.ts";
import {
  assertFailed,
  assertSkipped,
  assertWarned,
  assertWell,
  type Examined,
  examined,
  oldDeno,
} from "./_doctor.ts";

const program = new URL("../../doctor.ts", import.meta.url).pathname;

/** Runs the doctor, with no more of the environment than a program needs. */
async function doctor(
  args: string[],
  { env = {}, flags = ["-A"], deno = Deno.execPath() }: {
    env?: Record<string, string>;
    flags?: string[];
    deno?: string;
  } = {},
): Promise<Examined> {
  const kept = Object.entries(Deno.env.toObject()).filter(([name]) =>
    ["PATH", "HOME", "DENO_DIR"].includes(name)
  );
  const command = new Deno.Command(deno, {
    args: ["run", "--no-prompt", ...flags, program, ...args],
    clearEnv: true,
    env: { ...Object.fromEntries(kept), NO_COLOR: "1", ...env },
    stdin: "null",
  });
  return examined(await command.output());
}

async function withDirectory(work: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempDir();
  try {
    await work(path);
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}

const LOCAL = ["deno", "permissions", "libzmq", "local worker"];

Deno.test("The doctor finds a machine well on which local maps run", async () => {
  const found = await doctor(["--local"]);
  assertWell(found, LOCAL);
  assertMatch(found.seen.get("libzmq")!.detail, /with CURVE, 4\.\d+\.\d+ \(\//);
  assertMatch(found.seen.get("local worker")!.detail, /^6 x 7 = 42, after \d/);
});

Deno.test("The doctor names the permissions that are missing, and asks for none", async () => {
  const found = await doctor([], { flags: ["--allow-read", "--allow-env"] });
  assertFailed(
    found,
    "permissions",
    /^not granted: --allow-write --allow-run --allow-ffi --allow-sys$/,
    /--allow-all/,
  );
  assertSkipped(found, "other checks", /need these permissions/);
});

Deno.test("The doctor says of an old Deno that it is too old", async () => {
  const deno = await oldDeno();
  const found = await doctor([], { deno, flags: ["-A", "--no-lock"] });
  const detail = new RegExp(`^2\\.8\\.3 \\(${deno}\\)$`);
  assertFailed(
    found,
    "deno",
    detail,
    /^Install Deno 2\.9 or newer there: deno upgrade$/,
  );
  assertSkipped(found, "other checks", /need a newer Deno/);
  for (const version of ["2.10.0", "3.0.0"]) {
    assertEquals(denoFinding("deno", version, deno).status, "ok");
  }
});

Deno.test("The doctor finds that libzmq is not where it is said to be", async () => {
  const env = { GRIDENGINE_LIBZMQ: "/nowhere/libzmq.so" };
  const found = await doctor(["--local"], { env });
  assertFailed(found, "libzmq", /Cannot open "\/nowhere\/libzmq\.so"/, /Unset GRIDENG/);
  assertSkipped(found, "local worker", /without libzmq/);
});

Deno.test("The doctor finds that the package with libzmq is not there", async () => {
  await withDirectory(async (cache) => {
    const options = { env: { DENO_DIR: cache }, flags: ["-A", "--cached-only"] };
    const found = await doctor(["--local"], options);
    const remedy = /^Fetch the library's packages once: deno (cache \S+)$/;
    assertFailed(found, "libzmq", /was not found/, remedy);
    const [, words] = remedy.exec(found.seen.get("libzmq")!.remedy!)!;
    const { env } = options;
    await new Deno.Command(Deno.execPath(), { args: words!.split(" "), env }).output();
    assertWell(await doctor(["--local"], options), LOCAL);
  });
});

const cc = await hasCompiler();

Deno.test({
  name: "The doctor finds a libzmq that cannot encrypt",
  ignore: !cc,
  fn: () =>
    withDirectory(async (directory) => {
      // All of libzmq, save that it denies every capability.
      const [source, output] = [`${directory}/none.c`, `${directory}/libnone.so`];
      await Deno.writeTextFile(source, "int zmq_has(const char *c) { return !c; }\n");
      const link = ["-Wl,--no-as-needed", `-Wl,-rpath,${dirname(libzmqPath)}`];
      const args = ["-shared", "-o", output, source, ...link, libzmqPath, "-lc"];
      const { success } = await new Deno.Command("cc", { args }).output();
      assertEquals(success, true);
      const found = await doctor(["--local"], { env: { GRIDENGINE_LIBZMQ: output } });
      assertFailed(found, "libzmq", /^without CURVE/, /4\.3 with CURVE/);
    }),
});

Deno.test({
  name:
    "The doctor takes a cluster for one that must be there only where it is asked for",
  ignore: !cc,
  fn: () =>
    withDirectory(async (directory) => {
      // As Grid Engine's says it where it is installed, and no cluster is set up.
      const source = `${directory}/none.c`;
      await Deno.writeTextFile(
        source,
        `#undef drmaa_init
         #include <stdio.h>
         int drmaa_init(const char *to, char *diagnosis, size_t size) {
           return snprintf(diagnosis, size, "There is no cluster"), 1;
         }\n`,
      );
      const other = new URL("../fixtures/fake_drmaa.c", import.meta.url).pathname;
      const output = `${directory}/libdrmaa.so.1.0`;
      const rename = "-Ddrmaa_init=other_init";
      const args = [
        "-shared",
        "-fPIC",
        rename,
        "-o",
        output,
        source,
        other,
        "-lpthread",
      ];
      const { success } = await new Deno.Command("cc", { args }).output();
      assertEquals(success, true);
      const env = { LD_LIBRARY_PATH: directory };
      const none = /There is no cluster/;
      const remedy = /^Set SGE_ROOT to .*settings\.sh$/;
      const found = await doctor([], { env });
      assertWarned(found, "session", /There is no cluster.*: maps run on this/, remedy);
      assertFailed(await doctor(["--cluster"], { env }), "session", none, remedy);
      const root = { ...env, SGE_ROOT: directory };
      const isSet = /^SGE_ROOT is set to \/.*whether qstat.*master may be down/;
      assertFailed(await doctor([], { env: root }), "session", none, isSet);
    }),
});

async function hasCompiler(): Promise<boolean> {
  try {
    return (await new Deno.Command("cc", { args: ["--version"] }).output()).success;
  } catch {
    return false;
  }
}

Deno.test("The doctor finds that a run has no place for its files", async () => {
  const env = { GRIDENGINE_TEMP_DIRECTORY: "/dev/null/runs" };
  const found = await doctor(["--local"], { env });
  const remedy =
    /^Set GRIDENGINE_TEMP_DIRECTORY to a directory in which files and sock/;
  assertFailed(found, "local worker", /Not a directory/, remedy);
  await withDirectory(async (directory) => {
    const path = `${directory}/${"long".repeat(25)}`;
    await Deno.mkdir(path);
    const env = { GRIDENGINE_TEMP_DIRECTORY: path };
    const found = await doctor(["--local"], { env });
    assertFailed(found, "local worker", /is too long for a socket/, remedy);
    const well = { GRIDENGINE_TEMP_DIRECTORY: directory };
    assertWell(await doctor(["--local"], { env: well }), LOCAL);
  });
});

Deno.test("The doctor takes a libdrmaa that is named for one that must be there", async () => {
  const env = { DRMAA_LIBRARY_PATH: "/nowhere/libdrmaa.so" };
  const found = await doctor([], { env });
  const detail = /^\/nowhere\/libdrmaa\.so: cannot open shared object file/;
  assertFailed(found, "libdrmaa", detail, /DRMAA_LIBRARY_PATH/);
  for (const check of LOCAL) assertEquals(found.seen.get(check)?.mark, "ok");
  assertSkipped(found, "cluster", /without libdrmaa/);
});

Deno.test("The doctor waits only so long for a libdrmaa that cannot be read", async () => {
  await withDirectory(async (directory) => {
    const path = `${directory}/libdrmaa.so`;
    // Whoever opens it waits until somebody writes to it.
    await new Deno.Command("mkfifo", { args: [path] }).output();
    const found = await doctor(["--timeout=1"], { env: { DRMAA_LIBRARY_PATH: path } });
    const remedy = /install the cluster's libdrmaa, or name its path/;
    assertFailed(found, "libdrmaa", /^no answer within 1 s$/, remedy);
  });
});

Deno.test("The doctor says how it is used where its options make no sense", async () => {
  const wrong = {
    "--local --cluster": /exclude each other/,
    "--timeout=soon": /--timeout is "soon"/,
    "--queue": /'--queue/,
    "all.q": /all\.q/,
  };
  for (const [words, said] of Object.entries(wrong)) {
    const { code, text } = await doctor(words.split(" "));
    assertEquals(code, 2, text);
    assertMatch(text, said);
    assertMatch(text, /Exit status: 0 when maps run/);
  }
});

for (
  const [how, plan, said] of [
    [
      "exits",
      "exit 3 no licence",
      /process ended with status 3 .*printed: no licence$/,
    ],
    ["crashes", "crash alas", /process was ended by SIGSEGV .*printed: alas$/],
    ["prints and exits well", "exit 0 bye", /process ended without .*printed: bye$/],
  ] as const
) {
  Deno.test(`The doctor says what a libdrmaa that ${how} has printed`, async () => {
    await using cluster = await FakeCluster.make();
    const env = { DRMAA_LIBRARY_PATH: cluster.library, FAKE_CLUSTER: cluster.path };
    await cluster.plan("init", plan);
    assertFailed(await doctor([], { env }), "session", said, /SGE_ROOT/);
    await cluster.plan("load", plan);
    const remedy = /install the cluster's libdrmaa, or name its path/;
    assertFailed(await doctor([], { env }), "libdrmaa", said, remedy);
  });
}
