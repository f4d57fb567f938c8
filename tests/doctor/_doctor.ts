/**
 * The doctor, as a user runs it, and what it says.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "../fixtures/assert.ts";

/** One line of what it says. */
export interface Seen {
  mark: string;
  detail: string;
  remedy: string | undefined;
}

/** What came of an examination. */
export interface Examined {
  code: number;
  /** By what was checked. */
  seen: Map<string, Seen>;
  /** All that it wrote. */
  text: string;
}

/** Reads what the doctor wrote. */
export function examined({ code, stdout, stderr }: Deno.CommandOutput): Examined {
  const decoder = new TextDecoder();
  const out = decoder.decode(stdout);
  const found = out.matchAll(
    /^(ok|warning|FAILED|skipped) +(\S.{16}) (.*)(?:\n +-> (.*))?$/gm,
  );
  const seen = new Map([...found].map(([, mark, check, detail, remedy]) => [
    check!.trim(),
    { mark: mark!, detail: detail!, remedy },
  ]));
  return { code, seen, text: out + decoder.decode(stderr) };
}

/** Only this failed, and it says what was seen and what to do. */
export function assertFailed(
  { code, seen, text }: Examined,
  check: string,
  detail: RegExp,
  remedy: RegExp,
): void {
  const failed = [...seen].filter(([, { mark }]) => mark === "FAILED");
  assertEquals(failed.map(([name]) => name), [check], text);
  assertMatch(seen.get(check)!.detail, detail, text);
  assertMatch(seen.get(check)!.remedy ?? "", remedy, text);
  assertEquals(code, 1, text);
}

/** This was not looked at, and it says why. */
export function assertSkipped(
  { seen, text }: Examined,
  check: string,
  detail: RegExp,
): void {
  assertEquals(seen.get(check)?.mark, "skipped", text);
  assertMatch(seen.get(check)!.detail, detail, text);
}

/** Nothing failed, but this is a warning. */
export function assertWarned(
  { code, seen, text }: Examined,
  check: string,
  detail: RegExp,
  remedy: RegExp,
): void {
  assertEquals(seen.get(check)?.mark, "warning", text);
  assertMatch(seen.get(check)!.detail, detail, text);
  assertMatch(seen.get(check)!.remedy ?? "", remedy, text);
  assertEquals(code, 0, text);
}

/** The path of a Deno that is too old for the library, out of npm's registry. */
export async function oldDeno(): Promise<string> {
  const arch = Deno.build.arch === "x86_64" ? "x64" : "arm64";
  const script = `const name = "npm:@deno/linux-${arch}-glibc@2.8.3/package.json";
    await import(name, { with: { type: "json" } });
    console.log(new URL("deno", import.meta.resolve(name)).pathname);`;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-config", "--no-lock", script],
  }).output();
  const decoder = new TextDecoder();
  assertEquals(code, 0, decoder.decode(stderr));
  return decoder.decode(stdout).trim();
}

/** Nothing is wrong, and all of this was looked at. */
export function assertWell({ code, seen, text }: Examined, checks: string[]): void {
  assertEquals([...seen.keys()], checks, text);
  assert([...seen.values()].every(({ mark }) => mark === "ok"), text);
  assertEquals(code, 0, text);
}
