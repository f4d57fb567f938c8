/**
 * The state of a job, and what may be done in it.
 *
 * @module
 */

import { GridEngineError } from "../errors.ts";

/** The life of one job. */
export class JobLife {
  /** The name of the job. */
  name: string;
  /** Its state. */
  state: "new" | "started" | "ended" = "new";
  #closed = false;

  /** @param name The name of the job. */
  constructor(name: string) {
    this.name = name;
  }

  /** @throws {GridEngineError} When the job was closed. */
  mustBeOpen(): void {
    if (!this.#closed) return;
    throw new GridEngineError(`Job "${this.name}" is closed`);
  }

  /**
   * @param what The property to be set.
   * @throws {GridEngineError} When the job was started, or closed.
   */
  mustBeNew(what: string): void {
    this.mustBeOpen();
    if (this.state === "new") return;
    throw new GridEngineError(
      `Job "${this.name}" was started: set its ${what} before start()`,
    );
  }

  /** @throws {GridEngineError} When the job was started before, or closed. */
  mustBeStartable(): void {
    this.mustBeOpen();
    if (this.state === "new") return;
    throw new GridEngineError(
      `Job "${this.name}" was started before: a job runs once; make a new Job`,
    );
  }

  /**
   * @param what What the job should do.
   * @throws {GridEngineError} When the job was not started, or was closed.
   */
  mustBeStarted(what: string): void {
    this.mustBeOpen();
    if (this.state === "new") throw this.notStarted(what);
  }

  /** The error for a job that was not started. */
  notStarted(what: string): GridEngineError {
    return new GridEngineError(
      `Job "${this.name}" cannot ${what}: start() it first`,
    );
  }

  /**
   * Closes the job: it cannot be used any more.
   *
   * @throws {GridEngineError} While it runs.
   */
  close(): void {
    if (this.state === "started") {
      throw new GridEngineError(
        `Job "${this.name}" is still running: join() or terminate() it before close()`,
      );
    }
    this.#closed = true;
  }
}
