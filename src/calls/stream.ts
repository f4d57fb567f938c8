/**
 * The results of a run, one after the other, as `imap` and `imapUnordered` give them.
 *
 * @module
 */

import type { RunListener } from "../engine/run_request.ts";
import type { CallRequest } from "./call.ts";
import { type Cells, cellsFor } from "./cells.ts";
import { interruptible } from "./interrupt.ts";
import { freshSeed } from "../common/random.ts";
import type { Ending } from "../report/record.ts";
import type { Recording } from "../report/recording.ts";
import type { Engine } from "../engine/engine.ts";
import { ItemSource } from "../engine/item_source.ts";
import { JobOutput } from "../engine/job_output.ts";
import type { ProgressReport } from "./progress.ts";
import { runSettings } from "./options.ts";
import { checkReport, openRecording } from "./recording.ts";
import { retryNote, retryQuestion } from "./retry_errors.ts";
import { fulfilled, rejected } from "./settled.ts";

/** How many items are read beyond those whose results were taken. */
const WINDOW = 4096;

interface Outcome {
  value?: unknown;
  error?: unknown;
}

type Waiting = PromiseWithResolvers<IteratorResult<unknown>>;

/**
 * Iterates over the results of a run. The run begins with the first `next()`. `return()`,
 * which `break` calls, ends the run and closes the source, even if a `next()` waits.
 */
export class ResultStream implements AsyncIterableIterator<unknown> {
  readonly #getEngine: () => Engine;
  #call: CallRequest;
  readonly #ordered: boolean;
  readonly #finish: () => Promise<void>;
  readonly #items: ItemSource;
  readonly #settings: ReturnType<typeof runSettings>;
  readonly #seed: number;
  readonly #output: JobOutput;
  readonly #isWorthRetrying: ((error: unknown) => boolean) | undefined;
  readonly #cells: Cells;
  #progress: ProgressReport | undefined;
  /** Ordered: by index. Unordered: in the order of arrival. */
  readonly #ready = new Map<number, Outcome>();
  readonly #waiting: Waiting[] = [];
  #engine: Engine | undefined;
  #begun = false;
  /** Ends that the user can interrupt it. */
  #over = () => {};
  /** Whether the engine was told that somebody waits. */
  #awaited = true;
  #run: number | undefined;
  #recording: Recording | undefined;
  #next = 0;
  #arrived = 0;
  #total = Infinity;
  #failure: { error: unknown } | undefined;
  /** Why no worker could come for the items that were left. */
  #abandoned: { error: unknown } | undefined;
  #finished: Promise<void> | undefined;

  /**
   * @param getEngine Gives the engine when the run begins.
   * @param call The function, its items and its options.
   * @param ordered Whether results come in the order of the items, or as they finish.
   * @param finish Called once, when the run is over.
   */
  constructor(
    getEngine: () => Engine,
    call: CallRequest,
    ordered: boolean,
    finish: () => Promise<void>,
  ) {
    this.#getEngine = getEngine;
    this.#call = call;
    this.#ordered = ordered;
    this.#finish = finish;
    this.#items = new ItemSource(call.items);
    this.#items.allowed = WINDOW;
    this.#settings = runSettings(call.options, this.#items.count || 1);
    checkReport(call.options);
    this.#cells = cellsFor(call.options);
    this.#seed = call.options.seed ?? freshSeed();
    this.#output = new JobOutput({
      ...call.options,
      name: call.name,
      isJob: false,
      failed: (error) => this.#stop(error),
    });
    this.#isWorthRetrying = retryQuestion(
      call.options.retryErrors,
      (error) => this.#stop(error),
    );
  }

  /** The next result, as soon as it is there. */
  next(): Promise<IteratorResult<unknown>> {
    const waiting: Waiting = Promise.withResolvers();
    this.#waiting.push(waiting);
    // The stream may end before the source has given its first item.
    if (!this.#begun && this.#finished === undefined) void this.#begin();
    else this.#serve();
    return waiting.promise;
  }

  /** Ends the iteration and its run. */
  async return(value?: unknown): Promise<IteratorResult<unknown>> {
    await this.#end();
    return { value, done: true };
  }

  /** The stream itself. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  async #begin(): Promise<void> {
    this.#begun = true;
    const { call, over } = interruptible(this.#call);
    this.#call = call;
    this.#over = over;
    const { name, options: { signal } } = call;
    try {
      this.#engine = this.#getEngine();
      await this.#items.begin(name, this.#engine.closing, signal);
      this.#recording = await openRecording(
        this.#call,
        this.#items,
        this.#cells.report,
      );
      if (this.#finished !== undefined) await this.#recording?.finish("left early");
      if (this.#items.count === 0) this.#total = 0;
      else {
        const { progress } = this.#call.options;
        this.#start(progress ? await import("./progress.ts") : undefined);
      }
    } catch (error) {
      this.#failure = { error };
    }
    this.#serve();
  }

  /** @param reporting The module that reports progress, if that is wanted. */
  #start(reporting: typeof import("./progress.ts") | undefined): void {
    if (this.#finished !== undefined) return;
    const { settled, options } = this.#call;
    const { signal, reraise = true, progress, retries, retryErrors } = options;
    signal?.addEventListener("abort", this.#abort);
    const listener: RunListener = {
      results: (first, values) => {
        for (let i = 0; i < values.length; i++) {
          const index = first + i;
          const value = settled ? fulfilled(index, values[i]) : values[i];
          this.#put(index, { value });
        }
        this.#serve();
      },
      failed: (index, error, attempts) => {
        if (settled) this.#put(index, { value: rejected(index, error, attempts) });
        else this.#put(index, reraise ? { error } : { value: error });
        this.#serve();
      },
      ...(settled && { abandoned: this.#abandon }),
      ended: (error) => {
        const { ended, failure } = this.#items;
        const kept = this.#abandoned && (ended || failure);
        if (error && !kept) this.#failure = { error };
        else this.#total = this.#items.count;
        this.#serve();
      },
    };
    if (progress && reporting) {
      this.#progress = new reporting.ProgressReport(progress, {
        name: this.#call.name,
        items: this.#items,
        engine: this.#engine!,
        cell: this.#cells.progress,
        failed: (error) => this.#stop(error),
      });
    }
    this.#run = this.#engine!.start({
      name: this.#call.name,
      code: this.#call.code,
      here: this.#call.here,
      items: this.#items,
      settings: this.#settings,
      seed: this.#seed,
      output: this.#output,
      daemon: false,
      drains: true,
      recorder: this.#recording?.recorder,
      isWorthRetrying: this.#isWorthRetrying,
      note: retryNote(retries, retryErrors),
      listener: this.#progress?.counting(listener) ?? listener,
    });
    // It may have been aborted before we listened.
    if (signal?.aborted) this.#abort();
  }

  readonly #abandon: RunListener["failed"] = (index, error, attempts): void => {
    this.#abandoned = { error };
    this.#put(index, { value: rejected(index, error, attempts) });
  };

  readonly #abort = (): void => this.#stop(this.#call.options.signal!.reason);

  #stop(error: unknown): void {
    this.#failure = { error };
    this.#engine!.cancel(this.#run!);
    this.#serve();
  }

  #put(index: number, outcome: Outcome): void {
    this.#ready.set(this.#ordered ? index : this.#arrived++, outcome);
  }

  /** Gives outcomes to those who wait. */
  #serve(): void {
    this.#serveAll();
    const awaited = this.#waiting.length > 0;
    if (this.#run === undefined || awaited === this.#awaited) return;
    this.#awaited = awaited;
    this.#engine!.setAwaited(this.#run, awaited);
  }

  #serveAll(): void {
    while (this.#waiting.length > 0) {
      const outcome = this.#ready.get(this.#next);
      const complete = this.#next >= this.#total;
      // Items that were read before the source failed come first.
      if (complete) this.#failure ??= this.#items.failure;
      if (complete && !this.#failure) this.#endProgress();
      if (this.#finished !== undefined || complete && !this.#failure) {
        this.#end().catch(() => {}); // Those who wait get the error.
      } else if (outcome && "value" in outcome) {
        this.#ready.delete(this.#next++);
        this.#allowMore();
        this.#waiting.shift()!.resolve({ value: outcome.value, done: false });
      } else if (outcome ?? this.#failure) {
        const { error } = outcome ?? this.#failure!;
        this.#failure ??= { error };
        const { reject } = this.#waiting.shift()!;
        const tell = () => reject(error);
        this.#end().then(tell, tell);
      } else {
        return;
      }
    }
  }

  #endProgress(): void {
    try {
      this.#progress?.end(true);
    } catch (error) {
      this.#failure = { error };
    }
  }

  /** Results that were taken make room in the window. */
  #allowMore(): void {
    const allowed = this.#next + WINDOW;
    // Not for each result, so that chunks stay large.
    if (allowed - this.#items.allowed < WINDOW / 8) return;
    this.#items.allowed = allowed;
    if (this.#run !== undefined) this.#engine!.readOn(this.#run);
  }

  /** Ends the run. Those who wait are told when nothing is left of it, as with a map. */
  #end(): Promise<void> {
    this.#call.options.signal?.removeEventListener("abort", this.#abort);
    this.#finished ??= this.#close();
    for (const { resolve, reject } of this.#waiting.splice(0)) {
      this.#finished.then(() => resolve({ value: undefined, done: true }), reject);
    }
    return this.#finished;
  }

  /** How it ended. */
  #how(): Ending["how"] {
    if (this.#failure ?? this.#abandoned) {
      return this.#call.options.signal?.aborted ? "aborted" : "failed";
    }
    return this.#next >= this.#total ? "finished" : "left early";
  }

  async #close(): Promise<void> {
    if (this.#run !== undefined) this.#engine!.cancel(this.#run);
    this.#items.close();
    this.#ready.clear();
    this.#progress?.end(false);
    this.#over();
    const { error } = this.#failure ?? this.#abandoned ?? {};
    await this.#recording?.finish(this.#how(), error);
    await this.#finish();
  }
}
