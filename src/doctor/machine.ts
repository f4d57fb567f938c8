/**
 * Checks what a map needs on this machine.
 *
 * @module
 */

import { JobDispatcher } from "../dispatcher.ts";
import { ProcessScheduler } from "../scheduler/process.ts";
import { settings } from "../settings.ts";
import { libzmqHas, libzmqVersion, openLibzmq } from "../zeromq/libzmq.ts";
import { locateLibzmq } from "../zeromq/locate.ts";
import { failure, type Finding, ok, skipped } from "./finding.ts";

/** The oldest Deno that the library runs on. */
const OLDEST = [2, 9] as const;
/** The permissions that a program with maps needs. */
const PERMISSIONS = ["read", "write", "env", "run", "ffi", "sys"] as const;
/** The library's main module, whose packages must be in Deno's cache. */
const LIBRARY = new URL("../../mod.ts", import.meta.url).href;
/** What to do if the user's libzmq cannot be used. */
const OTHER_LIBZMQ =
  "Unset GRIDENGINE_LIBZMQ, or set it to the path of a libzmq 4.3 with CURVE";
/** How long a local worker may take for its first call, in milliseconds. */
const PATIENCE = 30_000;

/**
 * Checks Deno, its permissions, libzmq and a local worker.
 *
 * @param signal Ends the checks.
 */
export async function* examineMachine(signal: AbortSignal): AsyncGenerator<Finding> {
  const deno = denoFinding("deno", Deno.version.deno, Deno.execPath());
  yield deno;
  if (deno.status === "failure") {
    yield skipped("other checks", "they need a newer Deno");
    return;
  }
  const missing = PERMISSIONS.filter((name) =>
    Deno.permissions.querySync({ name }).state !== "granted"
  );
  if (missing.length > 0) {
    const flags = missing.map((name) => `--allow-${name}`).join(" ");
    yield failure(
      "permissions",
      `not granted: ${flags}`,
      "Run the doctor, and programs with maps, with --allow-all (-A)",
    );
    yield skipped("other checks", "they need these permissions");
    return;
  }
  yield ok("permissions", "all that a map needs");
  const libzmq = await libzmqFinding();
  yield libzmq;
  if (libzmq.status === "ok") yield await workerFinding(signal);
  else yield skipped("local worker", "it cannot be reached without libzmq");
}

/** Whether the Deno at a path is new enough. */
export function denoFinding(check: string, version: string, path: string): Finding {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const fits = major > OLDEST[0] || major === OLDEST[0] && minor >= OLDEST[1];
  const where = `${version} (${path})`;
  if (fits) return ok(check, where);
  return failure(
    check,
    where,
    `Install Deno ${OLDEST.join(".")} or newer there: deno upgrade`,
  );
}

async function libzmqFinding(): Promise<Finding> {
  try {
    const path = await locateLibzmq(settings.libzmq);
    const zmq = openLibzmq(path);
    const found = `${libzmqVersion(zmq)} (${path})`;
    if (libzmqHas(zmq, "curve")) return ok("libzmq", `with CURVE, ${found}`);
    const without = `without CURVE, which encrypts the traffic with nodes: ${found}`;
    return failure("libzmq", without, OTHER_LIBZMQ);
  } catch (error) {
    return failure(
      "libzmq",
      (error as Error).message,
      settings.libzmq === undefined
        ? `Fetch the library's packages once: deno cache ${LIBRARY}`
        : OTHER_LIBZMQ,
    );
  }
}

/** Checks that a local worker returns the result of a call with a captured variable. */
async function workerFinding(signal: AbortSignal): Promise<Finding> {
  const began = performance.now();
  const patience = AbortSignal.timeout(PATIENCE);
  const factor = 6;
  try {
    await using dispatcher = new JobDispatcher({
      scheduler: () => new ProcessScheduler({ workers: 1 }),
    });
    const results = await dispatcher.map((x: number) => factor * x, [7], {
      signal: AbortSignal.any([signal, patience]),
      retries: 0,
    });
    const took = ((performance.now() - began) / 1000).toFixed(2);
    return ok("local worker", `6 x 7 = ${results[0]}, after ${took} s`);
  } catch (error) {
    return failure(
      "local worker",
      (error as Error).message,
      "Set GRIDENGINE_TEMP_DIRECTORY to a directory in which files and sockets can be created",
    );
  }
}
