/**
 * The rules that what the core does must follow.
 *
 * @module
 */

import type { CoreAction, CoreEvent, CoreSettings } from "../../src/core/events.ts";
import type { AssignedChunk } from "../../src/protocol/messages.ts";
import {
  type Held,
  leftOf,
  must,
  restingOf,
  type RunAccount,
  type WorkerAccount,
} from "./accounts.ts";
import type { Books } from "./books.ts";
import { resultOf } from "./items.ts";

/** Whether these items may be given to this worker now. */
export function checkAssignment(
  books: Books,
  worker: WorkerAccount | undefined,
  run: RunAccount,
  { first, count, attempt }: AssignedChunk,
): asserts worker {
  must(worker?.state === "ready", "work for a worker that is not ready");
  const mayBegin = !worker.used || books.neverCame >= 3;
  must(mayBegin || !run.fresh.has(first), "an item that was cut off begins too late");
  must(!run.terminating, "an item begins after the termination of its run");
  must(count > 0 && first + count <= run.available, "items that have not come");
  const known = count > 1 ? 1 : run.tries[first]! + 1;
  must(attempt === known, `the try ${known} is said to be the try ${attempt}`);
  const alone = mustBeAlone(run, first);
  must(!worker.alone, "work behind an item that must be alone");
  must(!alone || count === 1, "an item that must be alone is not");
  must(!alone || worker.chunks.length === 0, "an item that must be alone waits");
  const other = worker.chunks[0];
  must(other === undefined || other.run === run, "two runs with one worker");
  for (let i = first; i < first + count; i++) {
    must(run.outcomes[i] === undefined, "a settled item is run again");
    const mayShare = !run.suspects.has(i) && !run.fresh.has(i);
    must(count === 1 || mayShare, "an item that must be alone is not");
    const rested = !(run.rests.get(i)! > books.now);
    must(rested, "an item is tried again before its time");
    must(!run.final.has(i), "an item is tried again, and its user does not want that");
    const losses = run.charges[i]!.length;
    must(losses <= run.plan.settings.retries, "an item is tried too often");
    const place = run.places[i];
    const free = !place || !books.chunks.has(place.chunk) ||
      place.first + place.done > i || place.first + place.count <= i;
    must(free, "an item is in two places");
  }
}

/** Whether nothing else may be with a worker that has this item. */
export function mustBeAlone(run: RunAccount, index: number): boolean {
  return run.suspects.has(index) || run.fresh.has(index) ||
    run.plan.settings.exclusive;
}

/** Whether these results are those of these items, and come from where they were. */
export function checkResults(
  { segments }: Extract<CoreEvent, { type: "results" }>,
  held: Held | undefined,
  run: RunAccount,
  { segment: number, first, count }: Extract<CoreAction, { type: "accept" }>,
  values: number[],
): asserts held {
  const segment = segments[number]!;
  must(held?.run === run, "results of a chunk that the worker does not have");
  must(held.done <= segment.from, "results are accepted again");
  must(held.first + segment.from === first, "results are taken for those of others");
  must(segment.count === count, "another number of results is accepted");
  let at = 0;
  for (let i = 0; i < number; i++) at += segments[i]!.count;
  for (let i = 0; i < count; i++) {
    const { payload } = run.plan.items[first + i]!;
    must(values[at + i] === resultOf(payload), "a result is that of another item");
  }
}

/** Whether there are enough workers, not too many, and none has nothing to do. */
export function checkWorkers(books: Books, settings: CoreSettings): void {
  const { workers, silenceTimeout } = settings;
  const { size } = books.workers;
  must(size <= workers, "more workers than allowed");
  if (books.closed) return;
  let waiting = 0;
  for (const run of books.runs.values()) {
    if (run.over !== undefined) continue;
    const open = run.available - run.settled;
    must(!run.ended || open > 0, "a run is not over though all is settled");
    waiting += open - restingOf(run, books.now) - run.fresh.size;
  }
  for (const held of books.chunks.values()) waiting -= leftOf(held);
  must(waiting >= 0, "items are in two places");
  if (waiting === 0) return;
  let busy = 0;
  for (const { chunks, state, heard } of books.workers.values()) {
    if (chunks.length > 0) busy++;
    const idle = chunks.length === 0 && state === "ready" &&
      books.now - heard <= silenceTimeout;
    must(!idle, "an item waits though a worker has nothing to do");
  }
  const enough = size >= Math.min(workers, waiting + busy) || books.neverCame >= 3;
  must(enough, "an item waits though another worker could be asked for");
}

/** Whether a worker may be asked to hand back what waits with it. */
export function checkRecall(books: Books, worker: WorkerAccount): void {
  const items = worker.chunks.reduce((sum, held) => sum + leftOf(held), 0);
  must(items > 1, "a worker is asked to hand back what does not wait");
  const others = [...books.workers.values()].filter((other) =>
    other !== worker && other.state === "ready"
  );
  const left = (other: WorkerAccount) =>
    other.chunks.reduce((sum, held) => sum + leftOf(held), 0);
  const fewest = Math.min(...others.map(left));
  must(fewest === 0 || fewest === 1 && items > 2, "items are recalled for nobody");
}

/** Whether those are told who are given up, and all at the end. */
export function checkDismissals(
  books: Books,
  event: CoreEvent,
  actions: CoreAction[],
  alive: Set<string>,
): void {
  const told = new Set<string>();
  for (const action of actions) {
    if (action.type === "stop" || action.type === "leave") told.add(action.worker);
  }
  for (const worker of books.workers.keys()) {
    if (event.type === "workerEnded" && event.worker === worker) continue;
    const stays = alive.has(worker) && event.type !== "close";
    must(stays || told.has(worker), "a worker is given up and not told");
  }
}

/** Whether workers are asked for only when items wait, or are expected. */
export function checkRequest(books: Books): void {
  must(!books.closed, "workers are asked for after the end");
  let needed = false;
  for (const run of books.runs.values()) {
    const { over, available, settled, hopeless, plan } = run;
    if (over !== undefined) continue;
    const expected = available === 0 && !hopeless && plan.settings.expected > 0;
    needed ||= expected || available > settled + restingOf(run, books.now);
  }
  must(needed, "workers are asked for and nothing waits");
}
