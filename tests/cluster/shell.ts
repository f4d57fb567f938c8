/**
 * Running other programs, and waiting for what they bring about.
 *
 * @module
 */

/** Runs a program to its end and gives what it printed; throws when it fails. */
export async function sh(program: string, ...args: string[]): Promise<string> {
  return await textOf(new Deno.Command(program, { args, stdin: "null" }), [
    program,
    ...args,
  ]);
}

/** What a command prints; throws with all that it said when it fails. */
export async function textOf(command: Deno.Command, words: string[]): Promise<string> {
  const { code, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  const out = decoder.decode(stdout);
  if (code !== 0) {
    const said = `${out}\n${decoder.decode(stderr)}`.trim();
    throw new Error(`${words.join(" ")}\nended with status ${code}: ${said}`);
  }
  return out;
}

/** Whether a program ends with status 0. */
export async function succeeds(program: string, ...args: string[]): Promise<boolean> {
  const command = new Deno.Command(program, {
    args,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  });
  return (await command.output()).success;
}

/**
 * Waits until something holds; throws when it takes too long. What throws does not hold
 * yet: the last such error is the cause of the one that is thrown in the end.
 */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  seconds = 30,
): Promise<void> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    let cause: unknown;
    try {
      if (await holds()) return;
    } catch (error) {
      cause = error;
    }
    if (Date.now() > end) {
      throw new Error(`After ${seconds} s it is still not true that ${what}`, {
        cause,
      });
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Whether a file, directory or link is there. */
export async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Removes a file or a directory with all that it holds, if it is there. */
export async function remove(path: string): Promise<void> {
  if (await exists(path)) await Deno.remove(path, { recursive: true });
}
