/** The binding on Grid Engine's own libdrmaa, as far as that goes without a cluster. */

import { assertEquals, assertStringIncludes } from "../fixtures/assert.ts";
import { runProgram, TempDirectory } from "../fixtures/tools.ts";

const library = "/usr/lib/gridengine-drmaa/lib/libdrmaa.so.1.0";
const installed = await Deno.stat(library).then(() => true, () => false);
const tunables = { GLIBC_TUNABLES: "glibc.rtld.optional_static_tls=4096" };

interface Said {
  value?: Record<string, unknown>;
  name?: string;
  message?: string;
  codeName?: string;
  transient?: boolean;
}

/** What the program `_real.ts` says, in a process of its own. */
async function said(
  args: string[],
  env: Record<string, string>,
): Promise<Said> {
  const unset = { DRMAA_LIBRARY_PATH: "", SGE_ROOT: "", GLIBC_TUNABLES: "" };
  const all = { ...unset, ...env };
  const { code, stdout, stderr } = await runProgram("tests/drmaa/_real.ts", args, all);
  assertEquals([code, stderr], [0, ""]);
  return JSON.parse(stdout);
}

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: !installed, fn });
}

test("libdrmaa is found where Debian puts it, and is DRMAA 1.0", async () => {
  const { value } = await said(["info"], tunables);
  assertEquals([value?.path, value?.version], [library, "1.0"]);
});

test("libdrmaa is taken from where DRMAA_LIBRARY_PATH says", async () => {
  const { value } = await said(["info"], { ...tunables, DRMAA_LIBRARY_PATH: library });
  assertEquals(value?.path, library);
  const wrong = { ...tunables, DRMAA_LIBRARY_PATH: "/nowhere.so" };
  const { codeName, message } = await said(["info"], wrong);
  assertEquals(codeName, "LIBRARY_NOT_OPENED");
  assertStringIncludes(message!, "/nowhere.so");
  assertEquals(message!.includes("gridengine-drmaa"), false);
});

test("Without room for thread-local storage the error says what to set", async () => {
  const { codeName, message } = await said(["info", library], {});
  assertEquals(codeName, "LIBRARY_NOT_OPENED");
  const set = "set GLIBC_TUNABLES=glibc.rtld.optional_static_tls=4096";
  assertStringIncludes(message!, set);
});

test("open() without SGE_ROOT says so", async () => {
  const { codeName, message } = await said(["session", library], tunables);
  assertEquals(codeName, "INTERNAL_ERROR");
  assertStringIncludes(message!, "SGE_ROOT");
});

test("open() fails with the place of a master that does not answer", async () => {
  using root = new TempDirectory();
  const common = `${root.path}/default/common`;
  await Deno.mkdir(common, { recursive: true });
  await Deno.writeTextFile(`${common}/act_qmaster`, "localhost\n");
  const bootstrap = {
    admin_user: "none",
    default_domain: "none",
    ignore_fqdn: "false",
    spooling_method: "classic",
    spooling_lib: "libspoolc",
    spooling_params: "/nowhere",
    binary_path: "/nowhere",
    qmaster_spool_dir: "/nowhere",
    security_mode: "none",
    listener_threads: "2",
    worker_threads: "2",
    scheduler_threads: "1",
  };
  const lines = Object.entries(bootstrap).map(([name, value]) => `${name} ${value}\n`);
  await Deno.writeTextFile(`${common}/bootstrap`, lines.join(""));
  const { codeName, message, transient } = await said(["session", library], {
    ...tunables,
    SGE_ROOT: root.path,
    SGE_CELL: "default",
    SGE_QMASTER_PORT: "1", // Nobody listens there.
    SGE_EXECD_PORT: "2",
  });
  assertEquals([codeName, transient], ["DRM_COMMUNICATION_FAILURE", true]);
  assertStringIncludes(message!, '"localhost"');
});
