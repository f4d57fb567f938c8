/**
 * The shell around `core.ts`: what comes in by socket, clock or scheduler becomes an
 * event for it, and each of its actions is carried out here.
 *
 *     runs ──> Engine <──> Core (decides)
 *                │
 *               Crew ──> Scheduler (starts and stops workers)
 *                 └────> Transport (talks to them)
 *
 * @module
 */

import { shown } from "../common/checks.ts";
import { GridEngineError, type WorkerLoss } from "../errors.ts";
import { encodeFailure } from "../protocol/failure.ts";
import type {
  AssignedChunk,
  Cut,
  FailureReason,
  Print,
  WorkerMessage,
} from "../protocol/messages.ts";
import { sizeOf } from "../protocol/size.ts";
import { lossIn } from "../protocol/complaint.ts";
import { deserializeList, type List, serializeList } from "../protocol/lists.ts";
import { shortened } from "../common/shorten.ts";
import { complaint, deserialize } from "../protocol/values.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";
import { log } from "../common/log.ts";
import { settings } from "../settings.ts";
import { ActiveRun, type RunRecorder, type RunRequest } from "./active_run.ts";
import { Codes } from "./codes.ts";
import { Core } from "../core/core.ts";
import { Crew, reconnectGraceOf } from "./crew.ts";
import type { CoreAction, CoreEvent, Failure } from "../core/events.ts";
import { guarded, report } from "../common/fault.ts";
import type { JobOutput } from "./job_output.ts";
import {
  abandonedError,
  cancelledError,
  lostError,
  reportedError,
  timeoutError,
  type Where,
  withIndex,
  withOutput,
} from "./failures.ts";
import { checkPreconditions } from "./preconditions.ts";

/** The latest time that a `Date` can have, in milliseconds of the epoch. */
const LATEST = 8.64e15;
/** How often time is looked at, in milliseconds. */
const TICK = 250;
/** How long the output of a run is taken after its end, in milliseconds. */
const LATE_PRINTS = 500;
/** The core is told of the size of arguments from here on, in bytes. */
const HEAVY = 1024;
/** How long the news of a worker's end may take from a cluster, in milliseconds. */
const NEWS = 10_000;
/** And from elsewhere: a worker that gives up on the host says why. */
const LAST_WORDS = 1000;
/** So many times it is said at info level that a worker starts anew. */
const MOST_RESTARTS_TOLD = 10;
/** Of why it does, so many characters. */
const LONGEST_REASON = 300;
/** What workers say that the core may have reason to complain of. */
const SAID: ReadonlySet<CoreEvent["type"]> = new Set([
  "hello",
  "results",
  "failed",
  "returned",
  "began",
]);

/** What is known of an event that the core need not know. */
interface Context {
  values?: { values: List; offsets: number[] };
  failure?: { reason: FailureReason; exitStatus: number; value: Uint8Array };
}

/** What a dispatcher has done so far. */
export interface EngineStats {
  /** Items with a result. */
  done: number;
  /** Items that failed for good. */
  failed: number;
  /** Workers that were asked for. */
  workersRequested: number;
  /** Workers that ended before they were told to. */
  workersLost: number;
  /** Messages from workers that were taken. */
  messages: number;
  /** Messages that broke the protocol, and were dropped. */
  violations: number;
  /** Connections that did not have the run's key, and were refused. */
  refused: number;
}

/** Runs, on workers. */
export class Engine {
  readonly #name: string;
  readonly #getScheduler: () => Promise<Scheduler>;
  readonly #runs = new Map<number, ActiveRun>();
  /** Of runs that have ended lately: what their last items left behind may print yet. */
  readonly #ended = new Map<number, { output: JobOutput; time: number }>();
  /** Of those runs of which a report is made. */
  readonly #recorders = new Set<RunRecorder>();
  /** What workers were sent to run. */
  readonly #codes = new Codes();
  readonly #queue: { event: CoreEvent; context: Context }[] = [];
  readonly #stats = { done: 0, failed: 0, workersRequested: 0, workersLost: 0 };
  #core: Core | undefined;
  #crew: Crew | undefined;
  #opening: Promise<void> | undefined;
  #listening: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  readonly #closer = new AbortController();
  #ticking: ReturnType<typeof setInterval> | undefined;
  #heartbeat = 0;
  #handling = false;
  #lastRun = 0;
  #startTime: Date | undefined;
  #endTime: Date | undefined;
  #refed = true;
  /** How often workers started anew for what an item had left behind. */
  #restarted = 0;

  /**
   * @param name What it is called in messages.
   * @param getScheduler Gives the scheduler when the first run needs it.
   */
  constructor(name: string, getScheduler: () => Promise<Scheduler>) {
    this.#name = name;
    this.#getScheduler = getScheduler;
  }

  /** Is aborted when it is closed: nothing can begin any more. */
  get closing(): AbortSignal {
    return this.#closer.signal;
  }

  /** Where it listens, once it does. */
  get address(): string | undefined {
    return this.#crew?.address;
  }

  /** When it last began to have something to run. */
  get startTime(): Date | undefined {
    return this.#startTime;
  }

  /** When it last had nothing more to run; `undefined` while it has. */
  get endTime(): Date | undefined {
    return this.#endTime;
  }

  /** What was done so far. */
  get stats(): EngineStats {
    const { messages = 0, violations = 0, refused = 0 } = this.#crew ?? {};
    return { ...this.#stats, messages, violations, refused };
  }

  /** How many workers are in each state. */
  get workers(): ReturnType<Core["count"]> {
    return this.#core?.count() ??
      { requested: 0, started: 0, ready: 0, disconnected: 0, busy: 0 };
  }

  /** How long the first worker has been waiting in the queue, in milliseconds. */
  get queued(): number {
    const since = this.#core?.queuedSince;
    return since === undefined ? 0 : performance.now() - since;
  }

  /** Why one of the workers that are asked for is not even in the queue, if so. */
  get delay(): string | undefined {
    return this.#core?.delay;
  }

  /**
   * Begins a run. What comes of it is told to its listener.
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
    if (this.#runs.size === 0) {
      this.#startTime = new Date();
      this.#endTime = undefined;
    }
    this.#runs.set(id, new ActiveRun(id, request));
    this.#updateRef();
    void this.#begin(id);
    return id;
  }

  /** Forgets a run, and ends what runs of it. Its listener is told nothing more. */
  cancel(id: number): void {
    const run = this.#runs.get(id);
    if (!run) return;
    this.#forget(run);
    this.#dispatch({ type: "cancel", run: id });
  }

  /** Asks a run to come to an end, and ends it after a time in milliseconds. */
  terminate(id: number, grace: number): void {
    if (this.#core?.isRunning(id)) {
      this.#dispatch({ type: "terminate", run: id, grace });
    } else this.#cancelEarly(id);
  }

  /** Reads on in a run's source, after more was allowed. */
  readOn(id: number): void {
    const run = this.#runs.get(id);
    if (run && run.codeNumber > 0) void this.#read(run);
  }

  /** Whether somebody waits for what comes of a run: if not, it may end the program. */
  setAwaited(id: number, awaited: boolean): void {
    const run = this.#runs.get(id);
    if (!run) return;
    run.awaited = awaited;
    this.#updateRef();
  }

  /** Sends a value to the only item of an exclusive run: to each try of it. */
  send(id: number, value: Uint8Array): void {
    const run = this.#runs.get(id);
    if (!run) return;
    run.sent.push(value);
    this.#pass(run, [value]);
  }

  /** Passes values on to the only item of a run, unless it waits for its next try. */
  #pass({ at }: ActiveRun, values: readonly Uint8Array[]): void {
    if (!at || !this.#core!.itemAt(at.worker, at.chunk, 0)) return;
    const peer = this.#crew!.peer(at.worker);
    for (const value of values) peer?.send({ type: "message", chunk: at.chunk, value });
  }

  /** Cancels every run, sends the workers home, and resolves when nothing is left. */
  close(): Promise<void> {
    this.#closer.abort();
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    for (const run of [...this.#runs.values()]) {
      this.#break(run, cancelledError({ name: run.name, index: undefined }));
    }
    // For the scheduler to be ready nobody waits who does not want it any more.
    await this.#listening?.catch(() => {});
    if (this.#crew === undefined) return;
    this.#dispatch({ type: "close" });
    try {
      await this.#crew.close();
    } finally {
      clearInterval(this.#ticking);
      this.#ended.clear();
    }
  }

  /** Opens what runs need, once; what has failed is tried again for the next run. */
  #opened(): Promise<void> {
    return this.#opening ??= this.#open().catch((error) => {
      this.#opening = undefined;
      throw error;
    });
  }

  async #open(): Promise<void> {
    checkPreconditions();
    const scheduler = await this.#getScheduler();
    await scheduler.open?.();
    if (this.#closing) return;
    await (this.#listening = this.#listen(scheduler));
  }

  async #listen(scheduler: Scheduler): Promise<void> {
    const { startTimeout, loadTimeout, heartbeatInterval } = settings;
    this.#crew = await Crew.open(this.#name, scheduler, {
      started: (worker) => this.#dispatch({ type: "workerStarted", worker }),
      delayed: (worker, why) => this.#dispatch({ type: "delayed", worker, why }),
      ended: (worker, loss) => this.#workerEnded(worker, loss),
      disconnected: (worker) => this.#dispatch({ type: "disconnected", worker }),
      moved: (worker) => this.#dispatch({ type: "moved", worker }),
      violated: (worker, detail) =>
        this.#dispatch({ type: "violation", worker, detail }),
      said: (worker, message) => this.#told(worker, message),
    });
    this.#core = new Core({
      workers: scheduler.workers,
      queueTimeout: scheduler.queueTimeout ?? Infinity,
      startTimeout: startTimeout + (scheduler.tellsLate ? NEWS : LAST_WORDS),
      loadTimeout,
      silenceTimeout: 10 * heartbeatInterval,
      reconnectGrace: 2 * reconnectGraceOf(scheduler),
      // Of a process that ended a cluster would have told by then.
      lostCause: scheduler.tellsLate ? "node lost" : "unreachable",
    });
    this.#ticking = setInterval(() => this.#tick(), TICK);
    this.#updateRef(true);
  }

  async #begin(id: number): Promise<void> {
    const run = this.#runs.get(id)!;
    try {
      await this.#opened();
      if (this.#runs.has(id)) {
        if (run.recorder) this.#record(run.recorder);
        this.#dispatch({ type: "run", run: { ...run.settings, id } });
      }
      // Workers start meanwhile.
      const code = await run.code();
      if (!this.#runs.has(id)) return;
      run.codeNumber = this.#codes.use(code);
    } catch (error) {
      if (!this.#runs.has(id)) return;
      // Of an end without an error the listener would take what it has for all results.
      const nothing = () => new GridEngineError(`The scheduler threw ${shown(error)}`);
      this.#break(run, error || nothing());
      return;
    }
    const estimate = this.#codes.estimate(run.codeNumber);
    if (estimate !== undefined) this.#dispatch({ type: "hint", run: id, estimate });
    const { count, ended, weight } = run.items;
    if (weight > 0) this.#dispatch({ type: "weighed", run: id, weight });
    if (count > 0) this.#dispatch({ type: "items", run: id, count });
    if (ended) this.#dispatch({ type: "ended", run: id });
    else void this.#read(run);
  }

  /** Tells a recorder of what happens from now on, and of the workers that are there. */
  #record(recorder: RunRecorder): void {
    this.#recorders.add(recorder);
    for (const worker of this.#core!.workers()) this.#present(recorder, worker);
  }

  /** Tells of a worker, if it has come. */
  #present(recorder: RunRecorder, worker: string): void {
    const info = this.#crew!.info(worker);
    if (info) recorder.present(info, performance.now());
  }

  /** Reads a source as far as the core wants it to be read. */
  async #read(run: ActiveRun): Promise<void> {
    if (run.reading) return;
    run.reading = true;
    try {
      while (run.wanted > 0 && run.items.hasRoom && this.#runs.has(run.id)) {
        const reading = run.items.read(run.wanted);
        const count = typeof reading === "number" ? reading : await reading;
        run.wanted -= count;
        if (count > 0) this.#dispatch({ type: "items", run: run.id, count });
      }
      const { ended, failure } = run.items;
      if (failure && !run.drains && this.#runs.has(run.id)) {
        this.#break(run, failure.error);
      } else if (ended || failure) this.#dispatch({ type: "ended", run: run.id });
    } catch (error) {
      if (this.#runs.has(run.id)) this.#break(run, error);
    } finally {
      run.reading = false;
      this.#updateRefOf(run);
    }
  }

  /** Ends a run, which fails for this reason. */
  #break(run: ActiveRun, error: unknown): void {
    guarded(() => this.cancel(run.id));
    this.#tellEnd(run, error);
  }

  /** Says that a run is over. Should that fail, it fails the run. */
  #tellEnd(run: ActiveRun, error?: unknown): void {
    const { listener, items, recorder } = run;
    const { failedWithRun } = items;
    if (failedWithRun > 0) {
      this.#stats.failed += failedWithRun;
      guarded(() => recorder?.abandoned(failedWithRun, error));
    }
    try {
      listener.ended(error as Error | undefined);
    } catch (fault) {
      guarded(() => listener.ended(fault as Error));
    }
  }

  /** A run that the core does not know yet. */
  #cancelEarly(id: number): void {
    const run = this.#runs.get(id);
    if (!run) return;
    this.#forget(run);
    this.#stats.failed++;
    run.items.settle(0, 1);
    run.listener.failed(0, cancelledError(this.#where(run, 0)));
    this.#tellEnd(run);
  }

  #forget(run: ActiveRun): void {
    this.#runs.delete(run.id);
    if (this.#runs.size === 0) this.#endTime = new Date();
    if (run.recorder) this.#recorders.delete(run.recorder);
    run.items.close();
    if (run.codeNumber > 0) {
      guarded(() => this.#forgetCodes(this.#codes.release(run.codeNumber)));
    }
    this.#updateRef();
  }

  /** Tells workers to drop code that is not kept any more. */
  #forgetCodes(dropped: number[]): void {
    if (dropped.length === 0) return;
    for (const peer of this.#crew?.peers() ?? []) peer.forget(dropped);
  }

  /** Some items of a run have come, or were settled. */
  #updateRefOf(run: ActiveRun): void {
    if (!run.awaited) this.#updateRef();
  }

  /** The program lives on while a run is under way that keeps it alive. */
  #updateRef(force = false): void {
    const refed = [...this.#runs.values()].some((run) => run.keepsAlive);
    if (refed === this.#refed && !force) return;
    this.#refed = refed;
    if (this.#crew) this.#crew.refed = refed;
    if (this.#ticking === undefined) return;
    if (refed) Deno.refTimer(this.#ticking as unknown as number);
    else Deno.unrefTimer(this.#ticking as unknown as number);
  }

  #tick(): void {
    const now = performance.now();
    if (now - this.#heartbeat >= settings.heartbeatInterval) {
      this.#heartbeat = now;
      guarded(() => this.#crew!.acknowledge());
    }
    for (const [run, { time }] of this.#ended) {
      if (now - time > LATE_PRINTS) this.#ended.delete(run);
    }
    this.#dispatch({ type: "tick" });
  }

  #workerEnded(worker: string, loss: WorkerLoss): void {
    if (this.#closing === undefined) {
      this.#stats.workersLost++;
      log("debug", `worker ${worker} is gone: ${loss.detail}`);
    }
    this.#dispatch({ type: "workerEnded", worker, loss });
  }

  #told(worker: string, message: WorkerMessage): void {
    switch (message.type) {
      case "hello": {
        const { incarnation } = message.hello;
        this.#dispatch({ type: "hello", worker, incarnation });
        break;
      }
      case "heartbeat":
        this.#dispatch({ type: "heard", worker });
        break;
      case "started": {
        this.#dispatch({ type: "began", worker, chunk: message.chunk });
        this.#at(worker, message.chunk)?.listener.started?.(this.#crew!.info(worker)!);
        break;
      }
      case "message": {
        this.#dispatch({ type: "heard", worker });
        const sent = readValue(message.value);
        if (!sent) return this.#crew!.reject(worker, "it sent a value that is none");
        this.#at(worker, message.chunk)?.listener.message?.(sent.value);
        break;
      }
      case "times":
        this.#dispatch({ type: "heard", worker });
        for (const recorder of this.#recorders) {
          recorder.took(worker, message.times, performance.now());
        }
        break;
      case "results": {
        const { segments, elapsed, list } = message;
        const bytes = sizeOf(list);
        const values = valuesOf(message);
        if (!values) return this.#crew!.reject(worker, "it sent results that are none");
        this.#dispatch({ type: "results", worker, segments, elapsed, bytes }, {
          values,
        });
        break;
      }
      case "failed": {
        const { chunk, offset, reason, exitStatus, value } = message;
        const failure = { reason, exitStatus, value };
        const event = { worker, chunk, offset, reason, exitStatus };
        this.#dispatch({ type: "failed", ...event }, { failure });
        break;
      }
      case "returned":
        this.#dispatch({ type: "returned", worker, cuts: message.cuts });
        break;
      case "output":
        this.#dispatch({ type: "heard", worker });
        for (const print of message.prints) this.#printed(worker, print);
        break;
      case "restarting":
        this.#restarts(worker, message.why);
        break;
      default:
        message satisfies never;
    }
  }

  #restarts(worker: string, why: string): void {
    if (why !== "") {
      const host = this.#crew!.info(worker)?.host ?? "";
      // An item that goes on and on with it fills no log.
      const level = ++this.#restarted > MOST_RESTARTS_TOLD ? "debug" : "info";
      log(level, `worker ${worker} on ${host} starts anew, because ${oneLine(why)}`);
    }
    this.#dispatch({ type: "restarting", worker, why: oneLine(why) });
  }

  /** What items print of a run that was cancelled, or has ended long ago, is dropped. */
  #printed(worker: string, { chunk, offset, level, time, text }: Print): void {
    const item = this.#core!.printerAt(worker, chunk, offset);
    if (!item) return;
    const output = this.#runs.get(item.run)?.output ??
      this.#ended.get(item.run)?.output;
    if (!output) return;
    const { index, attempt } = item;
    const { host, pid } = this.#crew!.info(worker)!;
    const date = new Date(Math.min(time, LATEST));
    const printed = { index, attempt, host, pid, level, time: date, text };
    output.print(printed, this.#crew!.remote);
  }

  /** The run whose only item is this chunk of this worker. */
  #at(worker: string, chunk: number): ActiveRun | undefined {
    const item = this.#core!.itemAt(worker, chunk, 0);
    return item && this.#runs.get(item.run);
  }

  /** Events that come up while one is handled wait for their turn. */
  #dispatch(event: CoreEvent, context: Context = {}): void {
    if (!this.#core) return;
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

  /** What the core wants done. */
  #decide(event: CoreEvent): CoreAction[] {
    const now = performance.now();
    try {
      const actions = this.#core!.handle(event, now);
      for (const recorder of this.#recorders) {
        guarded(() => recorder.observe(event, actions, now));
      }
      return actions;
    } catch (error) {
      // Nobody knows what it did of it, and so which items would wait for ever.
      report(error);
      for (const run of [...this.#runs.values()]) this.#break(run, error);
      return [];
    }
  }

  /** An action went wrong: that ends the run which it is of, and must cost no other one. */
  #spoiled(action: CoreAction, error: unknown): void {
    const run = "run" in action ? this.#runs.get(action.run) : undefined;
    if (run) this.#break(run, error);
    else report(error);
  }

  #perform(action: CoreAction, event: CoreEvent, context: Context): void {
    switch (action.type) {
      case "request":
        this.#stats.workersRequested += action.workers.length;
        this.#crew!.request(action.workers);
        break;
      case "stop":
        // What it said made no sense, though it was well-formed.
        if (SAID.has(event.type)) this.#crew!.violations++;
        this.#giveUp(action.worker);
        break;
      case "welcome":
        this.#crew!.answer(action.worker, action.refused);
        if (action.refused !== undefined) break;
        for (const recorder of this.#recorders) this.#present(recorder, action.worker);
        break;
      case "assign":
        this.#assign(action.worker, action.run, action.chunks);
        break;
      case "recall": {
        const { worker } = action;
        const chunks = this.#crew!.peer(worker)?.recall() ?? [];
        if (chunks.length > 0) this.#dispatch({ type: "withdrawn", worker, chunks });
        break;
      }
      case "wake":
        // What runs keeps the program alive, if it should.
        Deno.unrefTimer(
          setTimeout(() => this.#dispatch({ type: "tick" }), action.after),
        );
        break;
      case "cancel":
        this.#crew!.peer(action.worker)?.cancel(action.chunks);
        break;
      case "terminate": {
        const { worker, chunk, grace } = action;
        const sent = this.#crew!.peer(worker)?.terminate(chunk, grace) ?? true;
        if (!sent) this.#endUnsent(worker, chunk);
        break;
      }
      case "leave":
        this.#crew!.peer(action.worker)?.send({ type: "leave" });
        break;
      case "pull": {
        const run = this.#runs.get(action.run);
        if (!run) break;
        run.wanted += action.count;
        if (run.codeNumber > 0) void this.#read(run);
        break;
      }
      case "accept": {
        const { first, count, segment } = action;
        const run = this.#runs.get(action.run);
        if (!run) break;
        const { values, offsets } = context.values!;
        const from = offsets[segment]!;
        const all = count === values.length;
        run.items.settle(first, count);
        if (event.type === "results") {
          const each = event.elapsed / values.length;
          this.#codes.measured(run.codeNumber, each, !run.measured);
          run.measured = true;
        }
        this.#stats.done += count;
        run.listener.results(
          first,
          all ? values : values.slice(from, from + count),
        );
        run.output.settle(first, count);
        this.#updateRefOf(run);
        break;
      }
      case "fail": {
        const run = this.#runs.get(action.run);
        if (!run) break;
        run.items.settle(action.index, 1);
        this.#stats.failed++;
        const worker = "worker" in event ? event.worker : undefined;
        const where = this.#where(run, action.index, worker);
        const error = withIndex(
          this.#errorOf(action.failure, context, where, run.settings.timeout),
          where.index,
        );
        const lines = run.output.last(action.index);
        run.output.settle(action.index, 1);
        run.recorder?.failed(action.index, error, where, performance.now());
        run.listener.failed(action.index, withOutput(error, lines));
        this.#updateRefOf(run);
        break;
      }
      case "abandon": {
        const run = this.#runs.get(action.run);
        if (!run) break;
        this.#forget(run);
        const why = this.#crew!.refusal ??
          abandonedError(run.name, this.#crew!.known(action.loss));
        this.#tellEnd(run, why);
        break;
      }
      case "done": {
        const run = this.#runs.get(action.run);
        if (!run) break;
        this.#forget(run);
        run.output.end();
        this.#ended.set(run.id, { output: run.output, time: performance.now() });
        this.#tellEnd(run);
        break;
      }
      default:
        action satisfies never;
    }
  }

  /** A worker is none of ours any more: it is told so, and its scheduler ends it. */
  #giveUp(worker: string): void {
    guarded(() => this.#crew!.dismiss(worker));
    this.#crew!.stop(worker);
  }

  #assign(worker: string, id: number, chunks: AssignedChunk[]): void {
    const run = this.#runs.get(id);
    const peer = this.#crew!.peer(worker);
    if (!run || !peer) return;
    const values = run.values(chunks);
    let list: Uint8Array[];
    try {
      list = serializeList(values, () => warnOfLoss(run, chunks));
    } catch (error) {
      this.#refuseItems(worker, run, chunks, error ?? "it cannot be read");
      return;
    }
    const bytes = sizeOf(list);
    run.recorder?.sent(bytes);
    const weight = bytes / values.length;
    if (weight > HEAVY) this.#dispatch({ type: "weighed", run: id, weight });
    if (!peer.codes.has(run.codeNumber)) {
      peer.codes.add(run.codeNumber);
      const value = this.#codes.value(run.codeNumber);
      run.recorder?.sent(value.byteLength);
      peer.send({ type: "code", code: run.codeNumber, value });
    }
    const { timeout, exclusive: announce } = run.settings;
    const code = run.codeNumber;
    peer.send({
      type: "assign",
      code,
      timeout,
      announce,
      logs: run.output.mode,
      seed: run.seed,
      measure: run.recorder !== undefined,
      chunks,
      name: run.name,
      list,
    });
    if (!announce) return;
    run.at = { worker, chunk: chunks[0]!.chunk };
    this.#pass(run, run.sent);
  }

  /** A job is terminated that its worker does not have yet: it ends as it would there. */
  #endUnsent(worker: string, chunk: number): void {
    const reason = "cancelled";
    const failure = { reason, exitStatus: 0, value: encodeFailure(null) } as const;
    const event = { worker, chunk, offset: 0, reason, exitStatus: 0 } as const;
    this.#dispatch({ type: "failed", ...event }, { failure });
  }

  /**
   * An argument cannot travel: its item fails, as if the worker had said so. Where each can
   * by itself, the first one fails with what is wrong with all of them.
   */
  #refuseItems(
    worker: string,
    run: ActiveRun,
    chunks: AssignedChunk[],
    error: unknown,
  ): void {
    const cuts: Cut[] = [];
    const found = chunks.map((assigned) => {
      const path = (i: number) =>
        run.settings.exclusive ? "args" : `args[${assigned.first + i}]`;
      return Array.from(run.values([assigned]))
        .map((value, i) => complaintAbout(value, path(i)));
    });
    if (found.flat().every((complaint) => complaint === undefined)) {
      found[0]![0] = error;
    }
    for (const [i, { chunk, count }] of chunks.entries()) {
      const complaints = found[i]!;
      const offset = complaints.findIndex((complaint) => complaint !== undefined);
      if (offset >= 0) {
        const reason = "unserializable";
        const value = encodeFailure(complaints[offset]);
        const event = { worker, chunk, offset, reason, exitStatus: 0 } as const;
        const failure = { reason, exitStatus: 0, value } as const;
        this.#dispatch({ type: "failed", ...event }, { failure });
      }
      if (offset + 1 < count) cuts.push({ chunk, from: offset + 1 });
    }
    // After the failures, which are the reason for it.
    if (cuts.length > 0) this.#dispatch({ type: "returned", worker, cuts });
  }

  #errorOf(
    failure: Failure,
    context: Context,
    where: Where,
    timeout: number,
  ): unknown {
    switch (failure.kind) {
      case "reported": {
        const { reason, exitStatus, value } = context.failure!;
        return reportedError(reason, exitStatus, value, where, timeout);
      }
      case "timeout":
        return timeoutError(where, timeout);
      case "cancelled":
        return cancelledError(where);
      case "lost":
        return lostError(failure.losses.map((loss) => this.#crew!.known(loss)), where);
      default:
        return failure satisfies never;
    }
  }

  #where(run: ActiveRun, index: number, worker?: string): Where {
    const info = this.#crew?.info(worker);
    return {
      name: run.name,
      index: run.settings.exclusive ? undefined : index,
      ...(info && { worker: info }),
    };
  }
}

/** Says, once for each run, that an object among its items loses its class. */
function warnOfLoss(run: ActiveRun, chunks: AssignedChunk[]): void {
  if (run.warned) return;
  run.warned = true;
  const { exclusive } = run.settings;
  const values = chunks.flatMap((assigned) =>
    Array.from(run.values([assigned]), (child, i) => {
      return {
        child,
        step: () => exclusive ? "args" : `args[${assigned.first + i}]`,
      };
    })
  );
  const name = `${exclusive ? "job" : "map"} "${shortened(run.name)}"`;
  const instead = exclusive ? "let the function capture it" : "so map over a key of it";
  log(
    "info",
    `in ${name} ${lossIn(values)}: what a variable holds keeps its class, ${instead}`,
  );
}

/** Why an argument cannot travel, if it cannot. */
function complaintAbout(value: unknown, path: string): unknown {
  try {
    serializeList([value]);
    return undefined;
  } catch (error) {
    return complaint(value, path, "a worker", error);
  }
}

/** The value that a worker sent, if it is one. */
function readValue(bytes: Uint8Array): { value: unknown } | undefined {
  try {
    return { value: deserialize(bytes) };
  } catch {
    return undefined;
  }
}

/** What a worker says for people, as a part of one line. */
function oneLine(text: string): string {
  return text.slice(0, LONGEST_REASON).replaceAll(/\p{Cc}+/gu, " ");
}

/** The results of a message, and where in them each segment begins; if they are any. */
function valuesOf(
  { list, segments }: Extract<WorkerMessage, { type: "results" }>,
): { values: List; offsets: number[] } | undefined {
  const offsets: number[] = [];
  let total = 0;
  for (const { count } of segments) {
    offsets.push(total);
    total += count;
  }
  try {
    const values = deserializeList(list);
    return values.length === total ? { values, offsets } : undefined;
  } catch {
    return undefined;
  }
}
