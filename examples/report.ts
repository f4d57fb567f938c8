/**
 * A run with failures, to show its report: two of the 2,000 items fail, and one kills its
 * worker. During the run, open the address that is printed; afterwards, open the page that
 * the run has written.
 *
 *     deno run -A examples/report.ts [PAGE]
 *
 * @module
 */

import { currentJob, map, ProcessScheduler } from "@x/gridengine";

const report = Deno.args[0] ?? "run.html";

function simulate(item: number): number {
  const end = performance.now() + 1 + item % 7;
  while (performance.now() < end);
  if (item === 700 || item === 1500) throw new RangeError(`${item} is out of range`);
  if (item === 1000 && currentJob()!.attempt === 1) Deno.kill(Deno.pid, "SIGKILL");
  return item;
}

const items = Array.from({ length: 2000 }, (_, i) => i);
const scheduler = () => new ProcessScheduler({ workers: 4 });
const results = await map(simulate, items, {
  scheduler,
  reraise: false,
  report,
  dashboard: true,
});
const done = results.filter((result) => !(result instanceof Error)).length;
console.log(`${done} of ${items.length} items are done: see ${report}`);
