/**
 * The libdrmaa of `fake_drmaa.c`, built for the tests of one file, and tests that open a
 * session with it and leave nothing behind.
 *
 * @module
 */

import { assertEquals } from "../fixtures/assert.ts";
import { libraryInfo, Session } from "../../src/drmaa/mod.ts";
import { bounded } from "../fixtures/tools.ts";

const SYMBOLS = {
  /** Ends a job. */
  fake_finish: { parameters: ["buffer"], result: "void" },
  /** Returns when so many threads are inside a wait. */
  fake_until_waiting: { parameters: ["i32"], result: "void", nonblocking: true },
  /** Returns when so many threads are inside a submission. */
  fake_until_submitting: { parameters: ["i32"], result: "void", nonblocking: true },
  /** Whether slow submissions go on. */
  fake_go: { parameters: ["i32"], result: "void" },
  /** A count, by the code of its first letter. */
  fake_count: { parameters: ["i32"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

/** What `fake_drmaa.c` counts. */
const LETTERS = {
  active: "a",
  lists: "l",
  templates: "t",
  mostWaiting: "w",
  longestTimeout: "s",
  disposed: "d",
};

let controls: Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

/** The path that the library was opened at; the file is gone. Not set without `cc`. */
export const path: string | undefined = await build();

/** Builds it and opens it: a library that is open needs its file no more. */
async function build(): Promise<string | undefined> {
  const directory = await Deno.makeTempDir({ prefix: "fake-drmaa-" });
  try {
    const output = `${directory}/libdrmaa.so`;
    const source = new URL("../fixtures/fake_drmaa.c", import.meta.url).pathname;
    const args = ["-shared", "-fPIC", "-Wall", "-o", output, source, "-lpthread"];
    const { success } = await new Deno.Command("cc", { args }).output();
    if (!success) throw new Error(`cc cannot build ${source}`);
    controls = Deno.dlopen(output, SYMBOLS).symbols;
    libraryInfo(output);
    return output;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Ends a job. */
export function finish(job: string): void {
  controls.fake_finish(new TextEncoder().encode(job + "\0"));
}

/** Resolves when so many calls wait inside the library. */
export function untilWaiting(count = 1): Promise<void> {
  return bounded(controls.fake_until_waiting(count));
}

/** Resolves when so many calls submit. */
export function untilSubmitting(count = 1): Promise<void> {
  return bounded(controls.fake_until_submitting(count));
}

/** Lets slow submissions go on, or holds them up. */
export function letSubmissionsGo(go: boolean): void {
  controls.fake_go(go ? 1 : 0);
}

/** What the library counts. */
export function count(what: keyof typeof LETTERS): number {
  return controls.fake_count(LETTERS[what].charCodeAt(0));
}

/** A test with a session of the fake library, which must leave nothing in it. */
export function test(
  name: string,
  fn: (session: Session) => Promise<void> | void,
  contact?: string,
): void {
  Deno.test({
    name,
    ignore: !path,
    sanitizeOps: true,
    sanitizeResources: true,
    fn: () =>
      bounded((async () => {
        {
          const options = contact === undefined ? {} : { contact };
          await using session = await Session.open({ library: path!, ...options });
          await fn(session);
        }
        const left = [count("active"), count("templates"), count("lists")];
        assertEquals(left, [0, 0, 0], "active sessions, templates, lists");
      })()),
  });
}
