/**
 * A core with a clock, and short ways to say what happens to it. Every event is followed
 * by `validate()`.
 *
 * @module
 */

import { Core } from "../../src/core/core.ts";
import type {
  CoreAction,
  CoreEvent,
  CoreSettings,
  RunSettings,
} from "../../src/core/events.ts";
import type { WorkerLoss } from "../../src/errors.ts";
import type {
  AssignedChunk,
  FailureReason,
  Segment,
} from "../../src/protocol/messages.ts";

/** An action of one type. */
export type Action<T extends CoreAction["type"]> = Extract<CoreAction, { type: T }>;

/** When it begins: at some time, as a clock does. */
export const START = 1_000_000;

/** How often the dispatcher ticks, in milliseconds. */
const TICK = 250;

/** The limits that the tests count on, in milliseconds. */
export const LIMITS: CoreSettings = {
  workers: 2,
  queueTimeout: 60_000,
  startTimeout: 30_000,
  loadTimeout: 40_000,
  silenceTimeout: 10_000,
  reconnectGrace: 20_000,
};

/** The actions of one type among others. */
export function only<T extends CoreAction["type"]>(
  actions: CoreAction[],
  type: T,
): Action<T>[] {
  return actions.filter((action): action is Action<T> => action.type === type);
}

/** What a scheduler would say of a lost worker. */
export function loss(
  detail: string,
  cause: WorkerLoss["cause"] = "signal",
): WorkerLoss {
  return { cause, detail };
}

/** Of actions that have a worker stopped: which one, and why, as `"1: it is late"`. */
export function stopped(actions: CoreAction[]): string[] {
  return only(actions, "stop").map(({ worker, loss }) => `${worker}: ${loss?.detail}`);
}

/** A core under test. */
export class Harness {
  readonly core: Core;
  now = START;
  #lastRun = 0;

  /** @param settings What differs from {@linkcode LIMITS}. */
  constructor(settings: Partial<CoreSettings> = {}) {
    this.core = new Core({ ...LIMITS, ...settings });
  }

  /** Something happens now. */
  do(event: CoreEvent): CoreAction[] {
    const actions = this.core.handle(event, this.now);
    this.core.validate();
    return actions;
  }

  /** Time passes, and the dispatcher ticks; what `meanwhile` says happens before each. */
  pass(time: number, meanwhile?: () => void): CoreAction[] {
    const actions: CoreAction[] = [];
    for (const end = this.now + time; this.now < end;) {
      this.now = Math.min(end, this.now + TICK);
      meanwhile?.();
      actions.push(...this.do({ type: "tick" }));
    }
    return actions;
  }

  /** A run begins, with so many items and no more to come. */
  run(items: number, settings: Partial<RunSettings> = {}): CoreAction[] {
    const run = this.open(settings);
    const actions = this.do({ type: "items", run, count: items });
    return [...actions, ...this.do({ type: "ended", run })];
  }

  /** A run begins whose items are yet to come. */
  open(settings: Partial<RunSettings> = {}): number {
    const id = ++this.#lastRun;
    this.do({ type: "run", run: this.settings(id, settings) });
    return id;
  }

  /** What holds for a run, unless it is said otherwise. */
  settings(id: number, settings: Partial<RunSettings> = {}): RunSettings {
    return {
      id,
      retries: 2,
      retryErrors: 0,
      timeout: 0,
      chunkSize: "auto",
      expected: 0,
      exclusive: false,
      ...settings,
    };
  }

  /** A worker says hello. */
  hello(worker: string, incarnation = `process of ${worker}`): CoreAction[] {
    return this.do({ type: "hello", worker, incarnation });
  }

  /** Results of consecutive items of one chunk. */
  results(worker: string, segment: Segment, elapsed = 1): CoreAction[] {
    const { count } = segment;
    const segments = [segment];
    return this.do({ type: "results", worker, segments, elapsed, bytes: 8 * count });
  }

  /** An item has no result. */
  failed(
    worker: string,
    chunk: number,
    offset: number,
    reason: FailureReason = "threw",
  ): CoreAction[] {
    return this.do({ type: "failed", worker, chunk, offset, reason, exitStatus: 0 });
  }

  /** A worker's process is gone. */
  lost(worker: string, detail = `${worker} was killed`): CoreAction[] {
    return this.do({ type: "workerEnded", worker, loss: loss(detail) });
  }
}

/** The chunks that are assigned, in order. */
export function chunksOf(actions: CoreAction[]): AssignedChunk[] {
  return only(actions, "assign").flatMap((action) => action.chunks);
}

/** Settles whole chunks, in order, at so many milliseconds for each item. */
export function settle(
  host: Harness,
  worker: string,
  chunks: AssignedChunk[],
  each: number,
): CoreAction[] {
  return chunks.flatMap(({ chunk, count }) =>
    host.results(worker, { chunk, from: 0, count }, each * count)
  );
}

/** A worker that is ready and has worked for a run whose items take `each` ms. */
export function measured(host: Harness, run: number, each: number): void {
  host.do({ type: "items", run, count: 1 });
  const [first] = chunksOf(host.hello("1"));
  settle(host, "1", [first!], each);
}
