/** Maps and jobs in cells of a notebook, in Deno's own kernel. */

import { assert, assertEquals, assertMatch } from "../fixtures/assert.ts";
import { bounded, TempDirectory } from "../fixtures/tools.ts";
import { Chromium } from "../report/_browser.ts";
import { execute, isWanted, notebookOf, outputsOf, readNotebook } from "./_kernel.ts";

const HERE = new URL(".", import.meta.url).pathname;
const ignore = !isWanted();

/** A test in a notebook. */
function test(name: string, fn: () => Promise<void>): void {
  const options = { ignore, sanitizeOps: true, sanitizeResources: true };
  Deno.test({ name: `Notebook: ${name}`, ...options, fn: () => bounded(fn()) });
}

/** What cells show after a first one with imports, in which each `word` is interrupted. */
async function shown(cells: string[], word?: string) {
  const imports = 'import { imap, Job, JobDispatcher, map } from "../../mod.ts";\n' +
    'import { greet, greeting } from "./_greeting.ts";';
  const notebook = await execute(notebookOf(imports, ...cells), HERE, word);
  const [first, ...outputs] = outputsOf(notebook);
  assertEquals(first, []);
  return { outputs, cells: notebook.cells.slice(1) };
}

test("functions use variables, classes, functions and imports of other cells", async () => {
  const { outputs } = await shown([
    "const factor = 2;\nfunction scale(x: number): number { return factor * x; }",
    "class Point {\n  constructor(readonly x: number) {}\n  scaled() { return new Point(scale(this.x)); }\n}",
    "const all = (x: number) => [new Point(x).scaled().x, greet(greeting)].join();",
    "await map(all, [1, 2])",
    "const [point] = await map((p: Point) => p.scaled(), [new Point(4)]);\n[point instanceof Point, point.x]",
    "const factor = 3;",
    "await map(all, [1, 2])",
    "function scale(x: number): number { return 100 * x; }",
    "await map(all, [1])",
    "const xs = [];\nfor await (const x of imap(scale, [1, 2])) xs.push(x);\nxs",
    "class Sum extends Job { total = 1; run() { return this.total + scale(1); } }\n" +
    "const sum = new Sum();\nsum.start();\nawait sum.result",
  ]);
  assertEquals(outputs, [
    [],
    [],
    [],
    ['[ "2,hello hello", "4,hello hello" ]'],
    ["[ true, 8 ]"],
    [],
    ['[ "3,hello hello", "6,hello hello" ]'],
    [],
    ['[ "100,hello hello" ]'],
    ["[ 100, 200 ]"],
    ["101"],
  ]);
});

test("progress, logs and the picture of a run stand in the cell that asked", async () => {
  const { outputs, cells } = await shown([
    'const say = (x: number) => { console.log("said", x); return x; };',
    "await map(say, [7], { progress: true })",
    'const later = map(say, [1, 2], { progress: true, report: "inline", name: "run & <b>" });',
    '"in between"',
    "await later",
    'await map(say, [], { report: "inline" })',
  ]);
  const [_, asked, begun, between, awaited, empty] = outputs;
  assertEquals(asked!.length, 3);
  assertMatch(asked![0]!, /^say: 1\/1 \(100%\), .*took \d+:\d\d$/);
  assertEquals(asked!.slice(1), ["[say 0] said 7", "[ 7 ]"]);
  assertMatch(begun![0]!, /^run & <b>: 2\/2 \(100%\), .*took/);
  assertEquals(begun![1], '"run & <b>": 2 done, 0 failed, finished');
  assertEquals(between, ['"in between"']);
  assertEquals(awaited!.at(-1), "[ 1, 2 ]");
  assertEquals(empty, ['"say": 0 done, 0 failed, finished', "[]"]);
  const picture = cells[2]!.outputs![1]!.data!["text/html"]!;
  using directory = new TempDirectory();
  const path = `${directory.path}/cell.html`;
  Deno.writeTextFileSync(path, picture);
  for (const scheme of ["light", "dark"] as const) {
    await using browser = await Chromium.launch();
    const page = await browser.open(`file://${path}`, { scheme });
    const frame = (await (await page.$("iframe"))!.contentFrame())!;
    await frame.waitForSelector(".chart");
    const seen = await frame.evaluate(`[
      document.querySelector("h1").textContent,
      getComputedStyle(document.body).backgroundColor,
      document.querySelectorAll(".chart").length,
    ]`);
    const paper = { light: "rgb(246, 247, 249)", dark: "rgb(20, 23, 28)" }[scheme];
    assertEquals(seen, ["run & <b>", paper, 1]);
    assertEquals(browser.complaints, []);
  }
});

test("an interrupt ends a map, an iteration or a job with its workers, and the kernel goes on", async () => {
  const { outputs } = await shown([
    "const kept = 5;\n" +
    "const processes = () => [...Deno.readDirSync('/proc/self/task')].flatMap(({ name }) =>\n" +
    "  Deno.readTextFileSync(`/proc/self/task/${name}/children`).match(/\\d+/g) ?? []);\n" +
    "const hang = (x: string) => { console.log('STOP', x); for (;;); };\n" +
    "const wait = (x: string) => { console.log('STOP', x); return new Promise(() => {}); };",
    "await map(hang, ['map'])",
    "processes()",
    "for await (const x of imap(wait, ['imap'])) console.log(x);",
    "const job = new Job({ target: hang, args: ['job'] });\njob.start();\nawait job.result",
    "await job[Symbol.asyncDispose]();\nprocesses()",
    "await using d = new JobDispatcher({ workers: 1 });\n" +
    "const error = await d.map(hang, ['settled'], { reraise: false }).catch((error) => error);\n" +
    "[error.name, await d.map((x) => x + kept, [1])]",
    "await d.close();\n" +
    "console.log('STOP');\nawait new Promise((done) => Deno.addSignalListener('SIGINT', done));\nkept",
  ], "STOP");
  const interrupted = (name: string) =>
    `JobCancelledError: map "${name}" was interrupted`;
  assertEquals(outputs.slice(1, 4), [
    ["[hang 0] STOP map", interrupted("hang")],
    ["[]"],
    ["[wait 0] STOP imap", interrupted("wait")],
  ]);
  const [job, left, again, other] = outputs.slice(4);
  assert(job![1]!.startsWith('JobCancelledError: Job "Job-1" was cancelled'), job![1]);
  assertEquals(left, ["[]"]);
  assertEquals(again, ["[hang 0] STOP settled", '[ "JobCancelledError", [ 6 ] ]']);
  assert(other!.includes("5"), "the kernel goes on");
  assertMatch(
    other!.join("\n"),
    /an interrupt ends maps and jobs; Deno cannot interrupt/,
  );
});

test("examples/notebook.ipynb shows what its file says", async () => {
  const examples = new URL("../../examples/", import.meta.url).pathname;
  const kept = readNotebook(`${examples}notebook.ipynb`);
  const made = await execute(kept, examples);
  // Only times differ.
  const timeless = (texts: string[]) =>
    texts.map((text) => text.replace(/, [\d.]+\/\w+, took \d+:\d\d/, ""));
  assertEquals(outputsOf(made).map(timeless), outputsOf(kept).map(timeless));
});
