/**
 * Where libdrmaa is, and how it is opened.
 *
 * @module
 */

import { DrmaaError } from "../errors.ts";
import { type Libdrmaa, SYMBOLS } from "./symbols.ts";

/** The library's file names, as the loader searches for them. */
const NAMES = Deno.build.os === "darwin"
  ? ["libdrmaa.1.0.dylib", "libdrmaa.dylib"]
  : ["libdrmaa.so.1.0", "libdrmaa.so.1", "libdrmaa.so"];

/** Where packages and administrators install it. */
const FOLDERS = [
  "/usr/lib/gridengine-drmaa/lib",
  "/usr/lib/slurm-drmaa",
  "/usr/lib/slurm-drmaa/lib",
  "/usr/lib/pbs-drmaa/lib",
  "/usr/local/lib",
  "/opt/sge/lib",
];

/** Grid Engine's names for this kind of machine (`$SGE_ROOT/util/arch`), newest first. */
const ARCHITECTURES: Record<string, string[]> = {
  "linux x86_64": ["lx-amd64", "lx26-amd64", "lx24-amd64", "linux-x64"],
  "linux aarch64": ["lx-arm64", "lx-aarch64", "ulx-arm64"],
  "darwin x86_64": ["darwin-x64", "darwin-x86"],
  "darwin aarch64": ["darwin-arm64"],
};

/** What must be set before the start of a program that opens Debian's libdrmaa. */
const TUNABLES = "GLIBC_TUNABLES=glibc.rtld.optional_static_tls=4096";

/**
 * `RTLD_NOW | RTLD_NODELETE` of dlfcn.h. Deno unloads its libraries when the program
 * ends, but threads and exit handlers of Grid Engine's library still run its code then:
 * every fourth program that had opened a session crashed.
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
 * The paths to try, in order. If a path is named, or `DRMAA_LIBRARY_PATH` is set, that is
 * the only one. Otherwise they are `$SGE_ROOT/lib/<arch>`, what the loader finds, and the
 * folders where packages install it.
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
 * Opens the first libdrmaa that can be opened. Each library is opened once and stays open
 * until the process ends.
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
            `storage than a running program has left: set ${TUNABLES} in the ` +
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

/** Whether this machine seems to have a DRMAA library. It opens nothing. */
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
