/**
 * All checks, one after the other, as a program.
 *
 * @module
 */

import { printError, printOut } from "../common/printing.ts";
import { examineCluster } from "./cluster.ts";
import { failure, type Finding, lines, skipped } from "./finding.ts";
import { examineMachine } from "./machine.ts";
import { type DoctorOptions, parseOptions, USAGE, UsageError } from "./options.ts";
import { type Outcome, probe } from "./probe.ts";
import { queuesFinding } from "./queues.ts";
import { verdict } from "./verdict.ts";

/** Exit statuses. */
const WELL = 0, FAILED = 1, WRONG_USAGE = 2;
/** What a shell says of a program that Ctrl-C ended. */
const INTERRUPTED = 130;
/** What ends a program. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const;

/**
 * Examines, and prints what is found.
 *
 * @param args The words of the command line.
 * @returns The exit status: 0 when maps run, 1 when a check failed, 2 when the command
 * line makes no sense, 130 when a signal has ended it.
 */
export async function main(args: string[]): Promise<number> {
  let options: DoctorOptions;
  try {
    options = parseOptions(args, isSet);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    printError(`${error.message}\n\n${USAGE}`);
    return WRONG_USAGE;
  }
  using interrupted = interruption();
  const { signal } = interrupted;
  let status = WELL;
  for await (const finding of examine(options, signal)) {
    // What is found from then on is of our own making.
    if (signal.aborted) return INTERRUPTED;
    printOut(lines(finding));
    if (finding.status === "failure") status = FAILED;
  }
  return signal.aborted ? INTERRUPTED : status;
}

async function* examine(
  options: DoctorOptions,
  signal: AbortSignal,
): AsyncGenerator<Finding> {
  if (!(yield* isPassed(examineMachine(signal)))) return;
  if (options.local) return;
  if (!(yield* isPassed(examineCluster(options, signal)))) return;
  const queues = await queuesFinding(options.queue);
  yield queues;
  if (queues.status === "failure") {
    yield skipped("probe job", "no queue would take it");
    return;
  }
  let outcome: Outcome;
  try {
    outcome = await probe(options, signal);
  } catch (error) {
    const { message } = error as Error;
    yield failure(
      "probe job",
      message,
      "See the options here, and the GRIDENGINE_… variables",
    );
    return;
  }
  if (!signal.aborted) yield* verdict(outcome, options, signal);
}

/** Passes findings on, and tells whether all were well. */
async function* isPassed(
  findings: AsyncIterable<Finding>,
): AsyncGenerator<Finding, boolean> {
  let passed = true;
  for await (const finding of findings) {
    yield finding;
    if (finding.status !== "ok") passed = false;
  }
  return passed;
}

/** Aborted by the signals that end programs: there is something to clean up. */
function interruption(): Disposable & { signal: AbortSignal } {
  const controller = new AbortController();
  const abort = () => controller.abort();
  for (const signal of SIGNALS) Deno.addSignalListener(signal, abort);
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      for (const signal of SIGNALS) Deno.removeSignalListener(signal, abort);
    },
  };
}

/** Whether an environment variable is set, as far as the program may know. */
function isSet(variable: string): boolean {
  const { state } = Deno.permissions.querySync({ name: "env", variable });
  return state === "granted" && Boolean(Deno.env.get(variable));
}
