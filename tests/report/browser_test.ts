import { assert, assertEquals } from "../fixtures/assert.ts";
import { imap, map, ProcessScheduler } from "../../mod.ts";
import { renderPage } from "../../src/report/page.ts";
import { Recorder } from "../../src/report/recorder.ts";
import { bounded, TempDirectory, twoProcesses } from "../fixtures/tools.ts";
import { Chromium, isWanted, pixels, textOf } from "./_browser.ts";
import { act, type Deed } from "./_functions.ts";
import { addressOf } from "./_watch.ts";

const ignore = !isWanted();

/** A test in a browser. */
function test(
  name: string,
  fn: (chromium: Chromium, directory: string) => Promise<void>,
): void {
  Deno.test({
    name: `Report in a browser: ${name}`,
    ignore,
    async fn() {
      using directory = new TempDirectory();
      await using chromium = await Chromium.launch();
      await bounded(fn(chromium, directory.path));
      assertEquals(chromium.complaints, []);
    },
  });
}

test(
  "Two failures and a lost worker of 2,000 items are seen at a glance",
  async (chromium, directory) => {
    const report = `${directory}/run.html`;
    const deeds = Array.from({ length: 2000 }, (): Deed => ({ work: 0.5 }));
    deeds[700] = { fail: "item <img src=x onerror=alert(1)> is out of range" };
    deeds[1500] = { fail: "</script><script>document.title = 'mine'</script>" };
    deeds[1100] = { kill: true };
    // Alone from the start, so that it is lost once.
    const options = {
      chunkSize: 1,
      retries: 2,
      reraise: false,
      name: "simulate",
    } as const;
    const scheduler = () => new ProcessScheduler({ workers: 3 });
    await map(act, deeds, { scheduler, report, ...options });

    for (const scheme of ["light", "dark"] as const) {
      const page = await chromium.open(`file://${report}`, { scheme });
      assertEquals(await page.title(), "simulate – run");
      const failed = await textOf(page, ".problem.failed");
      assert(failed.startsWith("2 items failed"), failed);
      assert(failed.includes("item 700") && failed.includes("<img src=x"), failed);
      assert(failed.includes("item 1500") && failed.includes("</script>"), failed);
      const lost = await textOf(page, ".problem.lost");
      assert(/^\d workers? lost/.test(lost) && lost.includes("SIGKILL"), lost);
      assert((await textOf(page, ".figures")).includes("1,998"));
      // All of it on the first screen, and marked in the chart.
      for (const part of [".problem.failed", ".problem.lost", "canvas"]) {
        const box = await (await page.$(part))!.boundingBox();
        assert(box!.y + box!.height <= 1000, part);
      }
      for (const color of ["work", "failed", "lost", "track"]) {
        assert(await pixels(page, color) > 30, `${color} in the chart, ${scheme}`);
      }
      // For those who do not see the chart: the same in tables.
      const rows = (id: string) => page.$$eval(`${id} tbody tr`, (rows) => rows.length);
      assertEquals(await rows("#failures"), 2);
      assert(await rows("#losses") >= 1);
      const label = await page.$eval(
        "canvas",
        (found) => found.getAttribute("aria-label"),
      );
      assert(label!.includes("table of workers"));
      assertEquals(await page.$$("img"), []);
    }
    assertEquals(chromium.requests, []);
  },
);

test("The chart says what a bar is that is pointed at", async (chromium, directory) => {
  const report = `${directory}/run.html`;
  await map(act, [{ work: 100 }], { scheduler: twoProcesses, report });
  const page = await chromium.open(`file://${report}`);
  const box = (await (await page.$("canvas"))!.boundingBox())!;
  await page.mouse.move(box.x + box.width - 40, box.y + 25);
  const tip = await textOf(page, ".tip");
  assert(
    /^worker 1, .*\n(1 run: .* of work\)|idle|starting|in the queue)/.test(tip),
    tip,
  );
});

test(
  "Ten items and 100,000 of them fit, on wide screens and small ones",
  async (chromium, directory) => {
    const report = `${directory}/run.html`;
    for (const [count, work] of [[10, 20], [100_000, 0]] as const) {
      const deeds = Array<Deed>(count).fill({ work });
      await map(act, deeds, { scheduler: twoProcesses, report });
      assert(Deno.statSync(report).size < 1 << 20);
      for (const width of [1240, 400]) {
        const page = await chromium.open(`file://${report}`, { width });
        const done = await textOf(page, ".figures");
        assert(done.includes(count.toLocaleString("en")), done);
        assert((await textOf(page, ".fine")).includes("No item failed"));
        const wide = Number(
          await page.evaluate("document.documentElement.scrollWidth"),
        );
        assert(wide <= width, `${wide} pixels wide on ${width}`);
        if (count === 10) assert(await pixels(page, "work") > 100);
      }
    }
  },
);

test(
  "Hundreds of workers have a line each, and a run of nothing a page",
  async (chromium, directory) => {
    const path = `${directory}/run.html`;
    const recorder = new Recorder("wide", { count: 0, ended: true }, 0);
    Deno.writeTextFileSync(path, renderPage(recorder.record(0)));
    await chromium.open(`file://${path}`);
    for (let i = 1; i <= 500; i++) {
      recorder.present({ id: `${i}`, host: "node", pid: i }, i);
    }
    recorder.finish({ how: "finished" }, 1000);
    Deno.writeTextFileSync(path, renderPage(recorder.record(1000)));
    const page = await chromium.open(`file://${path}`);
    const lines = await page.evaluate(`(() => {
    const canvas = document.querySelector("canvas");
    return canvas.clientHeight / 500;
  })()`);
    assert(Number(lines) >= 3 && Number(lines) < 10);
  },
);

test("The live page follows the run, and stays when it is over", async (chromium) => {
  const gate = Promise.withResolvers<void>();
  async function* items() {
    yield* [1, 2];
    await gate.promise;
    yield 3;
  }
  const double = (x: number) => 2 * x;
  const results = imap(double, items(), { scheduler: twoProcesses, dashboard: true });
  const url = await addressOf(async () => {
    await results.next();
    await results.next();
  });
  const page = await chromium.open(url);
  await page.waitForSelector("#page[data-done='2']");
  assertEquals(await textOf(page, ".status"), "running");
  gate.resolve();
  await Array.fromAsync(results);
  await page.waitForSelector("#page[data-ended='finished']");
  assertEquals(await textOf(page, ".status"), "finished");
  assert((await textOf(page, ".figures")).includes("of 3;"));
  assertEquals(chromium.requests, [`${url}events`]);
});
