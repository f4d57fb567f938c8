/**
 * Runs the programs that the doctor asks.
 *
 * @module
 */

/** How long a program may take to answer, in milliseconds. */
const PATIENCE = 10_000;

/** How long to wait for a program's output after its end, in milliseconds. */
const LAST_WORDS = 500;

/** The output of a program. */
export interface Said {
  /** What it wrote to standard output. */
  out: string;
  /** What it wrote to standard error, or a message that it took too long. */
  error: string;
  /** How it failed, such as "was ended by SIGSEGV"; `undefined` if it succeeded. */
  end: string | undefined;
}

/**
 * Runs a program until it ends, or until its time is over.
 *
 * @returns Its output; `undefined` if the program does not exist.
 */
export async function ask(
  program: string,
  args: string[],
  options: { env?: Record<string, string>; signal?: AbortSignal } = {},
): Promise<Said | undefined> {
  const { env = {}, signal = AbortSignal.timeout(PATIENCE) } = options;
  const pipes = { stdin: "null", stdout: "piped", stderr: "piped" } as const;
  let process: Deno.ChildProcess;
  try {
    process = new Deno.Command(program, { args, env, ...pipes }).spawn();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  const out = new Hearing(process.stdout);
  const error = new Hearing(process.stderr);
  const status = await endOf(process, signal);
  if (status === undefined) {
    // A stopped program ends only by SIGKILL; one that is stuck may not even end then.
    process.kill("SIGKILL");
    process.unref();
  }
  await Promise.all([out.end(), error.end()]);
  if (status === undefined) {
    return { out: out.text, error: "it took too long", end: "took too long" };
  }
  const end = status.signal
    ? `was ended by ${status.signal}`
    : status.code === 0
    ? undefined
    : `ended with status ${status.code}`;
  return { out: out.text, error: error.text, end };
}

/** How a program ended; `undefined` if it did not end in time. */
async function endOf(
  process: Deno.ChildProcess,
  signal: AbortSignal,
): Promise<Deno.CommandStatus | undefined> {
  const late = Promise.withResolvers<undefined>();
  const listener = () => late.resolve(undefined);
  signal.addEventListener("abort", listener);
  if (signal.aborted) listener();
  try {
    return await Promise.race([process.status, late.promise]);
  } finally {
    signal.removeEventListener("abort", listener);
  }
}

/** Reads a pipe, which other processes than the program may hold open. */
class Hearing {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #ended: Promise<void>;
  readonly #decoder = new TextDecoder();
  /** The text that was read so far. */
  text = "";

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
    this.#ended = this.#read();
  }

  async #read(): Promise<void> {
    for (;;) {
      const { value, done } = await this.#reader.read();
      if (done) return;
      this.text += this.#decoder.decode(value, { stream: true });
    }
  }

  /** Resolves when everything was read, or after a short time. */
  async end(): Promise<void> {
    const timer = setTimeout(() => void this.#reader.cancel(), LAST_WORDS);
    await this.#ended;
    clearTimeout(timer);
  }
}
