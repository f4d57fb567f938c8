/**
 * The user's own `deno.json`, which the workers are given too, so that what the function
 * imports by a name of the import map means the same there.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * The flag for `deno run` that names the user's configuration: that of the main module,
 * found as Deno finds it; where there is none, that of the working directory.
 *
 * @throws {Deno.errors.NotCapable} When the program may not look for it.
 */
export async function configFlag(): Promise<string> {
  // In a worker's thread, where a function may map in its turn, no module is the main one.
  const main: string | undefined = Deno.mainModule;
  if (main === undefined || main.startsWith("file:")) {
    const start = main === undefined ? Deno.cwd() : dirname(fileURLToPath(main));
    for (const directory of upwards(start)) {
      for (const name of ["deno.json", "deno.jsonc"]) {
        const path = join(directory, name);
        if (await isFile(path)) return `--config=${path}`;
      }
    }
  }
  return "--no-config";
}

/** A directory, the one that it is in, and so on. */
function* upwards(directory: string): Iterable<string> {
  for (let last = ""; directory !== last; directory = dirname(directory)) {
    yield directory;
    last = directory;
  }
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    // Without it the workers would not know the names of the import map.
    if (error instanceof Deno.errors.NotCapable) throw error;
    return false;
  }
}
