/** Functions that are typed into `deno repl`, and use what was typed before. */

import { assert, assertEquals, assertMatch } from "../fixtures/assert.ts";
import { bounded, test } from "../fixtures/tools.ts";

const LIBRARY = JSON.stringify(import.meta.resolve("../../mod.ts"));
const GREETING = JSON.stringify(import.meta.resolve("./_greeting.ts"));

/** A REPL that is given lines as if they were typed, until the end of the `using` block. */
class Repl implements AsyncDisposable {
  readonly #process = new Deno.Command(Deno.execPath(), {
    args: ["repl", "-A", "--quiet"],
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  readonly #input = this.#process.stdin.getWriter();
  readonly #stderr = new Response(this.#process.stderr).text();
  readonly #output = this.#process.stdout.pipeThrough(new TextDecoderStream())
    .getReader();
  #text = "";

  /** Types lines. */
  async type(...lines: string[]): Promise<void> {
    await this.#input.write(new TextEncoder().encode(lines.join("\n") + "\n"));
  }

  /** Waits until it has printed something. */
  async printed(what: string): Promise<void> {
    while (!this.#text.includes(what)) {
      assert(await this.#read(), `It has ended, and printed ${this.#text}`);
    }
  }

  /** Presses Ctrl-C. */
  interrupt(): void {
    this.#process.kill("SIGINT");
  }

  /** Ends what is typed: gives the lines that it has printed, but those of no value. */
  async end(): Promise<{ code: number; lines: string[]; stderr: string }> {
    await this.#input.close();
    while (await this.#read());
    const { code } = await bounded(this.#process.status);
    const lines = this.#text.trimEnd().split("\n");
    return {
      code,
      lines: lines.filter((line) => line !== "undefined"),
      stderr: await this.#stderr,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#process.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.#input.close().catch(() => {});
    while (await this.#read());
    await this.#stderr;
    await this.#process.status;
  }

  async #read(): Promise<boolean> {
    const { value, done } = await bounded(this.#output.read());
    this.#text += value ?? "";
    return !done;
  }
}

/** What the lines print after a first one that makes a dispatcher `d`. */
async function printedBy(...lines: string[]): Promise<string[]> {
  await using repl = new Repl();
  await repl.type(
    `import { imap, Job, JobDispatcher, map } from ${LIBRARY};`,
    "const d = new JobDispatcher({ workers: 2 });",
    ...lines,
    "await d.close();",
  );
  const { code, lines: printed, stderr } = await repl.end();
  assertEquals([code, stderr], [0, ""]);
  return printed;
}

test("REPL: functions use variables, functions, classes, enums and imports of other lines", async () => {
  const lines = await printedBy(
    "const a = 1; let b = 2; var c = 3;",
    "function sum(x: number): number { return x + a + b + c; }",
    "class Base { #secret = sum(0); get secret() { return this.#secret; } }",
    "class Derived extends Base { twice() { return 2 * this.secret; } }",
    "enum Colour { Red, Green }",
    'import { join } from "node:path";',
    'import * as path from "node:path";',
    `import { greet, greeting, type Any } from ${GREETING};`,
    `import * as whole from ${GREETING};`,
    'const all = (x: number) => [sum(x), new Derived().twice(), Colour.Green, join("a", "b"), ' +
      'path.basename("c/d"), greet("you"), greeting, whole.greet("all")].join();',
    "console.log((await d.map(all, [10, 20])).join(' and '));",
  );
  const rest = "12,1,a/b,d,hello you,hello,hello all";
  assertEquals(lines, [`16,${rest} and 26,${rest}`]);
});

test("REPL: what is defined again is seen at the next call", async () => {
  const lines = await printedBy(
    "const factor = 2;",
    "function scale(x: number) { return factor * x; }",
    "const all = (x: number) => scale(x);",
    "console.log(...await d.map(all, [1, 2]));",
    "const factor = 3;",
    "console.log(...await d.map(all, [1, 2]));",
    "function scale(x: number) { return `${factor} times ${x}`; }",
    "console.log(...await d.map(all, [1, 2]));",
  );
  assertEquals(lines, ["2 4", "3 6", "3 times 1 3 times 2"]);
});

test("REPL: functions of different lines share the variables to which they assign", async () => {
  const lines = await printedBy(
    "let count = 0;",
    "var calls = 0;",
    "const bump = () => { count++; calls++; };",
    "const bumped = (x: number) => { bump(); bump(); return [x, count, calls]; };",
    "console.log(...(await d.map(bumped, [1])).flat(), count, calls);",
  );
  assertEquals(lines, ["1 2 2 0 0"]);
});

test("REPL: imap, jobs and objects of classes work, and the next line does not disturb", async () => {
  const lines = await printedBy(
    "class Point { constructor(readonly x = 0) {} right() { return new Point(this.x + 1); } }",
    "const moved = await d.map((p: Point) => p.right(), [new Point(4)]);",
    "console.log(moved[0] instanceof Point, moved[0].x);",
    "for await (const x of imap((x) => new Point(x).right().x, [1, 2], { dispatcher: d })) console.log(x);",
    "class Sum extends Job { total = 0; run() { this.total += new Point(6).right().x; } }",
    "const sum = new Sum({ dispatcher: d, mutable: true }); sum.start();",
    "await sum.join(); console.log(sum.total);",
    "const waiting = Promise.all([1, 2, 3].map((x) => d.map((y) => x * y, [1, 2])));",
    "console.log(1 + 1);",
    "console.log((await waiting).flat().join());",
    "console.log(String(await d.map(5, [1]).catch((error) => error)).slice(0, 9));",
  );
  assertEquals(lines, ["true 5", "2", "3", "7", "2", "1,2,2,4,3,6", "TypeError"]);
});

test("REPL: Ctrl-C ends a map, an iteration and a job, and what was typed stays", async () => {
  await using repl = new Repl();
  await repl.type(
    `import { imap, Job, JobDispatcher, map } from ${LIBRARY};`,
    "const d = new JobDispatcher({ workers: 2 });",
    "const waits = async (x) => { console.log('in', x); await new Promise(() => setTimeout(() => {}, 1e8)); };",
    "await map(waits, ['map']);",
  );
  await repl.printed("in map");
  repl.interrupt();
  await repl.printed('JobCancelledError: map "waits" was interrupted');
  await repl.type("for await (const x of imap(waits, ['imap'])) console.log(x);");
  await repl.printed("in imap");
  repl.interrupt();
  await repl.type(
    "const job = new Job({ target: waits, args: ['job'] }); job.start();",
  );
  await repl.type("await job.result;");
  await repl.printed("in job");
  repl.interrupt();
  await repl.printed('JobCancelledError: Job "Job-1" was cancelled');
  await repl.type(
    "const x = 4;",
    "console.log('ready'); await new Promise((done) => Deno.addSignalListener('SIGINT', done));",
  );
  await repl.printed("ready");
  repl.interrupt();
  await repl.type("console.log(await d.map(() => x, [1])); await d.close();");
  const { code, lines, stderr } = await repl.end();
  assertEquals([code, lines.at(-1)], [0, "[ 4 ]"]);
  assertEquals(lines.filter((line) => line.startsWith("Uncaught")).length, 3);
  assertMatch(stderr, /an interrupt ends maps and jobs; Deno cannot interrupt/);
});
