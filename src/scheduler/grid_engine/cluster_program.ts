/**
 * The output of Grid Engine's own programs. Loaded when one is needed.
 *
 * @module
 */

/** How long a program of the cluster may take to answer, in milliseconds. */
const ANSWER_LIMIT = 5000;

/** What a program of the cluster prints; an empty string if it fails or does not exist. */
export async function saidBy(program: string, ...args: string[]): Promise<string> {
  try {
    const { stdout } = await new Deno.Command(program, {
      args,
      stdin: "null",
      stderr: "null",
      signal: AbortSignal.timeout(ANSWER_LIMIT),
    }).output();
    return new TextDecoder().decode(stdout);
  } catch {
    return "";
  }
}
