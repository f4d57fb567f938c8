/**
 * The rules that the core's books must follow after each event. Tests check them.
 *
 * @module
 */

import type { Books } from "./books.ts";
import type { Run } from "./run.ts";

/**
 * Checks every rule.
 *
 * @param books The books of the core.
 * @param mostWorkers How many workers there may be.
 * @throws {Error} When a rule is broken, and which.
 */
export function validate(
  { workers, runs, chunks, now }: Books,
  mostWorkers: number,
): void {
  const must = (holds: boolean, rule: string) => {
    if (!holds) throw new Error(`The dispatcher broke its rule: ${rule}`);
  };
  const assigned = new Map<Run, number[]>();
  for (const worker of workers.values()) {
    let items = 0;
    for (const chunk of worker.chunks) {
      must(chunks.get(chunk.chunk) === chunk, "a worker's chunk is known");
      must(chunk.done < chunk.count, "a finished chunk is forgotten");
      must(runs.has(chunk.run.settings.id), "a chunk's run is not over");
      const list = assigned.get(chunk.run) ?? [];
      for (let i = chunk.done; i < chunk.count; i++) list.push(chunk.first + i);
      assigned.set(chunk.run, list);
      items += chunk.count - chunk.done;
    }
    must(items === worker.items, "a worker's items are counted");
    must(!worker.alone || items === 1, "a suspect or Job is alone with its worker");
    const held = new Set(worker.chunks.map((chunk) => chunk.run));
    must(held.size <= 1, "a worker holds chunks of one run");
    must(
      items === 0 || worker.state === "ready" || worker.state === "disconnected",
      "only a worker that came has items",
    );
  }
  const held = [...workers.values()].flatMap((worker) => worker.chunks);
  must(held.length === chunks.size, "every chunk is with one worker");
  must(workers.size <= mostWorkers, "no more workers than allowed");
  for (const run of runs.values()) {
    const with_ = assigned.get(run) ?? [];
    const waiting = run.waiting();
    const resting = run.resting();
    must(run.assigned === with_.length, "a run's assigned items are counted");
    const pending = run.pending + run.pendingFresh;
    must(pending === waiting.length, "a run's waiting items are counted");
    const places = [...with_, ...waiting, ...resting];
    const all = new Set(places);
    must(all.size === places.length, "an item is in one place");
    must(all.size + run.settled === run.available, "no item is lost");
    must(!run.complete, "a run that is complete is over");
    must(run.restsUntil > now, "an item rests no longer than it should");
    const hope = pending === 0 || workers.size > 0;
    must(hope, "nothing waits where no worker can come");
  }
}
