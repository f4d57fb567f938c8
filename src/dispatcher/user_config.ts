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
 * found as Deno finds it.
 */
export async function configFlag(): Promise<string> {
  const main = Deno.mainModule;
  if (main.startsWith("file:")) {
    for (const directory of upwards(dirname(fileURLToPath(main)))) {
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
  } catch {
    return false;
  }
}
