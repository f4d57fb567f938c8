/**
 * What a recorder is told of a run in the program itself: the same as of a run whose items
 * are handed to one worker, one by one.
 *
 * @module
 */

import type { CoreAction, CoreEvent } from "../core/events.ts";
import type { EngineRun } from "./engine_run.ts";
import type { Where } from "./failures.ts";
import type { RunRecorder } from "./run_request.ts";

/** The name of the process in the record. */
const HERE = "here";

/** Tells a recorder of one run. */
export class InProcessRecord {
  readonly #recorder: RunRecorder;
  readonly #run: EngineRun;
  /** The number of the present try. */
  #chunk = 0;
  #began = 0;

  /**
   * @param recorder Whom to tell.
   * @param run The run, which begins.
   */
  constructor(recorder: RunRecorder, run: EngineRun) {
    this.#recorder = recorder;
    this.#run = run;
    this.#tell({ type: "run", run: { ...run.request.settings, id: run.id } });
    const here = { id: HERE, pid: Deno.pid, host: Deno.hostname() };
    recorder.present(here, performance.now());
  }

  /** A try of an item begins. */
  began(first: number, attempt: number): void {
    const chunk = ++this.#chunk;
    this.#began = performance.now();
    this.#tell({ type: "tick" }, {
      type: "assign",
      worker: HERE,
      run: this.#run.id,
      chunks: [{ chunk, first, count: 1, attempt }],
    });
  }

  /** It gave a result. */
  done(first: number): void {
    const [chunk, run] = [this.#chunk, this.#run.id];
    const segments = [{ chunk, from: 0, count: 1 }];
    const elapsed = this.#took();
    this.#tell(
      { type: "results", worker: HERE, segments, elapsed, bytes: 0 },
      { type: "accept", run, segment: 0, first, count: 1 },
    );
  }

  /** It failed: for good, or it is tried again. */
  failed(
    index: number,
    attempts: number,
    failure: { error: unknown; where: Where } | undefined,
  ): void {
    this.#took();
    const [chunk, run] = [this.#chunk, this.#run.id];
    const what = { type: "failed", worker: HERE, chunk, offset: 0 } as const;
    const reason = "threw";
    const event = { ...what, reason, exitStatus: 0 } as const;
    if (!failure) return this.#tell(event);
    const { error, where } = failure;
    this.#recorder.failed(index, error, where, performance.now());
    const kind = { kind: "reported", reason } as const;
    this.#tell(event, { type: "fail", run, index, failure: kind, attempts });
  }

  #took(): number {
    const now = performance.now();
    const elapsed = now - this.#began;
    this.#recorder.took(HERE, Float64Array.of(this.#chunk, 0, elapsed), now);
    return elapsed;
  }

  #tell(event: CoreEvent, ...actions: CoreAction[]): void {
    this.#recorder.observe(event, actions, performance.now());
  }
}
