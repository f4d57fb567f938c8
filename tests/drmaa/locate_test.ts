import {
  assertEquals,
  assertStringIncludes,
  assertThrows,
} from "../fixtures/assert.ts";
import { DrmaaError } from "../../src/drmaa/mod.ts";
import { candidates, openFirst } from "../../src/drmaa/locate.ts";
import { path } from "./_fake.ts";

const linux = Deno.build.os === "linux" && Deno.build.arch === "x86_64";

/** The paths to try under these variables. */
const tried = (variables: Record<string, string> = {}, named?: string): string[] =>
  candidates(named, (name) => variables[name]);

Deno.test("What is named is all that is tried", () => {
  const variables = { DRMAA_LIBRARY_PATH: "/b.so", SGE_ROOT: "/sge" };
  assertEquals(tried(variables, "/a.so"), ["/a.so"]);
  assertEquals(tried(variables), ["/b.so"]);
  assertEquals(tried({ DRMAA_LIBRARY_PATH: "" }), tried());
});

Deno.test({
  name: "SGE_ROOT comes first, then the loader's names, then the usual folders",
  ignore: !linux,
  fn() {
    const names = ["libdrmaa.so.1.0", "libdrmaa.so.1", "libdrmaa.so"];
    assertEquals(tried().slice(0, 3), names);
    const folder = "/usr/lib/gridengine-drmaa/lib";
    assertEquals(tried().slice(3, 6), names.map((name) => `${folder}/${name}`));
    const own = tried({ SGE_ROOT: "/sge" });
    assertEquals(own[0], "/sge/lib/lx-amd64/libdrmaa.so");
    const first = own.findIndex((path) => !path.startsWith("/sge/"));
    assertEquals(own.slice(first), tried());
    const named = tried({ SGE_ROOT: "/sge", SGE_ARCH: "glinux" });
    assertEquals(named[0], "/sge/lib/glinux/libdrmaa.so");
    const twice = tried({ SGE_ROOT: "/sge", SGE_ARCH: "lx-amd64" });
    assertEquals(twice, own);
  },
});

Deno.test("A failure lists every path with its reason, and the variable to set", () => {
  const here = import.meta.filename!;
  const paths = ["/nowhere/libdrmaa.so", here, "libnone.so.9"];
  const error = assertThrows(() => openFirst(paths), DrmaaError);
  assertEquals([error.code, error.codeName], [-1, "LIBRARY_NOT_OPENED"]);
  const [first, ...lines] = error.message.split("\n");
  assertStringIncludes(first!, "set DRMAA_LIBRARY_PATH");
  assertEquals(lines.length, 3);
  for (const [i, path] of paths.entries()) {
    assertStringIncludes(lines[i]!, `  ${path}: `);
    assertEquals(lines[i]!.split(path).length, 2, "the path once");
  }
});

Deno.test({
  name: "A library without DRMAA's functions is told from one that has them",
  ignore: !path || Deno.build.os !== "linux",
  fn() {
    const error = assertThrows(() => openFirst(["libc.so.6"]), DrmaaError);
    assertStringIncludes(error.message, "libc.so.6: ");
    assertStringIncludes(error.message, "drmaa_");
    assertEquals(openFirst(["libc.so.6", path!]).path, path);
  },
});
