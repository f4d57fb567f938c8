/**
 * A run whose items run in the program itself, one after the other.
 *
 * @module
 */

import { LONGEST_TIME } from "../common/checks.ts";
import { log } from "../common/log.ts";
import { shortened } from "../common/shorten.ts";
import type { EngineRun } from "./engine_run.ts";
import {
  cancelledError,
  timeoutError,
  unserializableError,
  type Where,
  withIndex,
  withNote,
  withOutput,
} from "./failures.ts";
import { Copier } from "./copier.ts";
import { InProcessRecord } from "./in_process_record.ts";
import { InProcessJob } from "./in_process_job.ts";
import type { RunKeeper } from "./opened.ts";
import type { EngineState } from "./state.ts";

/** What came of one try of an item. */
type Outcome = { value: unknown } | { error: unknown; threw: boolean };

/** Runs something when the items before it have ended. */
export type InTurn = <T>(action: () => Promise<T>) => Promise<T>;

/** One run. */
export class InProcessRun {
  readonly #run: EngineRun;
  readonly #state: EngineState;
  readonly #keeper: RunKeeper;
  readonly #inTurn: InTurn;
  readonly #copier: Copier | undefined;
  /** How to make each value that was sent to it: each try gets all of them. */
  readonly #sent: (() => unknown)[] = [];
  readonly #record: InProcessRecord | undefined;
  #over = false;
  /** The try that runs now. */
  #job: InProcessJob | undefined;
  /** Ends the wait for it. */
  #giveUp: ((error: unknown) => void) | undefined;
  /** When that is done because it was told to end. */
  #deadline = Infinity;
  #killing: ReturnType<typeof setTimeout> | undefined;
  /** Ends the wait for the next try. */
  #wake: (() => void) | undefined;
  /** Ends the wait for somebody who wants a result. */
  #goOn: (() => void) | undefined;

  /**
   * @param run What to run.
   * @param copy Whether values are copied.
   * @param state Counts results and failures.
   * @param keeper Ends runs.
   * @param inTurn Waits for the items of other runs.
   */
  constructor(
    run: EngineRun,
    copy: boolean,
    state: EngineState,
    keeper: RunKeeper,
    inTurn: InTurn,
  ) {
    this.#run = run;
    this.#state = state;
    this.#keeper = keeper;
    this.#inTurn = inTurn;
    const { name, recorder } = run.request;
    this.#record = recorder && new InProcessRecord(recorder, run);
    if (copy) {
      this.#copier = new Copier((loss) =>
        log("info", `in "${shortened(name)}" ${loss}`)
      );
    }
  }

  /** Whether an item runs. */
  get isBusy(): boolean {
    return this.#job !== undefined;
  }

  /** Runs all items. */
  async begin(): Promise<void> {
    const run = this.#run;
    const { items, drains } = run.request;
    try {
      run.outgoing.goHere((make) => {
        this.#sent.push(make);
        this.#job?.messages.push(make());
      });
      for (let index = 0; await this.#has(index); index++) await this.#runItem(index);
      if (this.#over) return;
      if (items.failure && !drains) return this.#keeper.break(run, items.failure.error);
      this.#keeper.forget(run);
      run.request.output.end();
      this.#keeper.tellEnd(run);
    } catch (error) {
      if (!this.#over) this.#keeper.break(run, error);
    }
  }

  /** Goes on if it waits until somebody wants a result. */
  resume(): void {
    if (this.#run.awaited) this.#goOn?.();
  }

  /** Nobody waits for it any more. What runs is asked to come to an end. */
  forget(): void {
    this.#over = true;
    this.#wake?.();
    this.#goOn?.();
    this.#giveUp?.(undefined);
    this.#job?.abort();
  }

  /** Asks the running item to come to an end, and does not wait for it longer than this. */
  terminate(grace: number): void {
    const deadline = performance.now() + grace;
    if (deadline < this.#deadline) {
      this.#deadline = deadline;
      clearTimeout(this.#killing);
      const giveUp = this.#giveUp;
      const end = () => giveUp?.(cancelledError(this.#where(0)));
      this.#killing = setTimeout(end, grace);
    }
    this.#job?.abort();
  }

  /** Whether there is an item to run, once somebody wants its result. */
  async #has(index: number): Promise<boolean> {
    if (!this.#run.awaited) {
      await new Promise<void>((resolve) => this.#goOn = resolve);
    }
    await turn();
    const { items } = this.#run.request;
    if (this.#over || index < items.count) return !this.#over;
    if (!items.hasRoom) return false;
    const count = await items.read(1);
    return !this.#over && count > 0;
  }

  async #runItem(index: number): Promise<void> {
    const { items, settings, listener, output, isWorthRetrying } = this.#run.request;
    const item: unknown = items.values(index, 1)[0];
    for (let attempt = 1;; attempt++) {
      const outcome = await this.#inTurn(() => this.#try(item, index, attempt));
      if (this.#over || outcome === undefined) return;
      if ("value" in outcome) {
        this.#record?.done(index);
        items.settle(index, 1);
        this.#state.stats.done++;
        output.settle(index, 1);
        listener.results(index, [outcome.value]);
        return this.#keeper.updateRefOf(this.#run);
      }
      const { error, threw } = outcome;
      const again = threw && attempt <= settings.retryErrors &&
        (isWorthRetrying?.(error) ?? true);
      // The user's question may have ended the run.
      if (this.#over) return;
      const failure = again ? undefined : { error, where: this.#where(index) };
      this.#record?.failed(index, attempt, failure);
      if (!again) {
        items.settle(index, 1);
        this.#state.stats.failed++;
        const lines = output.last(index);
        output.settle(index, 1);
        // It is the user's own, which may be frozen.
        const told = Object.isExtensible(error) ? withOutput(error, lines) : error;
        listener.failed(index, told, { attempts: attempt, output: lines });
        return this.#keeper.updateRefOf(this.#run);
      }
      const rest = settings.retryDelay * settings.retryFactor ** (attempt - 1);
      if (rest > 0) await this.#rest(Math.min(rest, LONGEST_TIME));
      else await turn();
      if (this.#over) return;
    }
  }

  /** Runs an item once; gives nothing if the run was ended before. */
  async #try(
    item: unknown,
    index: number,
    attempt: number,
  ): Promise<Outcome | undefined> {
    if (this.#over) return undefined;
    const run = this.#run;
    const { here, settings: { exclusive, timeout }, listener, note } = run.request;
    const where = this.#where(index);
    const refused = (error: unknown): Outcome => {
      return {
        error: marked(unserializableError(where, error), where),
        threw: false,
      };
    };
    let argument: unknown;
    try {
      argument = this.#copy(item, exclusive ? "args" : `args[${index}]`, "a worker");
    } catch (error) {
      return refused(error);
    }
    const job = new InProcessJob(run, index, attempt, (value) => {
      return this.#copy(value, "message", "the host");
    });
    this.#job = job;
    this.#record?.began(index, attempt);
    for (const make of this.#sent) job.messages.push(make());
    if (exclusive) {
      listener.started?.({
        id: job.id,
        pid: Deno.pid,
        get host() {
          return job.host;
        },
      });
    }
    const given = Promise.withResolvers<never>();
    this.#giveUp = given.reject;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let givenUp = false;
    given.promise.catch(() => givenUp = true);
    let value: unknown;
    try {
      const result = job.call(here, argument);
      if (timeout > 0) {
        timer = setTimeout(() => given.reject(timeoutError(where, timeout)), timeout);
      }
      value = await Promise.race([result, given.promise]);
    } catch (error) {
      if (givenUp) return { error: marked(error, where), threw: false };
      if (job.ended(error)) return { error: cancelledError(where), threw: false };
      return { error: marked(error, where, note), threw: true };
    } finally {
      clearTimeout(timer);
      clearTimeout(this.#killing);
      this.#job = this.#giveUp = undefined;
      job.messages.end();
      if (givenUp) job.abort();
    }
    try {
      return { value: this.#copy(value, "result", "the host") };
    } catch (error) {
      return refused(error);
    }
  }

  #copy(value: unknown, path: string, receiver: string): unknown {
    return this.#copier ? this.#copier.copy(value, path, receiver) : value;
  }

  #where(index: number): Where {
    const { name, settings: { exclusive } } = this.#run.request;
    return { name, index: exclusive ? undefined : index };
  }

  /** Waits for a time in milliseconds, or until the run is over. */
  async #rest(time: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer = setTimeout(resolve, time);
    await promise;
    clearTimeout(timer);
  }
}

/** Adds to an error what is known of its item. It may be thrown again, and be frozen. */
function marked(error: unknown, { index }: Where, note?: string): unknown {
  if (!(error instanceof Error) || !Object.isExtensible(error)) return error;
  const isNew = note !== undefined && !error.stack?.endsWith(note);
  return withIndex(isNew ? withNote(error, note) : error, index);
}

/** Gives the event loop a turn. */
function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
