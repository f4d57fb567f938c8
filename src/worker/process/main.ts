/**
 * The program of a worker process.
 *
 * @module
 */

import { nodeModule } from "../../common/node.ts";
import { printError } from "../../common/printing.ts";
import { EXIT_STATUS } from "../../protocol/exit_status.ts";
import { type Libzmq, openLibzmq, replaceProcess } from "../../zeromq/libzmq.ts";
import { thisMachine } from "../../zeromq/machine.ts";
import {
  admitSignals,
  delaySignals,
  endingSession,
  isShut,
  OF_TERMINALS,
  SHELL,
  shutDebugger,
  startedIn,
} from "../../zeromq/signals.ts";
import { within } from "../../common/within.ts";
import { Client } from "./client.ts";
import { endOfHost } from "./host_life.ts";
import { endpointsFrom, reachHost } from "./reach.ts";
import { findRunFile } from "./found_run_file.ts";

/** After a SIGTERM to host and worker: how long the host may take to end, in ms. */
const TERMINATION_GRACE = 1600;

/** How long it may take to remove the run's directory, in milliseconds. */
const REMOVAL = 5000;

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
  const { run, file } = await findRunFile(runFile).catch((error) => {
    printError(`Worker ${worker} ${(error as Error).message}`);
    Deno.exit(EXIT_STATUS["no run file"]);
  });
  const zmq = openLibzmq(run.libzmq);
  const begin = () => {
    const args = ["run", ...run.flags, Deno.mainModule, runFile, worker];
    delaySignals(zmq);
    return become(zmq, [Deno.execPath(), ...args]);
  };
  const leave = (status: number) => {
    if (startedIn(zmq) !== undefined) become(zmq, [SHELL, "-c", `exit ${status}`]);
    return Deno.exit(status);
  };
  // Whoever started it could not see to that: it sees to it itself.
  if (!isShut(shutDebugger(zmq))) begin();
  admitSignals(zmq);
  const here = thisMachine(zmq);
  const end = endOfHost(run, file, here);
  // What functions start is known by the session. Who sees the host's end by itself needs
  // no terminal, and no process group, to tell; elsewhere the cluster made the session.
  if (end) zmq.setsid();
  void end?.then(async () => {
    await within(REMOVAL, removeRun(runFile), undefined);
    printError(`Worker ${worker} found that its host has ended`);
    leave(EXIT_STATUS["host gone"]);
  });
  const endpoints = endpointsFrom(run, here);
  const endpoint = await reachHost(endpoints, run.connectTimeout);
  if (endpoint === undefined) {
    printError(
      `Worker ${worker} could not reach the host at ${
        run.endpoints.join(", ")
      }: it listens ` +
        `at addresses of its own machine only, and this is ${Deno.hostname()}; name an ` +
        `interface that is reached from here`,
    );
    Deno.exit(EXIT_STATUS["host not reached"]);
  }
  const client = new Client(run, endpoint, worker, end !== undefined);
  if (typeof run.memory === "number") {
    const { watchMemory } = await import("./memory.ts");
    watchMemory(run.memory, worker, leave);
  }
  const { outcome, why } = await client.work();
  if (outcome === "restart") {
    begin();
  } else if (outcome === "no thread") {
    printError(`The thread for jobs cannot start: ${why}`);
  } else if (outcome === "refused") {
    printError(`Worker ${worker} was refused: ${why}`);
  } else if (outcome === "host lost") {
    printError(`Worker ${worker} has lost the host at ${endpoint}`);
  } else if (outcome === "host not reached") {
    printError(
      `Worker ${worker} could not reach the host at ${endpoints.join(", ")} within ` +
        `${run.connectTimeout} ms`,
    );
  }
  return leave(EXIT_STATUS[outcome]);
}

/**
 * Runs a program in place of this one. What functions have started ends first; their
 * thread, which could go on starting more, is gone by then.
 */
function become(zmq: Libzmq, command: string[]): never {
  const session = startedIn(zmq);
  const words = session === undefined
    ? command
    : [SHELL, ...endingSession(session, command)];
  return replaceProcess(zmq, words[0]!, words.slice(1));
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

/**
 * Removes what a host that has ended has left: nobody else can. Other workers may be doing
 * it, too.
 */
async function removeRun(runFile: string): Promise<void> {
  const { dirname, join } = nodeModule("node:path");
  const directory = dirname(runFile);
  for (const path of [join(directory, "host"), runFile, directory]) {
    await Deno.remove(path).catch(() => {});
  }
}
