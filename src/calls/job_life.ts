/**
 * How far a job is, and what may be asked of it then.
 *
 * @module
 */

import { GridEngineError } from "../errors.ts";

/** The life of one job. */
export class JobLife {
  /** What the job is called. */
  name: string;
  /** How far it is. */
  state: "new" | "started" | "ended" = "new";
  #closed = false;

  /** @param name What the job is called. */
  constructor(name: string) {
    this.name = name;
  }

  /** @throws {GridEngineError} When the job was closed. */
  mustBeOpen(): void {
    if (!this.#closed) return;
    throw new GridEngineError(`Job "${this.name}" is closed`);
  }

  /**
   * @param what What is to be set.
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
   * @param what What it is to do.
   * @throws {GridEngineError} When the job was not started, or was closed.
   */
  mustBeStarted(what: string): void {
    this.mustBeOpen();
    if (this.state === "new") throw this.notStarted(what);
  }

  /** Why a job cannot do something that was not started. */
  notStarted(what: string): GridEngineError {
    return new GridEngineError(
      `Job "${this.name}" cannot ${what}: start() it first`,
    );
  }

  /**
   * The job cannot be used any more.
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
