/**
 * What an engine has in place of workers if its scheduler is an `InProcessScheduler`.
 *
 * @module
 */

import type { EngineRun } from "./engine_run.ts";
import { isInsideJob, listenToConsole } from "./in_process_job.ts";
import { InProcessRun, type InTurn } from "./in_process_run.ts";
import type { RunKeeper } from "./opened.ts";
import type { EngineState } from "./state.ts";

/** Runs items in the program itself, one at a time. */
export class InProcess {
  readonly #copy: boolean;
  readonly #state: EngineState;
  readonly #keeper: RunKeeper;
  readonly #runs = new Map<number, InProcessRun>();
  /** What ends that runs listen to the console. */
  readonly #listening = new Map<number, () => void>();
  /** Settles when the last item that waits for its turn has ended. */
  #last: Promise<unknown> = Promise.resolve();

  /**
   * @param copy Whether values are copied.
   * @param state Counts results and failures.
   * @param keeper Ends runs.
   */
  constructor(copy: boolean, state: EngineState, keeper: RunKeeper) {
    this.#copy = copy;
    this.#state = state;
    this.#keeper = keeper;
  }

  /** The process counts as one worker. */
  get workers():
    & { ready: 1; busy: number }
    & Record<
      "requested" | "started" | "disconnected",
      number
    > {
    const busy = [...this.#runs.values()].some((run) => run.isBusy) ? 1 : 0;
    return { requested: 0, started: 0, ready: 1, disconnected: 0, busy };
  }

  /** Begins a run. */
  start(run: EngineRun): void {
    if (run.request.output.modeHere !== "inherit") {
      this.#listening.set(run.id, listenToConsole());
    }
    // An item waits for the runs that it starts: these must not wait for the item.
    const inTurn: InTurn = isInsideJob() ? (action) => action() : this.#inTurn;
    const made = new InProcessRun(run, this.#copy, this.#state, this.#keeper, inTurn);
    this.#runs.set(run.id, made);
    void made.begin();
  }

  /** Whether an item of a run runs. */
  isBusy(id: number): boolean {
    return this.#runs.get(id)?.isBusy ?? false;
  }

  /** Goes on with a run that waits until somebody wants a result. */
  resume(id: number): void {
    this.#runs.get(id)?.resume();
  }

  /** Forgets a run. */
  forget(id: number): void {
    const run = this.#runs.get(id);
    this.#runs.delete(id);
    run?.forget();
    this.#listening.get(id)?.();
    this.#listening.delete(id);
  }

  /** {@linkcode InProcessRun.terminate} */
  terminate(id: number, grace: number): void {
    this.#runs.get(id)?.terminate(grace);
  }

  readonly #inTurn: InTurn = (action) => {
    const turn = this.#last.then(action);
    this.#last = turn.catch(() => {});
    return turn;
  };
}
