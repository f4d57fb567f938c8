/**
 * Where libzmq is. Only the host looks: workers are told the path.
 *
 * @module
 */

import { createRequire } from "node:module";
import { ZeromqError } from "../errors.ts";

/**
 * The path of libzmq: the one that the user names, else the Node.js addon of the npm
 * package `zeromq`, which contains the whole of libzmq and exports its C functions. The
 * package's own loader picks the addon for this machine, so we let it, and read which
 * file it took from the module cache.
 *
 * The package's JavaScript API is not used: under Deno it hangs
 * (https://github.com/denoland/deno/issues/36317). Once that is mended, it still needs
 * one turn of the event loop per message.
 *
 * @param named A path that the user gave; it is taken as it is.
 * @throws {ZeromqError} `ENOENT`, with every place that was tried; `EACCES`, with the
 * permission that is missing.
 */
export async function locateLibzmq(named?: string): Promise<string> {
  if (named) return named;
  let reason: unknown;
  try {
    await import("npm:zeromq@6.8.0");
  } catch (error) {
    reason = error;
  }
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
