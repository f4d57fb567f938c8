/**
 * Where libdrmaa is, and how it is opened.
 *
 * @module
 */

import { DrmaaError } from "../errors.ts";
import { type Libdrmaa, SYMBOLS } from "./symbols.ts";

/** The names that the library goes by, as the loader knows them. */
const NAMES = Deno.build.os === "darwin"
  ? ["libdrmaa.1.0.dylib", "libdrmaa.dylib"]
  : ["libdrmaa.so.1.0", "libdrmaa.so.1", "libdrmaa.so"];

/** Where packages and administrators put it. */
const FOLDERS = [
  "/usr/lib/gridengine-drmaa/lib",
  "/usr/lib/slurm-drmaa",
  "/usr/lib/slurm-drmaa/lib",
  "/usr/lib/pbs-drmaa/lib",
  "/usr/local/lib",
  "/opt/sge/lib",
];

/** What Grid Engine calls this kind of machine (`$SGE_ROOT/util/arch`), newest first. */
const ARCHITECTURES: Record<string, string[]> = {
  "linux x86_64": ["lx-amd64", "lx26-amd64", "lx24-amd64", "linux-x64"],
  "linux aarch64": ["lx-arm64", "lx-aarch64", "ulx-arm64"],
  "darwin x86_64": ["darwin-x64", "darwin-x86"],
  "darwin aarch64": ["darwin-arm64"],
};

/** What has to be set before a program starts that opens Debian's libdrmaa. */
const TUNABLES = "GLIBC_TUNABLES=glibc.rtld.optional_static_tls=4096";

/**
 * `RTLD_NOW | RTLD_NODELETE` of dlfcn.h. Deno unloads its libraries when the program
 * ends, and Grid Engine's has threads then, and functions for the end of others, whose
 * code would be gone: every fourth program that had opened a session crashed.
 */
const KEEP = Deno.build.os === "darwin" ? 0x82 : 0x1002;

const opened = new Map<string, Libdrmaa>();

/** An open library, and where it was found. */
export interface Located {
  /** Its path, or the name that the loader knows it by. */
  path: string;
  /** Its functions. */
  symbols: Libdrmaa;
}

/**
 * The paths to try, in order: the one that is named, else `DRMAA_LIBRARY_PATH`, and
 * nothing but that; else `$SGE_ROOT/lib/<arch>`, what the loader finds, and the folders
 * where packages put it.
 *
 * @param named A path that the user gave.
 * @param variable How to read an environment variable.
 */
export function candidates(
  named?: string,
  variable: (name: string) => string | undefined = (name) => Deno.env.get(name),
): string[] {
  const chosen = named || variable("DRMAA_LIBRARY_PATH");
  if (chosen) return [chosen];
  const root = variable("SGE_ROOT");
  const own = variable("SGE_ARCH");
  const known = ARCHITECTURES[`${Deno.build.os} ${Deno.build.arch}`] ?? [];
  const file = Deno.build.os === "darwin" ? "libdrmaa.dylib" : "libdrmaa.so";
  return [
    ...(root ? [...new Set([...(own ? [own] : []), ...known])] : [])
      .map((arch) => `${root}/lib/${arch}/${file}`),
    ...NAMES,
    ...FOLDERS.flatMap((folder) => NAMES.map((name) => `${folder}/${name}`)),
  ];
}

/**
 * Opens the first libdrmaa that can be opened. A library stays open until the process
 * ends, and is opened once.
 *
 * @param paths What to try; see {@linkcode candidates}.
 * @throws {DrmaaError} `LIBRARY_NOT_OPENED` with every path and why it failed.
 */
export function openFirst(paths: string[]): Located {
  const failures: string[] = [];
  for (const path of paths) {
    try {
      let symbols = opened.get(path);
      if (!symbols) {
        symbols = Deno.dlopen(path, SYMBOLS).symbols;
        symbols.dlopen?.(new TextEncoder().encode(path + "\0"), KEEP);
        opened.set(path, symbols);
      }
      return { path, symbols };
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable) throw error;
      const reason = (error as Error).message.replace(
        /^(Could not open library: )+/,
        "",
      );
      if (reason.includes("static TLS")) {
        throw new DrmaaError(
          -1,
          "LIBRARY_NOT_OPENED",
          `Cannot open libdrmaa at "${path}": ${reason}. It needs more thread-local ` +
            `storage than a running program has to spare: set ${TUNABLES} in the ` +
            `environment before the program starts`,
          { cause: error },
        );
      }
      failures.push(`${path}: ${reason.replace(`${path}: `, "")}`);
    }
  }
  throw new DrmaaError(
    -1,
    "LIBRARY_NOT_OPENED",
    "libdrmaa could not be opened; set DRMAA_LIBRARY_PATH to the path of a DRMAA 1.0 " +
      `library. Tried:\n  ${failures.join("\n  ")}`,
  );
}

/** Whether anything says that this machine has a DRMAA library; nothing is opened. */
export function mayHaveDrmaa(): boolean {
  if (["DRMAA_LIBRARY_PATH", "SGE_ROOT"].some((name) => Deno.env.get(name))) {
    return true;
  }
  return candidates().filter((path) => path.startsWith("/")).some((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  });
}
