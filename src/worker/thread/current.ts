/**
 * What the thread runs now.
 *
 * @module
 */

import type { AssignedChunk } from "../../protocol/messages.ts";
import type { Batch } from "../between/thread_messages.ts";
import { RunningJob, type ThreadOfJob, type ToJob } from "./running_job.ts";

/** The item that runs, and what it is of. */
export class Current {
  batch: Batch | undefined;
  chunk: AssignedChunk | undefined;
  offset = 0;
  /** All items of the batch have run. */
  over = true;
  /** The chunk that was begun last: their numbers rise. */
  begun = 0;
  /** The running job, once somebody has asked for it. */
  made: RunningJob | undefined;
  readonly #thread: ThreadOfJob;
  /** What came for jobs that have not begun. */
  readonly #early: ToJob[] = [];

  /** @param thread Where it runs. */
  constructor(thread: ThreadOfJob) {
    this.#thread = thread;
  }

  /** The job that runs now. */
  get job(): RunningJob | undefined {
    const { batch, chunk, offset, over } = this;
    if (!batch || !chunk || over) return undefined;
    return this.made ??= new RunningJob(chunk, offset, batch, this.#thread);
  }

  /** A name for the running item, to tell whether it has changed. */
  get item(): string {
    return `${this.chunk?.chunk}.${this.offset}`;
  }

  /** A chunk begins; what came for it before is given to its job. */
  begin(chunk: AssignedChunk): void {
    this.chunk = chunk;
    this.offset = 0;
    this.begun = chunk.chunk;
  }

  /** Gives the running job what came before it began; what came for none is dropped. */
  takeEarly(): void {
    if (this.#early.length === 0) return;
    for (const data of this.#early.splice(0)) {
      if (data.chunk === this.begun) this.job?.take(data);
      else if (data.chunk > this.begun) this.#early.push(data);
    }
  }

  /** Takes what the host says to a job, which may not have begun. */
  take(data: ToJob): void {
    if (data.chunk > this.begun) this.#early.push(data);
    else if (this.chunk?.chunk === data.chunk) this.job?.take(data);
  }

  /** Nothing is there to run, and what ran has had its turn. */
  rest(): void {
    this.batch = this.chunk = undefined;
  }
}
