/**
 * The run file, as its host keeps it. The host locks it for as long as it lives: that is
 * how workers know that it does (`src/worker/process/host_life.ts`). And it writes the
 * file again when something has removed it, such as a clean-up of old files.
 *
 * @module
 */

import type { RunFile } from "../protocol/run_file.ts";
import { log } from "../common/log.ts";
import { settings } from "../settings.ts";
import type { RunDirectory } from "./run_directory.ts";

/** What the file is called. */
const NAME = "run.json";

/** A run file that is kept until it is closed. */
export class HostRunFile {
  readonly #directory: RunDirectory;
  readonly #run: RunFile;
  /** Other files that must be there, and what makes them again. */
  readonly #others: ReadonlyMap<string, () => void>;
  /** Every file that was written: workers wait for its lock. */
  readonly #files: Deno.FsFile[] = [];
  readonly #timer: ReturnType<typeof setInterval>;
  #looking: Promise<void> | undefined;

  /**
   * Writes the file.
   *
   * @param directory The directory for it.
   * @param run Its content; `locked` is filled in here.
   * @param others Names of other files that must be there, and what makes them again.
   * @throws {GridEngineError} When it cannot be written, as on a full disk.
   */
  constructor(
    directory: RunDirectory,
    run: RunFile,
    others: ReadonlyMap<string, () => void>,
  ) {
    this.#directory = directory;
    this.#run = run;
    this.#others = others;
    this.#write();
    this.#timer = setInterval(() => {
      this.#looking ??= this.#look().finally(() => this.#looking = undefined);
    }, settings.heartbeatInterval);
    Deno.unrefTimer(this.#timer as unknown as number);
  }

  /** Where it is. */
  get path(): string {
    return this.#directory.file(NAME);
  }

  /** Releases the locks: so workers know that the host has ended. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
    for (const file of this.#files) file.close();
  }

  #write(): void {
    const file = this.#directory.write(NAME, (file) => {
      return JSON.stringify({ ...this.#run, locked: lock(file) });
    });
    this.#files.push(file);
  }

  /** Makes files again that are gone. */
  async #look(): Promise<void> {
    const missing = [];
    for (const name of [NAME, ...this.#others.keys()]) {
      if (await isMissing(this.#directory.file(name))) missing.push(name);
    }
    if (missing.length === 0) return;
    const path = this.#directory.path;
    try {
      this.#directory.restore();
      for (const name of missing) (this.#others.get(name) ?? (() => this.#write()))();
      log(
        "debug",
        `wrote files again that were removed from "${path}": ${missing.join(", ")}`,
      );
    } catch (error) {
      clearInterval(this.#timer);
      log(
        "info",
        `${
          missing.join(", ")
        } of the run vanished from "${path}" and cannot be written ` +
          `again: ${(error as Error).message}; no worker can start from now on`,
      );
    }
  }
}

/** Locks a new file, and says which file it is. */
function lock(file: Deno.FsFile): RunFile["locked"] {
  try {
    file.lockSync(true);
    const { dev, ino } = file.statSync();
    return { device: dev, inode: ino! };
  } catch {
    // The file system has no locks.
    return null;
  }
}

async function isMissing(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return false;
  } catch (error) {
    return error instanceof Deno.errors.NotFound;
  }
}
