/**
 * Programs that the doctor asks.
 *
 * @module
 */

/** How long a program may take to answer, in milliseconds. */
const PATIENCE = 10_000;
/** How long the output of one that was ended is waited for, in milliseconds. */
const AFTERMATH = 1000;
const TOO_LONG = "it took too long";

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
    const running = new Deno.Command(program, { args, env, signal, stdin: "null" })
      .output();
    // A process that it has left behind may hold its output open.
    const said = await Promise.race([running, after(signal)]);
    if (!said) return { out: "", error: TOO_LONG };
    const { stdout, stderr } = said;
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return {
      out: text(stdout),
      error: signal.aborted ? TOO_LONG : text(stderr),
    };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Resolves some time after a signal. */
function after(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    const late = () => {
      Deno.unrefTimer(
        setTimeout(() => resolve(undefined), AFTERMATH) as unknown as number,
      );
    };
    if (signal.aborted) late();
    else signal.addEventListener("abort", late, { once: true });
  });
}
