/**
 * The shell around `core.ts`: what comes by socket, clock or scheduler becomes an event
 * for the core, and its actions are carried out here.
 *
 *     runs ──> Engine <──> Core (decides)
 *                │
 *               Crew ──> Scheduler (starts and stops workers)
 *                 └────> Transport (talks to them)
 *
 * @module
 */

import { shown } from "../common/checks.ts";
import { guarded } from "../common/fault.ts";
import { log } from "../common/log.ts";
import { Core } from "../core/core.ts";
import { GridEngineError, type WorkerLoss } from "../errors.ts";
import { InProcessScheduler } from "../scheduler/in_process.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";
import { settings } from "../settings.ts";
import { Crew, reconnectGraceOf } from "./crew.ts";
import { EngineRun } from "./engine_run.ts";
import { cancelledError } from "./failures.ts";
import { whereOf } from "./item_errors.ts";
import { InProcess } from "./in_process.ts";
import { Opened, type RunKeeper } from "./opened.ts";
import { checkPreconditions } from "./preconditions.ts";
import type { RunRequest } from "./run_request.ts";
import { EngineState, type EngineStats } from "./state.ts";

/** How often the core is told the time, in milliseconds. */
const TICK = 250;
/** How long after its end the output of a run is still taken, in milliseconds. */
const LATE_PRINTS = 500;
/** How long a cluster may take to say that a worker has ended, in milliseconds. */
const NEWS = 10_000;
/** How long other schedulers may: a worker that gives up on the host says why. */
const LAST_WORDS = 1000;

/** Runs functions on workers. */
export class Engine {
  readonly #name: string;
  readonly #getScheduler: () => Promise<Scheduler>;
  readonly #state = new EngineState();
  readonly #keeper: RunKeeper = {
    break: (run, error) => this.#break(run, error),
    forget: (run) => this.#forget(run),
    tellEnd: (run, error) => this.#tellEnd(run, error),
    read: (run) => void this.#read(run),
    updateRefOf: (run) => this.#updateRefOf(run),
  };
  #opened: Opened | undefined;
  /** In place of workers, if the scheduler wants that. */
  #inProcess: InProcess | undefined;
  #opening: Promise<void> | undefined;
  #listening: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  readonly #closer = new AbortController();
  #ticking: ReturnType<typeof setInterval> | undefined;
  #heartbeat = 0;
  #lastRun = 0;
  #startTime: Date | undefined;
  #endTime: Date | undefined;
  #refed = true;

  /**
   * @param name What it is called in messages.
   * @param getScheduler Gives the scheduler when the first run needs it.
   */
  constructor(name: string, getScheduler: () => Promise<Scheduler>) {
    this.#name = name;
    this.#getScheduler = getScheduler;
  }

  /** Is aborted when the engine is closed: then nothing can begin any more. */
  get closing(): AbortSignal {
    return this.#closer.signal;
  }

  /** Where it listens, once it does. */
  get address(): string | undefined {
    return this.#opened?.crew.address;
  }

  /** When it last began to have work. */
  get startTime(): Date | undefined {
    return this.#startTime;
  }

  /** When it last ran out of work; `undefined` while it has work. */
  get endTime(): Date | undefined {
    return this.#endTime;
  }

  /** What was done so far. */
  get stats(): EngineStats {
    const { messages = 0, violations = 0 } = this.#opened?.conversations ?? {};
    const refused = this.#opened?.crew.refused ?? 0;
    return { ...this.#state.stats, messages, violations, refused };
  }

  /** How many workers are in each state. */
  get workers(): ReturnType<Core["count"]> {
    return this.#opened?.core.count() ?? this.#inProcess?.workers ??
      { requested: 0, started: 0, ready: 0, disconnected: 0, busy: 0 };
  }

  /** How long the first worker has been waiting in the queue, in milliseconds. */
  get queued(): number {
    const since = this.#opened?.core.queuedSince;
    return since === undefined ? 0 : performance.now() - since;
  }

  /** Why a requested worker is not in the queue yet, if there is one. */
  get delay(): string | undefined {
    return this.#opened?.core.delay;
  }

  /**
   * Begins a run. Its listener is told what happens.
   *
   * @returns The run's number.
   */
  start(request: RunRequest): number {
    const id = ++this.#lastRun;
    if (this.#closing) {
      request.items.close();
      const error = cancelledError({ name: request.name, index: undefined });
      queueMicrotask(() => request.listener.ended(error));
      return id;
    }
    if (this.#state.runs.size === 0) {
      this.#startTime = new Date();
      this.#endTime = undefined;
    }
    this.#state.runs.set(id, new EngineRun(id, request));
    this.#updateRef();
    void this.#begin(id);
    return id;
  }

  /** Forgets a run, and ends what runs of it. Its listener is told nothing more. */
  cancel(id: number): void {
    const run = this.#state.runs.get(id);
    if (!run) return;
    this.#forget(run);
    this.#opened?.dispatch({ type: "cancel", run: id });
  }

  /** Asks a run to come to an end, and ends it after a time in milliseconds. */
  terminate(id: number, grace: number): void {
    if (this.#opened?.core.isRunning(id)) {
      this.#opened?.dispatch({ type: "terminate", run: id, grace });
    } else if (this.#inProcess?.isBusy(id)) this.#inProcess.terminate(id, grace);
    else this.#cancelEarly(id);
  }

  /** Reads on in a run's source, after more was allowed. */
  readOn(id: number): void {
    const run = this.#state.runs.get(id);
    if (run && run.codeNumber > 0) void this.#read(run);
  }

  /** Whether the caller waits for a run: if not, the program may end before it. */
  setAwaited(id: number, awaited: boolean): void {
    const run = this.#state.runs.get(id);
    if (!run) return;
    run.awaited = awaited;
    this.#inProcess?.resume(id);
    this.#updateRef();
  }

  /** Sends a value to the only item of an exclusive run: each try of it gets the value. */
  send(id: number, value: unknown): void {
    this.#state.runs.get(id)?.outgoing.send(value);
  }

  /** Cancels every run, lets the workers leave, and resolves when nothing is left. */
  close(): Promise<void> {
    this.#closer.abort();
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    for (const run of [...this.#state.runs.values()]) {
      this.#break(run, cancelledError({ name: run.request.name, index: undefined }));
    }
    // There is no need to wait until the scheduler is ready.
    await this.#listening?.catch(() => {});
    if (this.#opened === undefined) return;
    this.#opened.dispatch({ type: "close" });
    try {
      await this.#opened.crew.close();
    } finally {
      clearInterval(this.#ticking);
      this.#opened.stopTimers();
      this.#state.ended.clear();
    }
  }

  /** Opens what runs need, once. If that fails, the next run tries again. */
  #beOpen(): Promise<void> {
    return this.#opening ??= this.#open().catch((error) => {
      this.#opening = undefined;
      throw error;
    });
  }

  async #open(): Promise<void> {
    const scheduler = await this.#getScheduler();
    if (scheduler instanceof InProcessScheduler) {
      this.#inProcess = new InProcess(scheduler.copy, this.#state, this.#keeper);
      return;
    }
    checkPreconditions();
    await scheduler.open?.();
    if (this.#closing) return;
    await (this.#listening = this.#listen(scheduler));
  }

  async #listen(scheduler: Scheduler): Promise<void> {
    const { startTimeout, loadTimeout, heartbeatInterval } = settings;
    const crew = await Crew.open(this.#name, scheduler, {
      started: (worker) => this.#opened?.dispatch({ type: "workerStarted", worker }),
      delayed: (worker, why) =>
        this.#opened?.dispatch({ type: "delayed", worker, why }),
      ended: (worker, loss) => this.#workerEnded(worker, loss),
      disconnected: (worker) =>
        this.#opened?.dispatch({ type: "disconnected", worker }),
      moved: (worker) => this.#opened?.dispatch({ type: "moved", worker }),
      violated: (worker, detail) =>
        this.#opened?.dispatch({ type: "violation", worker, detail }),
      said: (worker, message) => this.#opened?.inbox.take(worker, message),
    });
    const core = new Core({
      workers: scheduler.workers,
      queueTimeout: scheduler.queueTimeout ?? Infinity,
      startTimeout: startTimeout + (scheduler.tellsLate ? NEWS : LAST_WORDS),
      loadTimeout,
      silenceTimeout: 10 * heartbeatInterval,
      reconnectGrace: 2 * reconnectGraceOf(scheduler),
      // If the process had ended, a cluster would have said so by then.
      lostCause: scheduler.tellsLate ? "node lost" : "unreachable",
    });
    this.#opened = new Opened(core, crew, this.#state, this.#keeper);
    this.#ticking = setInterval(() => this.#tick(), TICK);
    this.#updateRef(true);
  }

  async #begin(id: number): Promise<void> {
    const run = this.#state.runs.get(id)!;
    const { code, items, recorder } = run.request;
    try {
      await this.#beOpen();
      if (!this.#state.runs.has(id)) return;
      if (this.#inProcess) return this.#inProcess.start(run);
      if (recorder) this.#opened?.record(recorder);
      this.#opened?.dispatch({ type: "run", run: { ...run.request.settings, id } });
      // Workers start in the meantime.
      const made = await code();
      if (!this.#state.runs.has(id)) return;
      run.takeCode(made, this.#state.codes.use(made.bytes));
      if (run.request.settings.exclusive) this.#opened?.sendOn(run);
    } catch (error) {
      if (!this.#state.runs.has(id)) return;
      // Without an error, the listener would take the results that it has for all of them.
      const reason = error ||
        new GridEngineError(`The scheduler threw ${shown(error)}`);
      return this.#break(run, reason);
    }
    const estimate = this.#state.codes.estimate(run.codeNumber);
    if (estimate !== undefined) {
      this.#opened?.dispatch({ type: "hint", run: id, estimate });
    }
    const { count, ended, weight } = items;
    if (weight > 0) this.#opened?.dispatch({ type: "weighed", run: id, weight });
    if (count > 0) this.#opened?.dispatch({ type: "items", run: id, count });
    if (ended) this.#opened?.dispatch({ type: "ended", run: id });
    else void this.#read(run);
  }

  /** Reads a source as far as the core has asked for. */
  async #read(run: EngineRun): Promise<void> {
    if (run.reading) return;
    run.reading = true;
    const { items, drains } = run.request;
    try {
      while (run.wanted > 0 && items.hasRoom && this.#state.runs.has(run.id)) {
        const reading = items.read(run.wanted);
        const count = typeof reading === "number" ? reading : await reading;
        run.wanted -= count;
        if (count > 0) this.#opened?.dispatch({ type: "items", run: run.id, count });
      }
      const { ended, failure } = items;
      if (failure && !drains && this.#state.runs.has(run.id)) {
        this.#break(run, failure.error);
      } else if (ended || failure) {
        this.#opened?.dispatch({ type: "ended", run: run.id });
      }
    } catch (error) {
      if (this.#state.runs.has(run.id)) this.#break(run, error);
    } finally {
      run.reading = false;
      this.#updateRefOf(run);
    }
  }

  /** Ends a run, which fails with this error. */
  #break(run: EngineRun, error: unknown): void {
    guarded(() => this.cancel(run.id));
    this.#tellEnd(run, error);
  }

  /** Tells the listener that a run is over. If the listener throws, the run fails. */
  #tellEnd(run: EngineRun, error?: unknown): void {
    const { listener, items, recorder } = run.request;
    const { failedWithRun } = items;
    if (failedWithRun > 0) {
      this.#state.stats.failed += failedWithRun;
      guarded(() => recorder?.abandoned(failedWithRun, error));
    }
    try {
      listener.ended(error as Error | undefined);
    } catch (fault) {
      guarded(() => listener.ended(fault as Error));
    }
  }

  /** Cancels a run that the core does not know yet. */
  #cancelEarly(id: number): void {
    const run = this.#state.runs.get(id);
    if (!run) return;
    this.#forget(run);
    this.#state.stats.failed++;
    run.request.items.settle(0, 1);
    const error = cancelledError(whereOf(this.#opened?.crew, run, 0));
    run.request.listener.failed(0, error, { attempts: 0, output: [] });
    this.#tellEnd(run);
  }

  #forget(run: EngineRun): void {
    this.#state.runs.delete(run.id);
    this.#inProcess?.forget(run.id);
    if (this.#state.runs.size === 0) this.#endTime = new Date();
    if (run.request.recorder) this.#state.recorders.delete(run.request.recorder);
    run.request.items.close();
    for (const code of run.codes) {
      guarded(() => this.#forgetCodes(this.#state.codes.release(code)));
    }
    this.#updateRef();
  }

  /** Tells workers to drop code that is not kept any more. */
  #forgetCodes(dropped: number[]): void {
    if (dropped.length === 0) return;
    for (const peer of this.#opened?.conversations.peers.values() ?? []) {
      peer.forget(dropped);
    }
  }

  /** Some items of a run have come or were settled. */
  #updateRefOf(run: EngineRun): void {
    if (!run.awaited) this.#updateRef();
  }

  /** Keeps the program alive as long as a run is under way that needs this. */
  #updateRef(force = false): void {
    const refed = [...this.#state.runs.values()].some((run) => run.keepsAlive);
    if (refed === this.#refed && !force) return;
    this.#refed = refed;
    if (this.#opened) this.#opened.crew.refed = refed;
    if (this.#ticking === undefined) return;
    if (refed) Deno.refTimer(this.#ticking as unknown as number);
    else Deno.unrefTimer(this.#ticking as unknown as number);
  }

  #tick(): void {
    const now = performance.now();
    if (now - this.#heartbeat >= settings.heartbeatInterval) {
      this.#heartbeat = now;
      guarded(() => this.#opened!.conversations.acknowledge());
    }
    for (const [run, { time }] of this.#state.ended) {
      if (now - time > LATE_PRINTS) this.#state.ended.delete(run);
    }
    this.#opened?.dispatch({ type: "tick" });
  }

  #workerEnded(worker: string, loss: WorkerLoss): void {
    if (this.#closing === undefined) {
      this.#state.stats.workersLost++;
      log("debug", `worker ${worker} is gone: ${loss.detail}`);
    }
    this.#opened?.dispatch({ type: "workerEnded", worker, loss });
  }
}
