import {
  assert,
  assertEquals,
  assertRejects,
  assertThrows,
} from "../fixtures/assert.ts";
import {
  imap,
  imapSettled,
  JobDispatcher,
  map,
  mapSettled,
  type MapSettledOptions,
  ProcessScheduler,
  WorkerLostError,
} from "../../mod.ts";
import { instanceOf, TempDirectory, test, twoProcesses } from "../fixtures/tools.ts";
import { until } from "../fixtures/waiting.ts";
import { act, type Deed } from "./_functions.ts";
import { recordAt } from "./_page.ts";

const double = (x: number) => 2 * x;
const scheduler = twoProcesses;

test("The report says what ran, how long, where and with how many bytes", async () => {
  using directory = new TempDirectory();
  const report = `${directory.path}/run.html`;
  const deeds = [10, 20, 30, 40].map((work): Deed => ({ work }));
  await map(act, deeds, { scheduler, report, name: "deeds" });
  const record = recordAt(report);
  assertEquals(record.name, "deeds");
  assertEquals(record.ending, { how: "finished" });
  assertEquals(record.items, { total: 4, all: true, done: 4, failed: 0, retried: 0 });
  assertEquals(record.times.count, 4);
  assert(record.times.least >= 10 && record.times.most >= 40);
  assert(record.times.sum >= 100 && record.budget.work === record.times.sum);
  assertEquals(record.slowest.map(({ index }) => index).toSorted(), [0, 1, 2, 3]);
  assert(record.peak >= 1 && record.peak <= 2);
  assert(record.wall > 0 && record.efficiency > 0 && record.efficiency <= 1);
  assert(record.sent > 0 && record.received > 0);
  assertEquals(record.workers.length, 2);
  for (const { asked, started, ready, pid } of record.workers) {
    if (ready === undefined) continue;
    assert(asked! <= started! && started! <= ready && ready <= record.wall);
    assert(pid! > 0);
  }
  const tries = record.workers.reduce((sum, { tries }) => sum + tries, 0);
  assertEquals(tries, 4);
});

test("The report gives each item its own time, though many share a message", async () => {
  using directory = new TempDirectory();
  const report = `${directory.path}/run.html`;
  const deeds = Array.from(
    { length: 200 },
    (_, i): Deed => ({ work: i === 77 ? 8 : 0 }),
  );
  await map(act, deeds, { scheduler, report, chunkSize: 100 });
  const { slowest: [slowest], times } = recordAt(report);
  assertEquals(times.count, 200);
  assert(slowest!.elapsed >= 8);
  assert(times.median < 8);
});

test("In the report an item that waits is as long as its wait, and not more than it", async () => {
  using directory = new TempDirectory();
  const report = `${directory.path}/run.html`;
  const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
  await map(wait, [30, 30, 30], { scheduler, report, chunkSize: 3 });
  const { times, workers } = recordAt(report);
  assertEquals(times.count, 3);
  assert(times.least >= 29);
  for (const { bars } of workers) {
    for (const [i, [from]] of bars.entries()) {
      assert(i === 0 || from >= bars[i - 1]![1]);
    }
  }
});

test("The report shows failures, a lost worker and what was tried again", async () => {
  using directory = new TempDirectory();
  const report = `${directory.path}/run.html`;
  const deeds: Deed[] = [{}, { fail: "<b>no</b>" }, { kill: true }, {}];
  const options = { scheduler, report, chunkSize: 1, reraise: false } as const;
  await map(act, deeds, options);
  const { items, failures: [failure], causes, losses: [loss], ...record } = recordAt(
    report,
  );
  assertEquals([items.done, items.failed], [3, 1]);
  assert(items.retried >= 1);
  assertEquals(record.ending?.how, "finished");
  assertEquals([failure?.index, failure?.name, failure?.message], [
    1,
    "RangeError",
    "<b>no</b>",
  ]);
  assert(failure!.stack.includes("_functions.ts"));
  assertEquals(causes, [["RangeError", 1]]);
  assertEquals([record.lossCount, loss?.cause], [1, "signal"]);
  const lost = record.workers.filter(({ lost }) => lost !== undefined);
  assertEquals(lost.map(({ worker }) => worker), [loss!.worker]);
  assertEquals(lost[0]!.pid, loss!.pid);
  assert(!Deno.readTextFileSync(report).includes("<b>no"));
});

test("The report is written when the map fails, and says why", async () => {
  using directory = new TempDirectory();
  const report = `${directory.path}/run.html`;
  const deeds: Deed[] = [{ fail: "at once" }];
  await assertRejects(() => map(act, deeds, { scheduler, report }), RangeError);
  const { ending, items } = recordAt(report);
  assertEquals(ending, { how: "failed", error: "RangeError: at once" });
  assertEquals(items.failed, 1);
});

test("The report is written though the reason of an abort cannot be shown", async () => {
  using directory = new TempDirectory();
  const report = `${directory.path}/run.html`;
  const reason = {
    [Symbol.for("Deno.customInspect")]() {
      throw new Error("not to be shown");
    },
  };
  const signal = AbortSignal.abort(reason);
  const running = map(double, [1], { scheduler, report, signal });
  assertEquals(await running.catch((error) => error === reason), true);
  const aborter = new AbortController();
  const later = map(double, [1], { scheduler, report, signal: aborter.signal });
  aborter.abort(reason);
  assertEquals(await later.catch((error) => error === reason), true);
  assert(recordAt(report).ending!.error!.endsWith("a value that cannot be shown"));
});

test("The report is written when the map is aborted, with what was cancelled", async () => {
  using directory = new TempDirectory();
  const report = `${directory.path}/run.html`;
  await using dispatcher = new JobDispatcher({ scheduler });
  const aborter = new AbortController();
  const { signal } = aborter;
  const forever = () => new Promise<never>(() => {});
  const running = dispatcher.map(forever, [1], { report, signal });
  await until("a worker is busy", () => dispatcher.stats().workers.busy > 0);
  aborter.abort(new Error("enough"));
  await assertRejects(() => running, Error, "enough");
  const { ending, workers } = recordAt(report);
  assertEquals(ending, { how: "aborted", error: "Error: enough" });
  const kinds = workers.flatMap(({ bars }) => bars.map((bar) => bar[5]));
  assertEquals(kinds, [2]);
});

test("The report is written when the loop over imap is left, and when it ends", async () => {
  using directory = new TempDirectory();
  const path = (name: string) => `${directory.path}/${name}.html`;
  await using dispatcher = new JobDispatcher({ scheduler });
  function* naturals() {
    for (let i = 1;; i++) yield i;
  }
  for await (const y of dispatcher.imap(double, naturals(), { report: path("left") })) {
    if (y >= 10) break;
  }
  assertEquals(recordAt(path("left")).ending, { how: "left early" });
  assertEquals(recordAt(path("left")).items.all, false);
  const all = dispatcher.imapUnordered(double, [1, 2, 3], { report: path("all") });
  assertEquals((await Array.fromAsync(all)).toSorted(), [2, 4, 6]);
  const { ending, items } = recordAt(path("all"));
  assertEquals([ending?.how, items.done, items.all], ["finished", 3, true]);
  const failing = dispatcher.imap(act, [{ fail: "no" }], { report: path("failed") });
  await assertRejects(() => Array.fromAsync(failing), RangeError);
  assertEquals(recordAt(path("failed")).ending?.error, "RangeError: no");
});

test("The report has workers that were there already, of maps one by one", async () => {
  using directory = new TempDirectory();
  const path = (name: string) => `${directory.path}/${name}.html`;
  await using dispatcher = new JobDispatcher({ scheduler });
  await dispatcher.map(double, [1, 2]);
  await dispatcher.starmap(Math.max, [[1, 2], [3, 4]], { report: path("warm") });
  const { workers, items, budget } = recordAt(path("warm"));
  assertEquals(items.done, 2);
  assert(workers.length >= 1);
  assert(
    workers.every(({ asked, ready }) => asked === undefined && ready !== undefined),
  );
  assertEquals([budget.queued, budget.starting], [0, 0]);
});

test("Maps at once on the same workers have a report each, of their own items", async () => {
  using directory = new TempDirectory();
  const path = (name: string) => `${directory.path}/${name}.html`;
  await using dispatcher = new JobDispatcher({ scheduler });
  const args = (count: number) => Array.from({ length: count }, (_, i) => i);
  await Promise.all(
    [1, 20, 300].map((count) =>
      dispatcher.map(double, args(count), {
        name: `${count}`,
        report: path(`${count}`),
      })
    ),
  );
  for (const count of [1, 20, 300]) {
    const { name, items, times, ending } = recordAt(path(`${count}`));
    assertEquals([name, items.done, times.count], [`${count}`, count, count]);
    assertEquals(ending?.how, "finished");
  }
});

test("A map over nothing has a report, too", async () => {
  using directory = new TempDirectory();
  const report = `${directory.path}/run.html`;
  assertEquals(await map(double, [], { scheduler, report }), []);
  assertEquals(recordAt(report).items.total, 0);
  assertEquals(recordAt(report).ending?.how, "finished");
});

test("Where the report cannot be written the call says so, and starts nothing", async () => {
  using directory = new TempDirectory();
  const { path } = directory;
  await using dispatcher = new JobDispatcher({ scheduler });
  const fails = async (report: unknown, why: string) => {
    const options = { report: report as string };
    await assertRejects(() => dispatcher.map(double, [1], options), Error, why);
    assertThrows(() => dispatcher.imap(double, [1], options), Error, why);
  };
  await fails(`${path}/none/run.html`, `there is no directory ${path}/none`);
  await fails(path, "it is a directory");
  await fails(`${path}/\0`, "cannot be written");
  await fails("", "a path such as");
  await fails(
    "inline",
    'report: "inline" is for notebooks: give a path such as "run.html"',
  );
  await fails(7, "report is 7: a path such as");
  Deno.writeTextFileSync(`${path}/file`, "");
  await fails(`${path}/file/run.html`, "cannot be written");
  assertEquals(dispatcher.stats().workersRequested, 0);
  assertEquals([...Deno.readDirSync(path)].map(({ name }) => name), ["file"]);
});

test("A report that is there stays as it is until the run is over", async () => {
  using directory = new TempDirectory();
  const report = `${directory.path}/run.html`;
  Deno.writeTextFileSync(report, "the last one");
  const seen = imap(double, [1, 2], { scheduler, report });
  await seen.next();
  assertEquals(Deno.readTextFileSync(report), "the last one");
  await seen.return!();
  assertEquals(recordAt(report).ending?.how, "left early");
});

test("Where no worker can be had the report says that", async () => {
  using directory = new TempDirectory();
  const report = `${directory.path}/run.html`;
  class Broken extends ProcessScheduler {
    override start(): void {
      throw new Error("no processes today");
    }
  }
  const call = () => map(double, [1, 2], { scheduler: Broken, report });
  instanceOf(await call().catch((error) => error), WorkerLostError);
  const { ending, losses, peak, efficiency } = recordAt(report);
  assertEquals([ending?.how, peak, efficiency], ["failed", 0, 0]);
  assert(losses.length >= 1);
  assert(losses[0]!.detail.includes("no processes today"));
});

const noWorker: Record<string, (options: MapSettledOptions) => Promise<unknown>> = {
  map: (options) => map(double, [1, 2, 3], options),
  "map with reraise: false": (options) =>
    map(double, [1, 2, 3], { ...options, reraise: false }),
  mapSettled: (options) => mapSettled(double, [1, 2, 3], options),
  imapSettled: (options) => Array.fromAsync(imapSettled(double, [1, 2, 3], options)),
};

for (const [kind, run] of Object.entries(noWorker)) {
  test(`The report of a run that no worker can be had for says that it failed, and why (${kind})`, async () => {
    using directory = new TempDirectory();
    const report = `${directory.path}/run.html`;
    const closed = new ProcessScheduler({ workers: 1 });
    await closed.close();
    await run({ scheduler: closed, report }).catch(() => {});
    const { ending, items, causes } = recordAt(report);
    assertEquals(ending, {
      how: "failed",
      error: "SchedulerError: The scheduler is closed: make a new ProcessScheduler",
    });
    assertEquals([items.done, items.failed], [0, 3]);
    assertEquals(causes, [["SchedulerError", 3]]);
  });
}
