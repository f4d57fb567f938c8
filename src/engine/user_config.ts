/**
 * The user's configuration, which workers are given, too. So a name in an import map or a
 * `package.json` means the same there when a function imports it.
 *
 * @module
 */

import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { SchedulerError } from "../errors.ts";

/** Flags of Deno that name a file with rules for resolving names. */
const FILE_FLAGS = ["--config", "--import-map"];
/** Other flags that change how names are resolved; some have no value. */
const OTHER_FLAGS = ["--no-config", "--node-modules-dir", "--conditions", "--vendor"];
/** How other flags begin, some of which allow more names. */
const UNSTABLE = "--unstable-";

/**
 * The flags for `deno run` with which a worker resolves names as this program does. These
 * are the flags that the program was started with, if they can be found out; and the
 * configuration that Deno finds by itself, in the main module's folder or above.
 *
 * @throws {Deno.errors.NotCapable} When the program may not look for it.
 * @throws {SchedulerError} When a file that the command line names is not there.
 */
export async function configFlags(): Promise<string[]> {
  const given = await flagsOf(givenWords());
  if (given.some((flag) => /^--(no-)?config/.test(flag))) return given;
  const found = await findConfig();
  // Without a `deno.json`, Deno would look for one beside the worker's module, which is
  // ours. It looks for installed packages beside the module that imports them.
  if (found === undefined) return ["--no-config", ...given];
  if (!found.endsWith("package.json")) return [`--config=${found}`, ...given];
  const mode = "--node-modules-dir";
  const others = given.filter((flag) => !flag.startsWith(mode));
  return ["--no-config", `${mode}=manual`, ...others];
}

/** The configuration file that Deno finds for this program. */
async function findConfig(): Promise<string | undefined> {
  // A worker's thread, in which a function may call map, has no main module.
  const main: string | undefined = Deno.mainModule;
  if (main !== undefined && !main.startsWith("file:")) return undefined;
  const start = main === undefined ? Deno.cwd() : dirname(fileURLToPath(main));
  for (const directory of upwards(start)) {
    for (const name of ["deno.json", "deno.jsonc", "package.json"]) {
      const path = join(directory, name);
      if (await isFile(path)) return path;
    }
  }
  return undefined;
}

/** The words of this program's command line before its arguments, if they can be read. */
function givenWords(): string[] {
  if (Deno.build.os !== "linux") return [];
  let words: string[];
  try {
    words = Deno.readTextFileSync("/proc/self/cmdline").split("\0").slice(0, -1);
  } catch {
    // Only a program with all permissions can read it.
    return [];
  }
  const { args } = Deno;
  const end = words.length - args.length;
  // In a worker's thread, the arguments are those of another program.
  return args.every((arg, i) => arg === words[end + i]) ? words.slice(0, end) : words;
}

/** The flags of a command line that change how names are resolved, with whole paths. */
async function flagsOf(words: string[]): Promise<string[]> {
  const flags: string[] = [];
  for (const [i, word] of words.entries()) {
    const [, written = word, value] = /^([^=]+)=(.*)$/s.exec(word) ?? [];
    const name = written === "-c" ? "--config" : written;
    if (FILE_FLAGS.includes(name)) {
      flags.push(`${name}=${await placeOf(name, value ?? words[i + 1] ?? "")}`);
    } else if (
      OTHER_FLAGS.includes(name) ||
      name.startsWith(UNSTABLE) && name !== "--unstable-worker-options"
    ) {
      flags.push(word);
    }
  }
  return flags;
}

/** What a flag names: a URL, or the absolute path of a file. */
async function placeOf(flag: string, value: string): Promise<string> {
  if (/^[a-z][a-z0-9+.-]+:/i.test(value)) return value;
  const path = resolve(value);
  if (await isFile(path)) return path;
  throw new SchedulerError(
    `Workers cannot be given the file of ${flag} "${value}", because there is no ` +
      `"${path}": give its whole path, or change the working directory after the first call`,
  );
}

/** A directory, its parent, and so on. */
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
    // Without this file, workers would not know the names of the import map.
    if (error instanceof Deno.errors.NotCapable) throw error;
    return false;
  }
}
