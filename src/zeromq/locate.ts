/**
 * Where libzmq is. Only the host looks: workers are told the path.
 *
 * @module
 */

import { ZeromqError } from "../errors.ts";
import { openLibzmq } from "./libzmq.ts";

/** What an addon of the npm package was built for. */
interface Build {
  os: string;
  arch: string;
  libc: string;
  /** Which Node.js it was built for: older ones may need a newer C library. */
  abi: number;
}

/** Node.js names of architectures, by Deno's names. */
const ARCHITECTURES = { x86_64: "x64", aarch64: "arm64" };

/**
 * The path of libzmq: the user's path, or otherwise the Node.js addon of the npm package
 * `zeromq`, which contains all of libzmq and exports its C functions. The package lists its
 * addons; the first addon for this machine that can be opened is used. If there is none,
 * the package's own loader is used.
 *
 * The package's JavaScript API is not used, because it hangs under Deno
 * (https://github.com/denoland/deno/issues/36317). Even without that fault it would need
 * one turn of the event loop per message.
 *
 * @param named A path that the user gave. It is not checked.
 * @throws {ZeromqError} `ENOENT`, with every place that was tried; `EACCES`, with the
 * permission that is missing.
 */
export async function locateLibzmq(named?: string): Promise<string> {
  if (named) return named;
  const found = await findAddon();
  if (found !== undefined) return found;
  let reason: unknown;
  try {
    await import("npm:zeromq@6.8.0");
  } catch (error) {
    reason = error;
  }
  const { createRequire } = await import("node:module");
  const loaded = Object.keys(createRequire("file:///").cache);
  const addon = loaded.find((path) => /[\\/]zeromq[\\/].*\.node$/.test(path));
  if (addon) return addon;
  const flag = /--allow-\w+/.exec(`${reason}`)?.[0];
  if (flag) {
    throw new ZeromqError(
      "EACCES",
      `Loading libzmq needs the permission ${flag}: run the program with --allow-all`,
      { cause: reason },
    );
  }
  const why = reason instanceof Error ? `: ${reason.message}` : "";
  throw new ZeromqError(
    "ENOENT",
    `libzmq was not found for ${Deno.build.os} ${Deno.build.arch}; tried the setting ` +
      `libzmq and GRIDENGINE_LIBZMQ (not set) and the addon of the npm package zeromq` +
      `${why}; set GRIDENGINE_LIBZMQ to the path of a libzmq 4.3 shared library`,
    { cause: reason },
  );
}

/**
 * Finds the addon without loading the package. Loading takes 40 ms, because a CommonJS
 * module needs much of Node.js.
 */
async function findAddon(): Promise<string | undefined> {
  try {
    const { default: manifest } = await import(
      "npm:zeromq@6.8.0/build/manifest.json",
      { with: { type: "json" } }
    );
    const folder = import.meta.resolve("npm:zeromq@6.8.0/build/manifest.json");
    const { os, arch, target } = Deno.build;
    const libc = os !== "linux" ? "libc" : target.endsWith("musl") ? "musl" : "glibc";
    const paths = Object.entries(manifest as Record<string, string>)
      .map(([build, path]) => ({ ...JSON.parse(build) as Build, path }))
      .filter((build) =>
        build.os === os && build.arch === ARCHITECTURES[arch] && build.libc === libc
      )
      .sort((a, b) => b.abi - a.abi)
      .map(({ path }) => decodeURIComponent(new URL(path, folder).pathname));
    return paths.find(canBeOpened);
  } catch {
    // The package's own loader will report why.
    return undefined;
  }
}

function canBeOpened(path: string): boolean {
  try {
    openLibzmq(path);
    return true;
  } catch {
    return false;
  }
}
