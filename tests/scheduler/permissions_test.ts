import { assert, assertEquals, assertRejects } from "../fixtures/assert.ts";
import { map, ProcessScheduler } from "../../mod.ts";
import { type Ground, test } from "../fixtures/ground.ts";

/** What a function may be allowed to do. */
const KINDS = ["net", "read", "write", "run", "env", "ffi", "sys"] as const;
type Kind = (typeof KINDS)[number];

/** Tries everything, and gives what came of it: "done", or the error's name. */
const tryAll = async (folder: string) => {
  const attempts = {
    net: () => Deno.listen({ hostname: "127.0.0.1", port: 0 }).close(),
    read: () => Deno.readTextFileSync(`${folder}/note`),
    write: () => Deno.writeTextFileSync(`${folder}/written`, ""),
    run: () => new Deno.Command("true").outputSync(),
    env: () => Deno.env.get("PATH"),
    ffi: () => Deno.UnsafePointer.create(1n),
    sys: () => Deno.osRelease(),
  };
  const found: Record<string, string> = {};
  for (const [kind, attempt] of Object.entries(attempts)) {
    try {
      await attempt();
      found[kind] = "done";
    } catch (error) {
      found[kind] = (error as Error).name;
    }
  }
  return found;
};

/** What comes of trying everything with these permissions. */
async function tried(
  { folder }: Ground,
  permissions?: Deno.PermissionOptions,
  transport: "local" | "network" = "local",
): Promise<Record<string, string>> {
  Deno.writeTextFileSync(`${folder}/note`, "");
  const options = permissions === undefined ? {} : { permissions };
  await using scheduler = new ProcessScheduler({ ...options, workers: 1, transport });
  const [found] = await map(tryAll, [folder], { scheduler });
  return found!;
}

function only(...allowed: Kind[]): Record<string, string> {
  return Object.fromEntries(
    KINDS.map((kind) => [kind, allowed.includes(kind) ? "done" : "NotCapable"]),
  );
}

test("By default a function may do everything", async (ground) => {
  assertEquals(await tried(ground), only(...KINDS));
});

test('With permissions "none" a function may do nothing, and works', async (ground) => {
  for (const transport of ["local", "network"] as const) {
    assertEquals(await tried(ground, "none", transport), only());
  }
});

for (const kind of KINDS) {
  test(`With the permission ${kind} alone a function may do that alone`, async (ground) => {
    assertEquals(await tried(ground, { [kind]: true }), only(kind));
  });
}

test("A permission can be given for one thing only", async (ground) => {
  const { folder } = ground;
  assertEquals(await tried(ground, { read: [folder] }), only("read"));
  assertEquals(await tried(ground, { read: [`${folder}/other`] }), only());
  assertEquals(await tried(ground, { env: ["PATH"], run: ["true"] }), {
    ...only("env", "run"),
  });
  assertEquals(await tried(ground, { env: ["HOME"] }), only());
});

test("A function that does what it may not fails its map with NotCapable", async () => {
  await using scheduler = new ProcessScheduler({ workers: 1, permissions: "none" });
  const error = await assertRejects(
    () => map((path: string) => Deno.readTextFile(path), ["/etc/hosts"], { scheduler }),
    Deno.errors.NotCapable,
  ) as Error;
  assert(error.message.includes("/etc/hosts"), error.message);
});
