/**
 * Programs that use the library, each in a process of its own: what they print, how they
 * end, and signals to them and their process group.
 *
 * @module
 */

import { type Ground, kill, workersOf } from "./_helpers.ts";

/** How a program is started. */
export interface ProgramOptions {
  /** Its arguments, as its one argument in JSON. */
  args?: unknown;
  /** Variables to set. */
  env?: Record<string, string>;
  /** Whether it is a process group, as in a terminal: with workers that only now begin. */
  group?: boolean;
}

/** A program of `_programs.ts`, which ends with its `using` block. */
export class Program implements AsyncDisposable {
  readonly #ground: Ground;
  readonly #process: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #complaints: Promise<string>;
  readonly #group: boolean;
  #rest = "";

  /**
   * @param ground Where its run directories are to be.
   * @param name Its name in `_programs.ts`.
   */
  constructor(ground: Ground, name: string, options: ProgramOptions = {}) {
    const { args, env, group = false } = options;
    this.#ground = ground;
    this.#group = group;
    const program = `${import.meta.dirname}/_programs.ts`;
    this.#process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", program, name, JSON.stringify(args ?? {})],
      env: { NO_COLOR: "1", GRIDENGINE_TEMP_DIRECTORY: ground.runs, ...env },
      detached: group,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#lines = this.#process.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#complaints = new Response(this.#process.stderr).text();
  }

  /** Its process id. */
  get pid(): number {
    return this.#process.pid;
  }

  /** How it ended. */
  get status(): Promise<Deno.CommandStatus> {
    return this.#process.status;
  }

  /** What it wrote to standard error, once it has ended. */
  get complaints(): Promise<string> {
    return this.#complaints;
  }

  /** Its workers that run. */
  get workers(): number[] {
    return workersOf(this.#ground.runs);
  }

  /** Sends a signal to it, or, if it has one, to its process group. */
  kill(signal: Deno.Signal): void {
    Deno.kill(this.#group ? -this.pid : this.pid, signal);
  }

  /** The next line that it prints. */
  async line(): Promise<string> {
    while (!this.#rest.includes("\n")) {
      const { value, done } = await this.#lines.read();
      if (done) throw new Error(`It has ended and said: ${await this.#complaints}`);
      this.#rest += value;
    }
    const end = this.#rest.indexOf("\n");
    const line = this.#rest.slice(0, end);
    this.#rest = this.#rest.slice(end + 1);
    return line;
  }

  /** The next line, which is JSON. */
  async json(): Promise<unknown> {
    return JSON.parse(await this.line());
  }

  /** Ends it, and its process group, and waits until it is gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    kill(this.pid, "SIGKILL");
    if (this.#group) kill(-this.pid, "SIGKILL");
    await this.#process.status;
    await this.#lines.cancel();
    await this.#complaints;
  }
}
