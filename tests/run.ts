/**
 * Runs every test: those of this folder, and every code block of the documentation. The
 * last line that it prints is `N passed, N failed, N skipped`. Arguments go to
 * `deno test`: names of files, `--filter` and the like.
 */

const everything = [
  "--doc",
  "tests",
  "src",
  "mod.ts",
  "doctor.ts",
  "README.md",
  "docs",
];
const chosen = Deno.args.length > 0 ? Deno.args : everything;

const test = new Deno.Command(Deno.execPath(), {
  args: [
    "test",
    "--lock=tests/deno.lock",
    "--allow-all",
    "--quiet",
    "--parallel",
    ...chosen,
  ],
  env: { DENO_JOBS: "2" },
  stdout: "piped",
  stderr: "inherit",
}).spawn();

let tail = "";
const decoder = new TextDecoder();
for await (const bytes of test.stdout) {
  await Deno.stdout.write(bytes);
  tail = (tail + decoder.decode(bytes, { stream: true })).slice(-4096);
}
const { code } = await test.status;

// deno-lint-ignore no-control-regex -- colours, where the terminal has them
const plain = tail.replace(/\x1b\[[\d;]*m/g, "");
const summary = plain.split("\n").findLast((line) => /^(ok|FAILED) \|/.test(line)) ??
  "";
const count = (what: string) =>
  Number(new RegExp(`(\\d+) ${what}`).exec(summary)?.[1] ?? 0);
const passed = count("passed");
const failed = Math.max(count("failed"), code !== 0 && passed === 0 ? 1 : 0);
const skipped = count("ignored");

const inCi = Deno.env.get("CI") === "true";
if (inCi && skipped > 0) console.log("In CI no test may be skipped.");
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
Deno.exit(
  code !== 0 ? code : failed > 0 || passed === 0 || inCi && skipped > 0 ? 1 : 0,
);
