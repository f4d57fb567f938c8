/**
 * The program of a worker process.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { printError } from "../printing.ts";
import { EXIT_STATUS } from "../protocol/exit_status.ts";
import { parseRunFile, type RunFile } from "../protocol/run_file.ts";
import { openLibzmq, replaceProcess } from "../zeromq/libzmq.ts";
import {
  admitSignals,
  delaySignals,
  isShut,
  OF_TERMINALS,
  shutDebugger,
} from "../zeromq/signals.ts";
import { Client } from "./client.ts";
import { reachHost } from "./reach.ts";
import { watchMemory } from "./memory.ts";

/**
 * How long the host's end may take to be seen after a SIGTERM, in milliseconds: a host that
 * is about to end may be found there once, and is looked for again after a second.
 */
const TERMINATION_GRACE = 1600;

/**
 * Joins a run, works for it and ends the process.
 *
 * @param runFile The path of the run file.
 * @param worker The identity that the host gave to this worker.
 */
export async function main(runFile: string, worker: string): Promise<never> {
  // Ctrl-C and Ctrl-\ go to the whole process group. It is the host that they are meant
  // for: when that ends, the worker sees it and cleans up.
  for (const signal of OF_TERMINALS) Deno.addSignalListener(signal, () => {});
  // As does SIGTERM, such as that of timeout(1). If the host ends by it, too, there is
  // something to clean up.
  const terminate = () => {
    setTimeout(() => {
      Deno.removeSignalListener("SIGTERM", terminate);
      Deno.kill(Deno.pid, "SIGTERM");
    }, TERMINATION_GRACE);
  };
  Deno.addSignalListener("SIGTERM", terminate);
  wakeOnTime();
  const run = await readRunFile(runFile);
  const zmq = openLibzmq(run.libzmq);
  const begin = () => {
    const args = ["run", ...run.flags, Deno.mainModule, runFile, worker];
    delaySignals(zmq);
    return replaceProcess(zmq, Deno.execPath(), args);
  };
  // Whoever started it could not see to that: it sees to it itself.
  if (!isShut(shutDebugger(zmq))) begin();
  admitSignals(zmq);
  const endpoint = await reachHost(run.endpoints, run.connectTimeout);
  const client = new Client(run, endpoint, worker);
  if (typeof run.memory === "number") watchMemory(run.memory, worker);
  const outcome = await client.work();
  if (outcome === "host gone") {
    await removeRun(runFile);
    printError(`Worker ${worker} found that nobody listens at ${endpoint}`);
  } else if (outcome === "restart") {
    begin();
  } else if (outcome === "refused") {
    printError(`Worker ${worker} was refused: ${client.refusal}`);
  } else if (outcome === "host lost") {
    printError(`Worker ${worker} has lost the host at ${endpoint}`);
  } else if (outcome === "host not reached") {
    printError(
      `Worker ${worker} could not reach the host at ${
        run.endpoints.join(", ")
      } within ` +
        `${run.connectTimeout} ms`,
    );
  }
  Deno.exit(EXIT_STATUS[outcome]);
}

/**
 * Linux may wake a thread that sleeps 50 µs late, so as to wake several at once. What a
 * worker runs sleeps only for a reason; its threads inherit this.
 */
function wakeOnTime(): void {
  try {
    Deno.writeTextFileSync("/proc/self/timerslack_ns", "1", { create: false });
  } catch {
    // There is no such thing here: nothing is lost.
  }
}

async function readRunFile(path: string): Promise<RunFile> {
  try {
    return parseRunFile(await Deno.readTextFile(path));
  } catch (error) {
    printError(`Cannot read the run file "${path}": ${(error as Error).message}`);
    Deno.exit(EXIT_STATUS["no run file"]);
  }
}

/**
 * Removes what a host that was killed has left: nobody else can. Other workers may be
 * doing it, too.
 */
async function removeRun(runFile: string): Promise<void> {
  const directory = dirname(runFile);
  for (const path of [join(directory, "host"), runFile, directory]) {
    await Deno.remove(path).catch(() => {});
  }
}
