import { assert, assertEquals, assertMatch, assertRejects } from "./fixtures/assert.ts";
import { map, type Progress } from "../mod.ts";
import { OnTerminal } from "./fixtures/terminal.ts";
import {
  group,
  runProgram,
  TempDirectory,
  test,
  twoProcesses,
} from "./fixtures/tools.ts";

const PROGRAM = "tests/fixtures/progressing.ts";

group("Progress by a callback", (test) => {
  test("Has the last word when all is done", async (dispatcher) => {
    const told: Progress[] = [];
    const f = (x: number) => {
      if (x % 10 === 0) throw new Error("ten");
      return x;
    };
    await dispatcher.map(f, Array(100).keys(), {
      name: "f",
      reraise: false,
      progress: (progress) => told.push(progress),
    });
    const { name, done, failed, total, ended, remaining, rate } = told.at(-1)!;
    assertEquals([name, done, failed, total, ended], ["f", 90, 10, 100, true]);
    assertEquals(remaining, 0);
    assert(rate > 0);
    assertEquals(told.filter(({ ended }) => ended).length, 1);
  });

  test("Comes while items run, with the workers", async (dispatcher) => {
    const abort = new AbortController();
    const told: Progress[] = [];
    const progress = (now: Progress) => {
      told.push(now);
      if (now.workers.running === 2) abort.abort(new Error("seen"));
    };
    const endless = () => new Promise(() => {});
    const { signal } = abort;
    await assertRejects(
      () => dispatcher.map(endless, [1, 2, 3], { progress, signal }),
      Error,
      "seen",
    );
    const { done, total, remaining, ended } = told.at(-2)!;
    assertEquals([done, total, remaining, ended], [0, 3, undefined, false]);
    assertEquals(told.at(-1)!.ended, true);
  });

  test("Works for each kind of map", async (dispatcher) => {
    const last: Record<string, Progress> = {};
    const into = (name: string) => ({
      progress: (progress: Progress) => void (last[name] = progress),
    });
    const f = (x: number) => x;
    await dispatcher.starmap(Math.max, [[1, 2], [3, 4]], into("starmap"));
    await Array.fromAsync(dispatcher.imap(f, [1, 2, 3], into("imap")));
    await Array.fromAsync(dispatcher.imapUnordered(f, [1, 2], into("unordered")));
    for await (const _ of dispatcher.imap(f, [1, 2, 3], into("left"))) break;
    const ended = Object.entries(last).map(([name, { done, ended }]) =>
      name === "left" ? [name, ended] : [name, done, ended]
    );
    assertEquals(ended, [
      ["starmap", 2, true],
      ["imap", 3, true],
      ["unordered", 2, true],
      ["left", true],
    ]);
  });

  test("Ends the map with what the callback throws", async (dispatcher) => {
    const endless = () => new Promise(() => {});
    const broken = (when: (progress: Progress) => boolean) => (now: Progress) => {
      if (when(now)) throw new RangeError("the callback is broken");
    };
    const message = "the callback is broken";
    const middle = { progress: broken(({ ended }) => !ended) };
    const run = () => dispatcher.map(endless, [1], { ...middle, reraise: false });
    await assertRejects(run, RangeError, message);
    const stream = dispatcher.imap(endless, [1], middle);
    await assertRejects(() => stream.next(), RangeError, message);
    const end = { progress: broken(({ ended }) => ended) };
    const all = () => dispatcher.map(Math.sqrt, [1], end);
    await assertRejects(all, RangeError, message);
    const last = () => Array.fromAsync(dispatcher.imap(Math.sqrt, [1], end));
    await assertRejects(last, RangeError, message);
    // Of two errors the map's own is thrown.
    const both = () => dispatcher.map(() => Promise.reject("own"), [1], end);
    assertEquals(await both().catch((error) => error), "own");
  });

  test("Must be true, false or a function", async (dispatcher) => {
    await assertRejects(
      () => dispatcher.map(Math.sqrt, [1], { progress: 5 as never }),
      TypeError,
      "progress is 5: true, false or a function",
    );
  });
});

test("Progress with no terminal is a plain line at the end", async () => {
  const { code, stdout, stderr } = await runProgram(PROGRAM, ["pending"]);
  assertEquals([code, stdout], [0, ""]);
  assertMatch(stderr, /^waits: 20\/20 \(100%\), [\d.]+\/s, took \d:\d\d\n$/);
});

test("Progress on a terminal stays below what jobs and the program print", async () => {
  await using terminal = new OnTerminal(PROGRAM, ["prints"]);
  await terminal.seen(/^prints ━+─+ \d+\/20 \(\d+%\), .*, 2 running/);
  assertEquals(await terminal.status(), 0);
  const [end, last, ...printed] = terminal.screen.lines.toReversed();
  assertEquals(end, "the end");
  assertMatch(last!, /^prints: 20\/20 \(100%\), [\d.]+\/s, took \d:\d\d$/);
  const items = Array.from({ length: 20 }, (_, i) => i);
  const expected = [
    "raw",
    ...items.map((i) => `[prints ${i}] item ${i}`),
    ...items.map((i) => `result ${i}`),
  ];
  assertEquals(printed.toSorted(), expected.toSorted());
});

test("Progress on a terminal tells how long workers have waited in the queue", async () => {
  await using terminal = new OnTerminal(PROGRAM, ["pending"]);
  await terminal.seen(/, 1 running, 1 pending for 0:01/);
  assertEquals(await terminal.status(), 0);
});

for (
  const [name, screen] of [
    ["fails", ["caught RangeError: twenty"]],
    ["leaves", ["left"]],
    ["aborted", ["aborted: enough"]],
  ] as const
) {
  test(`Progress on a terminal leaves nothing behind (${name})`, async () => {
    using directory = new TempDirectory();
    const seen = `${directory.path}/seen`;
    await using terminal = new OnTerminal(PROGRAM, [name, seen]);
    await terminal.seen(/, 2 running/);
    Deno.writeTextFileSync(seen, "");
    assertEquals(await terminal.status(), 0);
    assertEquals(terminal.screen.lines, [...screen]);
  });
}

test("Progress on a terminal lets the console's methods travel", async () => {
  await using terminal = new OnTerminal(PROGRAM, ["captures"]);
  assertEquals(await terminal.status(), 0);
  assertEquals(terminal.screen.lines.at(-1), "the same: true");
});

test("Progress false is none", async () => {
  const options = { scheduler: twoProcesses, progress: false };
  assertEquals(await map(Math.sqrt, [4], options), [2]);
});
