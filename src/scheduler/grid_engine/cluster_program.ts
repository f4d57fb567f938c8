/**
 * What Grid Engine's own programs say. Loaded when something has to be asked.
 *
 * @module
 */

/** How long a program of the cluster may take to answer, in milliseconds. */
const ANSWER_LIMIT = 5000;

/** What a program of the cluster prints; nothing where it cannot be asked. */
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
