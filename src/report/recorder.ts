/**
 * Records a run. The memory for this is bounded, for any number of items: bars are merged,
 * times are counted in bins, and only some slow items, failures and losses are kept.
 *
 * @module
 */

import type { RunRecorder } from "../engine/run_request.ts";
import type { WorkerInfo } from "../engine/worker_info.ts";
import type { CoreAction, CoreEvent } from "../core/events.ts";
import type { Where } from "../engine/failures.ts";
import type { WorkerLoss } from "../errors.ts";
import type { ItemTimes, Segment } from "../protocol/messages.ts";
import { Histogram } from "./histogram.ts";
import { Lane, type LaneChunk } from "./lane.ts";
import { Listed, placeOf } from "./listed.ts";
import type { BudgetRecord, Ending, RunRecord, WorkerRecord } from "./record.ts";

/** About how many bars all workers have together at most. */
const MOST_BARS = 8000;
/** How many bars one worker may have, within these bounds. */
const MOST_BARS_OF_ONE = 2000;
const LEAST_BARS_OF_ONE = 20;
/** How many workers have bars. */
const MOST_LANES = 1000;

/** How many items a run has. */
export interface Total {
  /** How many there are so far. */
  readonly count: number;
  /** Whether these are all. */
  readonly ended: boolean;
}

/** Records one run. Times are milliseconds. */
export class Recorder implements RunRecorder {
  readonly #name: string;
  readonly #total: Total;
  readonly #start: number;
  readonly #startedAt = new Date();
  readonly #lanes = new Map<string, Lane>();
  readonly #times = new Histogram();
  readonly #listed = new Listed();
  #run: number | undefined;
  #done = 0;
  #failed = 0;
  #retried = 0;
  #present = 0;
  #peak = 0;
  #sent = 0;
  #received = 0;
  #ending: Ending | undefined;
  #end = 0;

  /**
   * @param name The name of the run.
   * @param total How many items it has.
   * @param now When it begins, by the clock of all other times that it is told.
   */
  constructor(name: string, total: Total, now: number) {
    this.#name = name;
    this.#total = total;
    this.#start = now;
  }

  /** {@linkcode RunRecorder.observe} */
  observe(event: CoreEvent, actions: readonly CoreAction[], time: number): void {
    const now = time - this.#start;
    if (event.type === "run") this.#run ??= event.run.id;
    this.#happened(event, actions, now);
    for (const action of actions) this.#follow(action, event, now);
  }

  /** {@linkcode RunRecorder.present} */
  present({ id, host, pid }: WorkerInfo, time: number): void {
    const lane = this.#lane(id);
    Object.assign(lane, { host, pid });
    if (lane.ready !== undefined) return;
    lane.ready = lane.since = time - this.#start;
    // A cluster may report the start later.
    lane.started ??= lane.ready;
    this.#peak = Math.max(this.#peak, ++this.#present);
  }

  /** {@linkcode RunRecorder.took} */
  took(worker: string, times: ItemTimes, time: number): void {
    const lane = this.#lanes.get(worker);
    if (!lane) return;
    const now = time - this.#start;
    let left = 0;
    for (let i = 2; i < times.length; i += 3) left += times[i]!;
    for (let i = 0; i < times.length; i += 3) {
      const [offset, elapsed] = [times[i + 1]!, times[i + 2]!];
      left -= elapsed;
      const chunk = lane.at(times[i]!);
      if (!chunk || offset >= chunk.count) continue;
      this.#ran(lane, chunk, offset, Math.max(lane.since, now - left), elapsed);
    }
  }

  /** {@linkcode RunRecorder.sent} */
  sent(bytes: number): void {
    this.#sent += bytes;
  }

  /** {@linkcode RunRecorder.failed} */
  failed(index: number, error: unknown, { worker }: Where, time: number): void {
    this.#listed.failed(index, error, worker, time - this.#start);
  }

  /** {@linkcode RunRecorder.abandoned} */
  abandoned(count: number, error: unknown): void {
    this.#failed += count;
    this.#listed.count(error, count);
  }

  /** The run is over. */
  finish(ending: Ending, time: number): void {
    this.#end = time - this.#start;
    this.#ending = ending;
    for (const lane of this.#lanes.values()) {
      lane.end("cancelled", this.#end, this.#mostBars());
    }
  }

  /** The record as it is now. */
  record(time: number): RunRecord {
    const wall = this.#ending ? this.#end : time - this.#start;
    const lanes = [...this.#lanes.values()];
    const budget = budgetOf(lanes, wall);
    const times = this.#times.record();
    const peak = this.#peak;
    return {
      name: this.#name,
      startedAt: this.#startedAt.toISOString(),
      wall,
      ...(this.#ending && { ending: this.#ending }),
      items: {
        total: this.#total.count,
        all: this.#total.ended,
        done: this.#done,
        failed: this.#failed,
        retried: this.#retried,
      },
      peak,
      efficiency: peak > 0 && wall > 0 ? Math.min(1, budget.work / (peak * wall)) : 0,
      ideal: peak > 0 ? Math.max(budget.work / peak, times.most) : 0,
      budget,
      times,
      ...this.#listed.record(),
      workers: lanes.slice(0, MOST_LANES).map((lane) => workerOf(lane, wall)),
      workerCount: lanes.length,
      resolution: Math.max(0, ...lanes.map(({ resolution }) => resolution)),
      sent: this.#sent,
      received: this.#received,
    };
  }

  #happened(event: CoreEvent, actions: readonly CoreAction[], now: number): void {
    switch (event.type) {
      case "workerStarted": {
        const lane = this.#lanes.get(event.worker);
        if (lane) lane.started ??= now;
        break;
      }
      case "workerEnded":
        this.#lost(event.worker, event.loss, now);
        break;
      case "failed":
        this.#itemFailed(event, actions.some(({ type }) => type === "fail"), now);
        break;
      case "returned":
        for (const { chunk, from } of event.cuts) {
          this.#lanes.get(event.worker)?.cut(chunk, from);
        }
        break;
      case "withdrawn":
        for (const chunk of event.chunks) this.#lanes.get(event.worker)?.cut(chunk, 0);
        break;
      case "restarting":
        // What it ran was reported; the items that it had not begun wait again.
        this.#lanes.get(event.worker)?.clear();
        break;
      case "hello": {
        const lane = this.#lanes.get(event.worker);
        if (!lane) break;
        const before = lane.incarnation;
        lane.incarnation = event.incarnation;
        if (before === undefined || before === event.incarnation) break;
        lane.end("lost", now, this.#mostBars());
        break;
      }
    }
  }

  #follow(action: CoreAction, event: CoreEvent, now: number): void {
    switch (action.type) {
      case "request":
        for (const worker of action.workers) this.#lane(worker).asked = now;
        break;
      case "stop":
        if (action.loss) this.#lost(action.worker, action.loss, now);
        break;
      case "assign":
        if (action.run !== this.#run) break;
        this.#lane(action.worker).assign(action.chunks, now);
        for (const { attempt } of action.chunks) if (attempt > 1) this.#retried++;
        break;
      case "accept":
        if (action.run !== this.#run) break;
        this.#done += action.count;
        if (event.type === "results") {
          this.#received += event.bytes * action.count / countOf(event.segments);
        }
        break;
      case "fail":
        if (action.run === this.#run) this.#failed++;
        break;
    }
  }

  #lane(worker: string): Lane {
    let lane = this.#lanes.get(worker);
    if (!lane) {
      lane = new Lane(worker, this.#lanes.size < MOST_LANES);
      this.#lanes.set(worker, lane);
    }
    return lane;
  }

  /** How many bars one worker may have. */
  #mostBars(): number {
    const share = Math.floor(MOST_BARS / this.#lanes.size);
    return Math.min(MOST_BARS_OF_ONE, Math.max(LEAST_BARS_OF_ONE, share));
  }

  /** An item has ended on a worker, with or without a result. */
  #ran(
    lane: Lane,
    chunk: LaneChunk,
    offset: number,
    end: number,
    elapsed: number,
  ): void {
    lane.ran(chunk.chunk, offset, end, elapsed, this.#mostBars());
    lane.advance(chunk, offset);
    this.#times.add(elapsed);
    this.#listed.slow(chunk.first + offset, elapsed, lane.worker, end - elapsed);
  }

  #itemFailed(
    { worker, chunk: id, offset, reason }: Extract<CoreEvent, { type: "failed" }>,
    given: boolean,
    now: number,
  ): void {
    const lane = this.#lanes.get(worker);
    const chunk = lane?.at(id);
    if (!lane) return;
    if (chunk && offset >= chunk.done) {
      // It was ended from outside, so its time was not reported; or it never ran.
      if (reason === "unserializable") lane.advance(chunk, offset);
      else this.#ran(lane, chunk, offset, now, now - lane.since);
    }
    if (lane.isLast(id, offset)) lane.fail(!given);
  }

  #lost(worker: string, loss: WorkerLoss, now: number): void {
    const lane = this.#lanes.get(worker);
    if (!lane || lane.lost !== undefined) return;
    const { cause, detail, host = lane.host, pid = lane.pid } = loss;
    const { items } = lane;
    const wasted = items > 0 ? now - lane.since : 0;
    lane.end("lost", now, this.#mostBars());
    Object.assign(lane, { lost: now, cause });
    if (lane.ready !== undefined) this.#present--;
    const known = { worker, cause, detail, at: now, items, wasted };
    this.#listed.lost({ ...known, ...placeOf(host, pid) });
  }
}

function workerOf(lane: Lane, now: number): WorkerRecord {
  const { worker, host, pid, asked, started, ready, lost, cause } = lane;
  const { tries, work, wasted } = lane;
  return {
    worker,
    ...placeOf(host, pid),
    ...(asked !== undefined && { asked }),
    ...(started !== undefined && { started }),
    ...(ready !== undefined && { ready }),
    ...(lost !== undefined && { lost }),
    ...(cause !== undefined && { cause }),
    tries,
    work,
    wasted,
    bars: lane.bars(now),
  };
}

/** Where the time of workers went. */
function budgetOf(lanes: readonly Lane[], wall: number): BudgetRecord {
  const budget = { work: 0, wasted: 0, idle: 0, starting: 0, queued: 0 };
  for (const { asked, started, ready, lost, work, wasted } of lanes) {
    const end = lost ?? wall;
    budget.work += work;
    budget.wasted += wasted;
    if (ready !== undefined) budget.idle += Math.max(0, end - ready - work - wasted);
    if (started !== undefined) budget.starting += Math.max(0, (ready ?? end) - started);
    if (asked !== undefined) budget.queued += (started ?? ready ?? end) - asked;
  }
  return budget;
}

function countOf(segments: readonly Segment[]): number {
  return segments.reduce((sum, { count }) => sum + count, 0);
}
