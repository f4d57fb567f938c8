/**
 * What an engine has when it is open: workers, and the core that decides about them. Gives
 * events to the core, and carries out its actions.
 *
 * @module
 */

import { guarded, report } from "../common/fault.ts";
import type { Core } from "../core/core.ts";
import type { CoreAction, CoreEvent, Left } from "../core/events.ts";
import { encodeFailure } from "../protocol/failure.ts";
import { Assignment } from "./assignment.ts";
import type { Conversations } from "./conversations.ts";
import type { Crew } from "./crew.ts";
import type { Context, Dispatching } from "./dispatching.ts";
import type { EngineRun } from "./engine_run.ts";
import { abandonedError } from "./failures.ts";
import { Inbox } from "./inbox.ts";
import { errorOfItem, whereOf } from "./item_errors.ts";
import type { RunRecorder } from "./run_request.ts";
import type { EngineState } from "./state.ts";

/** Messages of workers that may be well-formed and yet impossible. */
const SAID: ReadonlySet<CoreEvent["type"]> = new Set([
  "hello",
  "results",
  "failed",
  "returned",
  "began",
]);

/** What the engine does with its runs. */
export interface RunKeeper {
  /** Ends a run, which fails with this error. */
  break(run: EngineRun, error: unknown): void;
  /** Forgets a run that is over. */
  forget(run: EngineRun): void;
  /** Tells the listener that a run is over. */
  tellEnd(run: EngineRun, error?: unknown): void;
  /** Reads a source as far as the core has asked for. */
  read(run: EngineRun): void;
  /** Some items of a run have come or were settled. */
  updateRefOf(run: EngineRun): void;
}

/** An open engine. */
export class Opened implements Dispatching {
  readonly core: Core;
  readonly crew: Crew;
  readonly conversations: Conversations;
  readonly inbox: Inbox;
  readonly #state: EngineState;
  readonly #keeper: RunKeeper;
  readonly #assignment: Assignment;
  readonly #queue: { event: CoreEvent; context: Context }[] = [];
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  #handling = false;

  /**
   * @param core Decides what to do.
   * @param crew The workers.
   * @param state The runs.
   * @param keeper Ends and reads runs.
   */
  constructor(core: Core, crew: Crew, state: EngineState, keeper: RunKeeper) {
    this.core = core;
    this.crew = crew;
    this.conversations = crew.conversations;
    this.#state = state;
    this.#keeper = keeper;
    this.inbox = new Inbox(this, state);
    this.#assignment = new Assignment(this, state);
  }

  /** The values that are sent to the only item of a run go to its worker from now on. */
  sendOn(run: EngineRun): void {
    this.#assignment.sendOn(run);
  }

  /** Tells a recorder what happens from now on, and which workers are there. */
  record(recorder: RunRecorder): void {
    this.#state.recorders.add(recorder);
    for (const worker of this.core.workers()) this.#present(recorder, worker);
  }

  /** Tells a recorder of a worker, if it has come. */
  #present(recorder: RunRecorder, worker: string): void {
    const info = this.conversations.info(worker);
    if (info) recorder.present(info, performance.now());
  }

  /** {@linkcode Dispatching.breakRun} */
  breakRun(run: EngineRun, error: unknown): void {
    this.#keeper.break(run, error);
  }

  /** Gives the core an event. An event that comes while another is handled waits. */
  dispatch(event: CoreEvent, context: Context = {}): void {
    this.#queue.push({ event, context });
    if (this.#handling) return;
    this.#handling = true;
    try {
      for (let next; (next = this.#queue.shift());) {
        const { event, context } = next;
        for (const action of this.#decide(event)) {
          try {
            this.#perform(action, event, context);
          } catch (error) {
            this.#spoiled(action, error);
          }
        }
      }
    } finally {
      this.#handling = false;
    }
  }

  /** Asks the core for the actions that follow from an event. */
  #decide(event: CoreEvent): CoreAction[] {
    const now = performance.now();
    try {
      const actions = this.core.handle(event, now);
      for (const recorder of this.#state.recorders) {
        guarded(() => recorder.observe(event, actions, now));
      }
      return actions;
    } catch (error) {
      // Nobody knows how far it came, and items might wait for ever, so all runs fail.
      report(error);
      for (const run of [...this.#state.runs.values()]) this.#keeper.break(run, error);
      return [];
    }
  }

  /** An action failed: this ends its own run, and no other one. */
  #spoiled(action: CoreAction, error: unknown): void {
    const run = "run" in action ? this.#state.runs.get(action.run) : undefined;
    if (run) this.#keeper.break(run, error);
    else report(error);
  }

  #perform(action: CoreAction, event: CoreEvent, context: Context): void {
    switch (action.type) {
      case "request":
        this.#state.stats.workersRequested += action.workers.length;
        this.crew.request(action.workers);
        break;
      case "stop":
        // Its message was well-formed, but impossible.
        if (SAID.has(event.type)) this.conversations.violations++;
        this.#giveUp(action.worker);
        break;
      case "welcome":
        this.conversations.answer(action.worker, action.refused);
        if (action.refused !== undefined) break;
        for (const recorder of this.#state.recorders) {
          this.#present(recorder, action.worker);
        }
        break;
      case "assign":
        this.#assignment.assign(action.worker, action.run, action.chunks);
        break;
      case "recall": {
        const { worker } = action;
        const chunks = this.conversations.peer(worker)?.recall() ?? [];
        if (chunks.length > 0) this.dispatch({ type: "withdrawn", worker, chunks });
        break;
      }
      case "wake":
        this.#wake(action.after);
        break;
      case "cancel":
        this.conversations.peer(action.worker)?.cancel(action.chunks);
        break;
      case "terminate": {
        const { worker, chunk, grace } = action;
        const sent = this.conversations.peer(worker)?.terminate(chunk, grace) ??
          true;
        if (!sent) this.#endUnsent(worker, chunk);
        break;
      }
      case "leave":
        this.conversations.peer(action.worker)?.send({ type: "leave" });
        break;
      case "pull": {
        const run = this.#state.runs.get(action.run);
        if (!run) break;
        run.wanted += action.count;
        if (run.codeNumber > 0) this.#keeper.read(run);
        break;
      }
      case "accept": {
        const { first, count, segment } = action;
        const run = this.#state.runs.get(action.run);
        if (!run) break;
        const { values, offsets } = context.values!;
        const from = offsets[segment]!;
        const all = count === values.length;
        const { items, listener, output } = run.request;
        items.settle(first, count);
        if (event.type === "results") {
          const each = event.elapsed / values.length;
          this.#state.codes.measured(run.codeNumber, each, !run.measured);
          run.measured = true;
        }
        this.#state.stats.done += count;
        listener.results(
          first,
          all ? values : values.slice(from, from + count),
        );
        output.settle(first, count);
        this.#keeper.updateRefOf(run);
        break;
      }
      case "fail": {
        const run = this.#state.runs.get(action.run);
        if (!run) break;
        const { index, failure, attempts } = action;
        const { items, listener, output, recorder } = run.request;
        items.settle(index, 1);
        this.#state.stats.failed++;
        const worker = "worker" in event ? event.worker : undefined;
        const where = whereOf(this.crew, run, index, worker);
        const { error } = context.thrown ?? {
          error: errorOfItem(this.crew, run, index, where, failure, context.failure),
        };
        const lines = output.last(index);
        output.settle(index, 1);
        recorder?.failed(index, error, where, performance.now());
        listener.failed(index, error, { attempts, output: lines });
        this.#keeper.updateRefOf(run);
        break;
      }
      case "abandon": {
        const run = this.#state.runs.get(action.run);
        if (!run) break;
        const why = this.crew.refusal ??
          abandonedError(run.request.name, this.crew.known(action.loss));
        abandonItems(run, action.left, why);
        this.#keeper.forget(run);
        this.#keeper.tellEnd(run, why);
        break;
      }
      case "done": {
        const run = this.#state.runs.get(action.run);
        if (!run) break;
        this.#keeper.forget(run);
        const { output } = run.request;
        output.end();
        this.#state.ended.set(run.id, { output, time: performance.now() });
        this.#keeper.tellEnd(run);
        break;
      }
      default:
        action satisfies never;
    }
  }

  /** Ticks after so many milliseconds. */
  #wake(after: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.dispatch({ type: "tick" });
    }, after);
    this.#timers.add(timer);
    // It must not keep the program alive: runs do, if they should.
    Deno.unrefTimer(timer);
  }

  /** It is closed: the core needs no tick any more. */
  stopTimers(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  /** Gives a worker up: it is told so, and its scheduler ends it. */
  #giveUp(worker: string): void {
    guarded(() => this.crew.dismiss(worker));
    this.crew.stop(worker);
  }

  /** Cancels a job that was withdrawn before its worker had it. */
  #endUnsent(worker: string, chunk: number): void {
    const reason = "cancelled";
    const failure = { reason, exitStatus: 0, value: encodeFailure(null) } as const;
    const event = { worker, chunk, offset: 0, reason, exitStatus: 0 } as const;
    this.dispatch({ type: "failed", ...event }, { failure });
  }
}

/** Tells a listener of each item that no worker can come for. */
function abandonItems(
  { request }: EngineRun,
  known: readonly Left[],
  why: Error,
): void {
  const { items, listener, output } = request;
  if (!listener.abandoned) return;
  // An item that was just read may not have been told to the core.
  let unknown = items.unsettled;
  for (const { count } of known) unknown -= count;
  const first = items.count - unknown;
  for (const left of [...known, { first, count: unknown, attempts: 0 }]) {
    const { attempts } = left;
    for (let index = left.first; index < left.first + left.count; index++) {
      listener.abandoned(index, why, { attempts, output: output.last(index) });
    }
  }
}
