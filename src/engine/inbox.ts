/**
 * Turns the messages of workers into events for the core, and tells listeners of them.
 *
 * @module
 */

import { log } from "../common/log.ts";
import { encodeFailure } from "../protocol/failure.ts";
import { deserializeWhole, unpack } from "../protocol/instances.ts";
import { deserializePacked, type List } from "../protocol/lists.ts";
import type { Print, Segment, WorkerMessage } from "../protocol/messages.ts";
import { Refusal } from "../protocol/refusal.ts";
import { unmade } from "../protocol/refused.ts";
import { sizeOf } from "../protocol/size.ts";
import type { EngineRun } from "./engine_run.ts";
import type { Dispatching } from "./dispatching.ts";
import { unserializableError, withIndex } from "./failures.ts";
import { errorOfItem, whereOf } from "./item_errors.ts";
import type { EngineState } from "./state.ts";

/** Results, where in them each segment begins, and which could not be made, in order. */
interface UnpackedResults {
  values: List;
  offsets: number[];
  refusals: { index: number; refusal: Refusal }[];
}

/** The latest time that a `Date` can have, in milliseconds of the epoch. */
const LATEST = 8.64e15;
/** How often restarts of workers are logged at info level. */
const MOST_RESTARTS_TOLD = 10;
/** How much of the reason for a restart is taken, in characters. */
const LONGEST_REASON = 300;

/** Takes the messages of workers. */
export class Inbox {
  readonly #opened: Dispatching;
  readonly #state: EngineState;
  /** How often workers restarted because of what an item had left behind. */
  #restarted = 0;

  /**
   * @param opened Carries out what follows from a message.
   * @param state The runs.
   */
  constructor(opened: Dispatching, state: EngineState) {
    this.#opened = opened;
    this.#state = state;
  }

  /** Takes a message. */
  take(worker: string, message: WorkerMessage): void {
    switch (message.type) {
      case "hello": {
        const { incarnation } = message.hello;
        this.#opened.dispatch({ type: "hello", worker, incarnation });
        break;
      }
      case "heartbeat":
        this.#opened.dispatch({ type: "heard", worker });
        break;
      case "started": {
        this.#opened.dispatch({ type: "began", worker, chunk: message.chunk });
        this.#at(worker, message.chunk)?.request.listener.started?.(
          this.#opened.conversations.info(worker)!,
        );
        break;
      }
      case "message": {
        this.#opened.dispatch({ type: "heard", worker });
        const run = this.#at(worker, message.chunk);
        let sent: { value: unknown } | undefined;
        try {
          sent = readValue(message.value, run);
        } catch (error) {
          return this.#opened.breakRun(run!, error);
        }
        if (!sent) {
          return this.#opened.conversations.reject(
            worker,
            "it sent a value that cannot be read",
          );
        }
        run?.request.listener.message?.(sent.value);
        break;
      }
      case "times":
        this.#opened.dispatch({ type: "heard", worker });
        for (const recorder of this.#state.recorders) {
          recorder.took(worker, message.times, performance.now());
        }
        break;
      case "results": {
        const { segments, elapsed, list } = message;
        const bytes = sizeOf(list);
        const values = this.#valuesOf(worker, message);
        if (!values) {
          return this.#opened.conversations.reject(
            worker,
            "it sent results that cannot be read",
          );
        }
        this.#results(worker, segments, elapsed, bytes, values);
        break;
      }
      case "failed":
        this.#failed(worker, message);
        break;
      case "returned":
        this.#opened.dispatch({ type: "returned", worker, cuts: message.cuts });
        break;
      case "output":
        this.#opened.dispatch({ type: "heard", worker });
        for (const print of message.prints) this.#printed(worker, print);
        break;
      case "restarting":
        this.#restarts(worker, message.why);
        break;
      default:
        message satisfies never;
    }
  }

  /** Gives the core results, and failures for those that their class could not make. */
  #results(
    worker: string,
    segments: Segment[],
    elapsed: number,
    bytes: number,
    { values, offsets, refusals }: UnpackedResults,
  ): void {
    const dispatch = (segments: Segment[], values: List, offsets: number[]) => {
      const event = { type: "results", worker, segments, elapsed, bytes } as const;
      this.#opened.dispatch(event, { values: { values, offsets } });
      elapsed = bytes = 0;
    };
    if (refusals.length === 0) return dispatch(segments, values, offsets);
    for (const [i, { chunk, from, count }] of segments.entries()) {
      const first = offsets[i]!;
      let at = first;
      const pass = (to: number) => {
        const segment = { chunk, from: from + at - first, count: to - at };
        if (to > at) dispatch([segment], values.slice(at, to), [0]);
        at = to + 1;
      };
      for (const { index, refusal } of refusals) {
        if (index < first || index >= first + count) continue;
        pass(index);
        this.#unmade(worker, chunk, from + index - first, refusal);
      }
      pass(first + count);
    }
  }

  /** An item has a result that its class could not make. */
  #unmade(worker: string, chunk: number, offset: number, refusal: Refusal): void {
    const item = this.#opened.core.itemAt(worker, chunk, offset);
    const run = item && this.#state.runs.get(item.run);
    if (!run) return;
    const reason = "unserializable";
    const error = unmade("result", refusal);
    const where = whereOf(this.#opened.crew, run, item.index, worker);
    const failure = { reason, exitStatus: 0, value: encodeFailure(error) } as const;
    const event = { worker, chunk, offset, reason, exitStatus: 0 } as const;
    const thrown = { error: withIndex(unserializableError(where, error), where.index) };
    this.#opened.dispatch({ type: "failed", ...event }, { failure, thrown });
  }

  /** Takes the failure of an item; if it could be tried again, the user may decide. */
  #failed(worker: string, message: Extract<WorkerMessage, { type: "failed" }>): void {
    const { chunk, offset, reason, exitStatus, value } = message;
    const failure = { reason, exitStatus, value };
    const event = { worker, chunk, offset, reason, exitStatus };
    const { core, crew } = this.#opened;
    const item = reason === "threw" && core.retriableAt(worker, chunk, offset);
    const run = item && this.#state.runs.get(item.run);
    const isWorthRetrying = run && run.request.isWorthRetrying;
    if (!isWorthRetrying) {
      return this.#opened.dispatch({ type: "failed", ...event }, { failure });
    }
    const { index } = item;
    const where = whereOf(crew, run, index, worker);
    const how = { kind: "reported", reason } as const;
    const error = errorOfItem(crew, run, index, where, how, failure);
    const final = !isWorthRetrying(error);
    const context = { failure, thrown: { error } };
    this.#opened.dispatch({ type: "failed", ...event, final }, context);
  }

  #restarts(worker: string, why: string): void {
    if (why !== "") {
      const host = this.#opened.conversations.info(worker)?.host ?? "";
      // Many restarts must not fill the log.
      const level = ++this.#restarted > MOST_RESTARTS_TOLD ? "debug" : "info";
      log(level, `worker ${worker} on ${host} restarts because ${oneLine(why)}`);
    }
    this.#opened.dispatch({ type: "restarting", worker, why: oneLine(why) });
  }

  /** Takes what an item prints. If its run was cancelled or ended long ago, drops it. */
  #printed(worker: string, { chunk, offset, level, time, text }: Print): void {
    const item = this.#opened.core.printerAt(worker, chunk, offset);
    if (!item) return;
    const output = this.#state.runs.get(item.run)?.request.output ??
      this.#state.ended.get(item.run)?.output;
    if (!output) return;
    const { index, attempt } = item;
    const { host, pid } = this.#opened.conversations.info(worker)!;
    const date = new Date(Math.min(time, LATEST));
    const printed = { index, attempt, host, pid, level, time: date, text };
    output.print(printed, this.#opened.crew.remote);
  }

  /** The results of a message, and where in them each segment begins; if they are any. */
  #valuesOf(
    worker: string,
    { list, segments }: Extract<WorkerMessage, { type: "results" }>,
  ): UnpackedResults | undefined {
    const offsets: number[] = [];
    const refusals: UnpackedResults["refusals"] = [];
    let total = 0;
    for (const { count } of segments) {
      offsets.push(total);
      total += count;
    }
    try {
      const values = deserializePacked(list, (index, bytes) => {
        const at = offsets.findLastIndex((offset) => offset <= index);
        const run = this.#at(worker, segments[at]!.chunk);
        // What no run waits for is not read.
        if (!run) return undefined;
        try {
          return unpack(bytes, (number) => run.prototypeOf(number));
        } catch (error) {
          if (!(error instanceof Refusal)) throw error;
          refusals.push({ index, refusal: error });
          return undefined;
        }
      });
      return values.length === total ? { values, offsets, refusals } : undefined;
    } catch {
      return undefined;
    }
  }

  /** The run of a chunk of a worker. */
  #at(worker: string, chunk: number): EngineRun | undefined {
    const item = this.#opened.core.itemAt(worker, chunk, 0);
    return item && this.#state.runs.get(item.run);
  }
}

/** The value that a worker sent, if it can be read. What no run waits for is not read. */
function readValue(
  bytes: Uint8Array,
  run: EngineRun | undefined,
): { value: unknown } | undefined {
  try {
    const prototypeOf = (number: number) => run?.prototypeOf(number);
    return { value: run && deserializeWhole(bytes, prototypeOf) };
  } catch (error) {
    if (error instanceof Refusal) throw unmade("message", error);
    return undefined;
  }
}

/** A text from a worker, made short and fit for one line. */
function oneLine(text: string): string {
  return text.slice(0, LONGEST_REASON).replaceAll(/\p{Cc}+/gu, " ");
}
