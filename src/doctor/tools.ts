/**
 * Programs that the doctor asks.
 *
 * @module
 */

/** How long a program may take to answer, in milliseconds. */
const PATIENCE = 10_000;

/** What a program said. */
export interface Said {
  /** What it wrote to standard output. */
  out: string;
  /** What it wrote to standard error, or that it was ended for taking too long. */
  error: string;
}

/**
 * Runs a program to its end, or for as long as it may take.
 *
 * @returns What it said; nothing when there is no such program.
 */
export async function ask(
  program: string,
  args: string[],
  options: { env?: Record<string, string>; signal?: AbortSignal } = {},
): Promise<Said | undefined> {
  const { env = {}, signal = AbortSignal.timeout(PATIENCE) } = options;
  try {
    const { stdout, stderr } = await new Deno.Command(program, {
      args,
      env,
      signal,
      stdin: "null",
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return {
      out: text(stdout),
      error: signal.aborted ? "it took too long" : text(stderr),
    };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
