/**
 * The run file as a worker finds it.
 *
 * @module
 */

import { nodeModule } from "../../common/node.ts";
import { parseRunFile, type RunFile } from "../../protocol/run_file.ts";

/**
 * How long it may be missing, in milliseconds: the host looks each second whether it is
 * there, and writes it anew when somebody has removed it.
 */
const PATIENCE = 2000;
/** Milliseconds from one look to the next. */
const PAUSE = 100;
/** So many names of a directory are told. */
const MOST_NAMES = 5;

/**
 * Reads a run file.
 *
 * @returns What it says, and the file, open.
 * @throws {Error} When it is not there, or not to be read: says what is there instead.
 */
export async function findRunFile(
  path: string,
): Promise<{ run: RunFile; file: Deno.FsFile }> {
  const end = performance.now() + PATIENCE;
  for (;;) {
    try {
      const file = await Deno.open(path);
      return { run: parseRunFile(await textOf(file)), file };
    } catch (error) {
      const isMissing = error instanceof Deno.errors.NotFound;
      if (!isMissing || performance.now() > end) {
        const what = isMissing ? await seen(path) : (error as Error).message;
        const message =
          `cannot read the run file "${path}" on ${Deno.hostname()}: ${what}`;
        throw new Error(message, { cause: error });
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }
}

async function textOf(file: Deno.FsFile): Promise<string> {
  const { size } = await file.stat();
  const bytes = new Uint8Array(size);
  let length = 0;
  for (let more; (more = await file.read(bytes.subarray(length)));) length += more;
  return new TextDecoder().decode(bytes.subarray(0, length));
}

/** What there is in place of a file that is missing, and why that may be. */
async function seen(path: string): Promise<string> {
  const directory = nodeModule("node:path").dirname(path);
  try {
    const names = await Array.fromAsync(Deno.readDir(directory), ({ name }) => name);
    const listed = names.slice(0, MOST_NAMES).join(", ") || "nothing";
    return `its directory is there and holds ${listed}; somebody has removed the file`;
  } catch (error) {
    return `its directory cannot be read (${
      (error as Error).message
    }); the run is over, or ` +
      `the host and its workers do not see the same files: name a runDirectory that both see`;
  }
}
