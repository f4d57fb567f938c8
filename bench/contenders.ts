/**
 * Who is measured: the library on both transports, and what a user would take instead,
 * each with two workers in a process of its own, so that nobody shares a heap with us.
 *
 * @module
 */

import { lines } from "./lines.ts";
import type { Task } from "./workload.ts";

/** What starts a contender. */
export interface Command {
  name: string;
  /** What it runs in, for the table. */
  runtime: "deno" | "node" | "python";
  /** The command that does tasks as they come. */
  serve: string[];
  /** The command that maps over five items and ends; none for `Array.map`. */
  once?: string[];
}

const here = (file: string) => `${import.meta.dirname}/${file}`;
const DENO = [Deno.execPath(), "run", "-A", "--quiet"];
/** Where `npm install --prefix bench` puts the packages that Node.js is to run. */
const PACKAGES = here("node_modules");

/** Where each npm package works: Node.js, for which they are made, if there is a choice. */
const NPM: [name: string, runtimes: ("node" | "deno")[]][] = [
  ["piscina", ["node", "deno"]],
  ["tinypool, threads", ["node"]],
  ["tinypool, processes", ["node"]],
  ["workerpool, threads", ["node", "deno"]],
  ["workerpool, processes", ["node", "deno"]],
  ["poolifier, threads", ["node"]],
  ["poolifier, processes", ["deno"]],
];

/** What each Python package needs beside Python: modules, and the Debian packages. */
const PYTHON: [name: string, module: string, packages: string][] = [
  ["multiprocessing.Pool, fork", "numpy", "python3-numpy"],
  ["multiprocessing.Pool, spawn", "numpy", "python3-numpy"],
  ["ProcessPoolExecutor", "numpy", "python3-numpy"],
  ["loky", "joblib", "python3-joblib python3-numpy"],
  ["joblib", "joblib", "python3-joblib python3-numpy"],
  ["dask.distributed", "distributed", "python3-distributed python3-numpy"],
];

/** The names under which the library itself takes part. */
export const OURS = "gridengine";
/** {@linkcode OURS}, encrypted. */
export const OURS_CURVE = "gridengine, CURVE over TCP";

/**
 * Everybody who can take part, ours first.
 *
 * @param skip Is told who cannot, and how to change that.
 */
export async function commands(skip: (line: string) => void): Promise<Command[]> {
  const found: Command[] = [
    ours(OURS, "local"),
    ours(OURS_CURVE, "network"),
    {
      name: "Array.map, no workers",
      runtime: "deno",
      serve: [...DENO, here("ours.ts"), "built-in"],
    },
  ];
  const node = await succeeds("node", "--version") && await exists(PACKAGES);
  for (const [name, runtimes] of NPM) {
    const runtime = runtimes.find((runtime) => node || runtime === "deno");
    if (!runtime) {
      skip(
        `${name}: install Node.js, and: npm install --no-save --prefix bench ` +
          `piscina workerpool poolifier tinypool`,
      );
      continue;
    }
    // With a configuration of their own: who maps need not fetch what is measured here.
    const start = runtime === "deno"
      ? [...DENO, "--config", here("peers/deno.json")]
      : ["node"];
    found.push({ name, runtime, ...both([...start, here("peers/peers.mjs"), name]) });
  }
  // Debian's, which has Debian's packages, before any other.
  const python = await exists("/usr/bin/python3") ? "/usr/bin/python3" : "python3";
  for (const [name, module, packages] of PYTHON) {
    if (!await succeeds(python, "-c", `import ${module}`)) {
      skip(`${name}: apt-get install ${packages}`);
      continue;
    }
    const serve = [python, here("peers/peers.py"), name];
    found.push({ name, runtime: "python", ...both(serve) });
  }
  return found;
}

function ours(name: string, transport: string): Command {
  return {
    name,
    runtime: "deno",
    serve: [...DENO, here("ours.ts"), transport],
    once: [...DENO, here("cold.ts"), transport],
  };
}

function both(serve: string[]): Pick<Command, "serve" | "once"> {
  return { serve, once: [...serve, "once"] };
}

async function succeeds(command: string, ...args: string[]): Promise<boolean> {
  try {
    const options = { args, stdout: "null", stderr: "null" } as const;
    return (await new Deno.Command(command, options).output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/**
 * Runs a command to its end: how long that takes, in milliseconds.
 *
 * @param env Variables to set.
 */
export async function timeOnce(
  [command, ...args]: string[],
  env: Record<string, string> = {},
): Promise<number> {
  const began = performance.now();
  const options = { args, env, stdout: "null", stderr: "piped" } as const;
  const { code, stderr } = await new Deno.Command(command!, options).output();
  const took = performance.now() - began;
  if (code !== 0) {
    const words = new TextDecoder().decode(stderr).trim().split("\n").at(-1);
    throw new Error(`it exits with status ${code}: ${words}`);
  }
  return took;
}

/** A contender whose workers are warm. */
export class Contender implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #tasks: WritableStreamDefaultWriter<Uint8Array>;
  readonly #answers: AsyncIterator<string>;

  private constructor([command, ...args]: string[]) {
    this.#process = new Deno.Command(command!, {
      args,
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#tasks = this.#process.stdin.getWriter();
    this.#answers = lines(this.#process.stdout);
  }

  /** Starts it, and waits until it can be told what to do. */
  static async start(command: Command): Promise<Contender> {
    const contender = new Contender(command.serve);
    await contender.#answer();
    return contender;
  }

  /**
   * How long a task takes, in milliseconds.
   *
   * @throws {Error} When the contender cannot do it.
   */
  async time(task: Task): Promise<number> {
    await this.#tasks.write(new TextEncoder().encode(`${JSON.stringify(task)}\n`));
    const { ms, error } = await this.#answer();
    if (ms === undefined) throw new Error(error);
    return ms;
  }

  /** Has it end. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tasks.close();
    const late = setTimeout(() => this.#process.kill("SIGKILL"), 10_000);
    await this.#process.status;
    clearTimeout(late);
    await this.#answers.return?.();
  }

  async #answer(): Promise<{ ms?: number; error?: string }> {
    const { value, done } = await this.#answers.next();
    if (done) throw new Error("It has ended");
    return JSON.parse(value);
  }
}
