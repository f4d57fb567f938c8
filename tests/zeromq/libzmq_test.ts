import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertStringIncludes,
  assertThrows,
} from "../fixtures/assert.ts";
import { ZeromqError } from "../../src/errors.ts";
import {
  curveKeys,
  decodeKey,
  errorName,
  libzmqHas,
  libzmqVersion,
  openLibzmq,
} from "../../src/zeromq/libzmq.ts";
import { locateLibzmq } from "../../src/zeromq/locate.ts";
import { started, test } from "./_tools.ts";
import { libzmqPath, zmq } from "../fixtures/libzmq.ts";
import { TempDirectory } from "../fixtures/tools.ts";

/** What the program `_locate.ts` says under these flags, as an object. */
async function locateInChild(
  flags: string[],
  args: string[],
  env: Record<string, string> = {},
): Promise<Record<string, unknown>> {
  await using child = started("_locate.ts", args, { flags, env });
  return JSON.parse(await child.line());
}

test("libzmqVersion() is one of 4.3", () => {
  assertMatch(libzmqVersion(zmq), /^4\.3\.\d+$/);
});

test("libzmqHas() tells what the addon was built with", () => {
  for (const capability of ["curve", "draft", "ipc"]) {
    assertEquals(libzmqHas(zmq, capability), true, capability);
  }
  assertEquals(libzmqHas(zmq, "telepathy"), false);
});

test("curveKeys() makes two fresh keys that decodeKey() takes", () => {
  const keys = curveKeys(zmq);
  for (const key of [keys.publicKey, keys.secretKey]) {
    assertMatch(key, /^[!-~]{40}$/);
    assertEquals(decodeKey(zmq, key).length, 32);
  }
  const other = curveKeys(zmq);
  const all = [keys.publicKey, keys.secretKey, other.publicKey, other.secretKey];
  assertEquals(new Set(all).size, 4);
  assertNotEquals(decodeKey(zmq, keys.publicKey), decodeKey(zmq, other.publicKey));
});

test("decodeKey() refuses what is no key, without showing it", () => {
  const key = curveKeys(zmq).publicKey;
  const bad = {
    "empty": "",
    "too short": key.slice(1),
    "too long": key + "0",
    "with a blank": key.slice(1) + " ",
    "with a character that Z85 lacks": key.slice(1) + "~",
    "with a character beyond ASCII": key.slice(1) + "é",
    "above 32 bits in a group": "#".repeat(40),
    "cut short by a NUL": key.slice(0, 35) + "\0" + key.slice(36),
    "all NUL": "\0".repeat(40),
  };
  for (const [what, text] of Object.entries(bad)) {
    const error = assertThrows(() => decodeKey(zmq, text), ZeromqError, "", what);
    assertEquals(error.code, "EINVAL", what);
    assert(text === "" || !error.message.includes(text), what);
  }
});

test("errorName() knows the system's errors and those of libzmq", () => {
  assertEquals(errorName(Deno.build.os === "linux" ? 98 : 48), "EADDRINUSE");
  assertEquals(errorName(156384765), "ETERM");
  assertEquals(errorName(987654), "errno 987654");
});

test("openLibzmq() opens a library once", () => {
  assert(openLibzmq(libzmqPath) === zmq);
});

test("openLibzmq() says which file failed and which variable to set", () => {
  const ownFile = import.meta.filename!;
  for (const path of ["/nonexistent.so", ownFile]) {
    const error = assertThrows(() => openLibzmq(path), ZeromqError);
    assertEquals(error.code, "ENOENT");
    assertStringIncludes(error.message, path);
    assertStringIncludes(error.message, "GRIDENGINE_LIBZMQ");
    assert(error.cause instanceof Error);
  }
});

test("openLibzmq() refuses a library that is not libzmq", () => {
  const error = assertThrows(() => openLibzmq("libc.so.6"), ZeromqError);
  assertEquals(error.code, "ENOENT");
  assertStringIncludes(error.message, "zmq_");
}, { ignore: Deno.build.os !== "linux" });

test("openLibzmq() leaves a missing permission as Deno's own error", async () => {
  const said = await locateInChild(["--no-prompt"], [libzmqPath]);
  assertEquals(said.name, "NotCapable");
  assertStringIncludes(String(said.message), "--allow-ffi");
});

test("locateLibzmq() takes the path that the user names as it is", async () => {
  assertEquals(await locateLibzmq("/opt/zmq/libzmq.so.5"), "/opt/zmq/libzmq.so.5");
});

test("locateLibzmq() finds the addon of the npm package", async () => {
  assertMatch(libzmqPath, /zeromq.*\.node$/);
  assertEquals((await Deno.stat(libzmqPath)).isFile, true);
});

test("locateLibzmq() lists what it tried where nothing is installed", async () => {
  using empty = new TempDirectory();
  // Only the cache is asked, and it is empty; no proxy, no registry, no network.
  const flags = ["-A", "--no-config", "--cached-only"];
  const said = await locateInChild(flags, [], { DENO_DIR: empty.path });
  assertEquals(said.name, "ZeromqError");
  assertEquals(said.code, "ENOENT");
  assertEquals(said.caused, true);
  const parts = [
    Deno.build.os,
    Deno.build.arch,
    "npm package zeromq",
    "GRIDENGINE_LIBZMQ",
  ];
  for (const part of parts) assertStringIncludes(String(said.message), part);
});
