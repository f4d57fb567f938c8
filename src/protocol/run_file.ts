/**
 * What a worker must know to join a run. It lies in a file that only its owner can read,
 * because whoever has the keys can send and receive as a worker of the run; on the
 * command line and in the environment everybody could see them.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";

/** What a program's command line says. */
export interface Program {
  /** The path of its main module; its address, where it is no file. */
  main: string;
  /** The words behind that, as the program sees them. */
  args: string[];
}

/** The content of the run file. Times are milliseconds. */
export interface RunFile {
  /** Where the host listens, as ZeroMQ endpoints: the first that answers is taken. */
  endpoints: string[];
  /** The kernel that the host runs on, since it was started; `null` if it has no name. */
  boot: string | null;
  /** The host's network there: it tells whose addresses are whose; `null` if it has no name. */
  network: string | null;
  /**
   * Which file it is that the host has locked for as long as it lives, for a copy of it
   * tells nothing: its device and inode; `null` where it cannot be locked.
   */
  locked: { device: number; inode: number } | null;
  /** The CURVE keys, as Z85 text; `null` where the file system keeps others out. */
  curve: { serverKey: string; publicKey: string; secretKey: string } | null;
  /** The path of libzmq. */
  libzmq: string;
  /** The flags of `deno run` for a worker, for when it starts anew. */
  flags: string[];
  /** What the function's thread may do; see `Deno.PermissionOptions`. */
  permissions: Deno.PermissionOptions;
  /** How many bytes a worker may hold; `null` for any number. */
  memory: number | null;
  /** The program that maps, as its functions are to see it. */
  program: Program;
  /** How often a worker gives a sign of life. */
  heartbeatInterval: number;
  /** How long a worker may take to load what a function imports. */
  loadTimeout: number;
  /** How long a worker tries to reach a host that does not answer. */
  connectTimeout: number;
  /** How long a worker waits for a host that it has lost. */
  reconnectGrace: number;
}

/**
 * The content of a run file.
 *
 * @param text What stands in it.
 * @throws {ProtocolError} When that is no run file of this version.
 */
export function parseRunFile(text: string): RunFile {
  let parsed: Partial<RunFile> | null;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new ProtocolError("The run file is not JSON", { cause });
  }
  if (
    !Array.isArray(parsed?.endpoints) || typeof parsed.libzmq !== "string" ||
    !Array.isArray(parsed.flags)
  ) {
    throw new ProtocolError(
      "The run file lacks endpoints, libzmq or flags: run the same version of the library on " +
        "the host and on the workers",
    );
  }
  return parsed as RunFile;
}
