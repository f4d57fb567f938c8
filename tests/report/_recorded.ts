/**
 * A run that is taken down as the engine would have it: a core, and a recorder that is
 * told what goes into it and what comes out.
 *
 * @module
 */

import type { CoreAction, CoreEvent } from "../../src/core/events.ts";
import { Recorder } from "../../src/report/recorder.ts";
import type { RunRecord } from "../../src/report/record.ts";
import { Harness } from "../fixtures/core_harness.ts";

/** A core whose first run is taken down, from 0 ms on. */
export class Recorded extends Harness {
  override now = 0;
  readonly recorder: Recorder;

  /**
   * @param items How many items the run has.
   * @param workers How many workers there may be.
   */
  constructor(items: number, workers = 2) {
    super({ workers });
    this.recorder = new Recorder("f", { count: items, ended: true }, 0);
  }

  /** What is known now. */
  get record(): RunRecord {
    return this.recorder.record(this.now);
  }

  /** It happens, and the recorder is told as by the engine. */
  override do(event: CoreEvent): CoreAction[] {
    const actions = super.do(event);
    this.recorder.observe(event, actions, this.now);
    const worker = "worker" in event ? event.worker : "0";
    if (event.type === "hello") this.recorder.present(infoOf(worker), this.now);
    for (const action of actions) {
      if (action.type !== "fail") continue;
      const { index } = action;
      const where = { name: "f", index, worker: infoOf(worker) };
      this.recorder.failed(index, new RangeError("no"), where, this.now);
    }
    return actions;
  }

  /** An item came to an end now, after so long. */
  took(worker: string, chunk: number, offset: number, elapsed: number): void {
    this.recorder.took(worker, new Float64Array([chunk, offset, elapsed]), this.now);
  }

  /** The only item of a chunk came to an end now, with a result. */
  ran(worker: string, chunk: number, elapsed: number): CoreAction[] {
    this.took(worker, chunk, 0, elapsed);
    return this.results(worker, { chunk, from: 0, count: 1 }, elapsed);
  }
}

function infoOf(id: string): { id: string; host: string; pid: number } {
  return { id, host: "node", pid: 7 };
}
