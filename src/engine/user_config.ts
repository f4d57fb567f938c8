/**
 * The user's own configuration, which the workers are given too, so that what the function
 * imports by a name of an import map or of a `package.json` means the same there.
 *
 * @module
 */

import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { SchedulerError } from "../errors.ts";

/** Flags of Deno that name a file by which it resolves names. */
const FILE_FLAGS = ["--config", "--import-map"];
/** Other flags by which it resolves names; some have no value. */
const OTHER_FLAGS = ["--no-config", "--node-modules-dir", "--conditions", "--vendor"];
/** How others begin, some of which let it resolve more. */
const UNSTABLE = "--unstable-";

/**
 * The flags for `deno run` by which a worker resolves names as this program does: those
 * that the program was started with, where that can be found out; and the configuration
 * that Deno finds by itself, beside the main module or above.
 *
 * @throws {Deno.errors.NotCapable} When the program may not look for it.
 * @throws {SchedulerError} When a file that the command line names is not there.
 */
export async function configFlags(): Promise<string[]> {
  const given = await flagsOf(givenWords());
  if (given.some((flag) => /^--(no-)?config/.test(flag))) return given;
  const found = await findConfig();
  // Without a `deno.json` all of it is looked for beside the worker's module, which is
  // ours; but packages that are installed are looked for beside the module that imports.
  if (found === undefined) return ["--no-config", ...given];
  if (!found.endsWith("package.json")) return [`--config=${found}`, ...given];
  const mode = "--node-modules-dir";
  const others = given.filter((flag) => !flag.startsWith(mode));
  return ["--no-config", `${mode}=manual`, ...others];
}

/** The configuration file that Deno finds for this program. */
async function findConfig(): Promise<string | undefined> {
  // In a worker's thread, where a function may map in its turn, no module is the main one.
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

/** The words of this program's command line before its arguments, where they are told. */
function givenWords(): string[] {
  if (Deno.build.os !== "linux") return [];
  let words: string[];
  try {
    words = Deno.readTextFileSync("/proc/self/cmdline").split("\0").slice(0, -1);
  } catch {
    // Only a program that may do everything is told.
    return [];
  }
  const { args } = Deno;
  const end = words.length - args.length;
  // In a worker's thread they are those of another program.
  return args.every((arg, i) => arg === words[end + i]) ? words.slice(0, end) : words;
}

/** Those flags of a command line by which Deno resolves names, with whole paths. */
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

/** What a flag names, from wherever it is looked for: a URL, or the path of a file. */
async function placeOf(flag: string, value: string): Promise<string> {
  if (/^[a-z][a-z0-9+.-]+:/i.test(value)) return value;
  const path = resolve(value);
  if (await isFile(path)) return path;
  throw new SchedulerError(
    `Workers cannot be given the file of ${flag} "${value}", for there is no "${path}": ` +
      `give its whole path, or change the working directory after the first call`,
  );
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
