/**
 * The directory of a run, which only its owner can enter. It holds the run file, sockets
 * and logs.
 *
 * @module
 */

import { join } from "node:path";
import { cleanUp } from "../common/cleanup.ts";
import { SchedulerError } from "../errors.ts";
import { settings } from "../settings.ts";

/** A directory that is removed at the end of its run. */
export class RunDirectory {
  /** Where it is. */
  readonly path: string;
  /** Device and inode: somebody may have made another directory of this name meanwhile. */
  #identity: string;

  private constructor(path: string) {
    this.path = path;
    this.#identity = identityOf(path);
    addEventListener("unload", this.#unload);
  }

  /**
   * Makes a directory. This is synchronous, so that the program cannot end between the
   * directory's creation and the moment when we know that it must be removed.
   *
   * @param usual Where, unless the settings name a place.
   * @throws {SchedulerError} When it cannot be made.
   */
  static make(usual: string | undefined): RunDirectory {
    const dir = settings.tempDirectory ?? usual;
    try {
      if (dir !== undefined) Deno.mkdirSync(dir, { recursive: true, mode: 0o700 });
      const path = Deno.makeTempDirSync({ prefix: "gridengine-", ...(dir && { dir }) });
      const directory = new RunDirectory(path);
      // The umask may have taken permissions from the owner.
      Deno.chmodSync(path, 0o700);
      return directory;
    } catch (error) {
      throw unusable(dir ?? systemDirectory(), error);
    }
  }

  /** The path of a file in it. */
  file(name: string): string {
    return join(this.path, name);
  }

  /**
   * Writes a file that only its owner can read: completely, or not at all.
   *
   * @param name Its name.
   * @param content Gives its content.
   * @returns The file, open.
   * @throws {SchedulerError} When it cannot be written, as on a full disk.
   */
  write(name: string, content: (file: Deno.FsFile) => string): Deno.FsFile {
    const draft = this.file(`${name}.new`);
    let file: Deno.FsFile | undefined;
    try {
      file = Deno.openSync(draft, { write: true, createNew: true, mode: 0o600 });
      const bytes = new TextEncoder().encode(content(file));
      for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
      this.open(`${name}.new`);
      Deno.renameSync(draft, this.file(name));
      return file;
    } catch (error) {
      file?.close();
      throw unusable(this.path, error);
    }
  }

  /** Lets the owner use a file in it, whatever the umask is. */
  open(name: string): void {
    Deno.chmodSync(this.file(name), 0o600);
  }

  /**
   * Makes it again, if something has removed it.
   *
   * @throws {Error} When it cannot be made, or another directory has its name by now.
   */
  restore(): void {
    try {
      Deno.mkdirSync(this.path, { mode: 0o700 });
      Deno.chmodSync(this.path, 0o700);
      this.#identity = identityOf(this.path);
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
      if (identityOf(this.path) === this.#identity) return;
      throw new Error("it is another directory by now", { cause: error });
    }
  }

  /** Removes it. */
  async remove(): Promise<void> {
    removeEventListener("unload", this.#unload);
    await cleanUp(`the run's directory "${this.path}" cannot be removed`, async () => {
      // A worker that noticed our end may have removed it already.
      await Deno.remove(this.path, { recursive: true }).catch(unlessGone);
    });
  }

  /** Removes it at `Deno.exit` during a run: there may be no worker yet to do it. */
  readonly #unload = (): void => {
    try {
      Deno.removeSync(this.path, { recursive: true });
    } catch {
      // A worker may be doing it, too.
    }
  };
}

/** What distinguishes a directory from another one with the same name. */
function identityOf(path: string): string {
  const { dev, ino } = Deno.lstatSync(path);
  return `${dev}:${ino}`;
}

/** Where Deno makes temporary directories. */
function systemDirectory(): string {
  const name = "TMPDIR";
  const { state } = Deno.permissions.querySync({ name: "env", variable: name });
  return state === "granted" && Deno.env.get(name) || "/tmp";
}

function unlessGone(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

function unusable(directory: string, error: unknown): Error {
  if (error instanceof Deno.errors.NotCapable) return error;
  return new SchedulerError(
    `The directory for the run's files cannot be made or written ("${directory}"): ` +
      `${(error as Error).message}; set GRIDENGINE_TEMP_DIRECTORY to one that can`,
    { cause: error },
  );
}
