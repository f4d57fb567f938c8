/**
 * The doctor's program: all checks, one after the other.
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
/** A shell's exit status for a program that Ctrl-C has ended. */
const INTERRUPTED = 130;
/** The signals that end a program. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const;

/**
 * Runs the checks, and prints what they find.
 *
 * @param args The arguments of the command line.
 * @returns The exit status: 0 if maps run, 1 if a check failed, 2 if the command line is
 * not valid, 130 if a signal has ended the doctor.
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
    // After a signal, checks fail because they are interrupted.
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
    yield skipped("probe job", "no queue would accept it");
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
      "Check the options of the doctor, and the GRIDENGINE_… variables",
    );
    return;
  }
  if (!signal.aborted) yield* verdict(outcome, options, signal);
}

/** Passes findings on, and returns whether all were ok. */
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

/** Aborts its signal on the signals that end programs, so that the doctor can clean up. */
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

/** Whether an environment variable is set and may be read. */
function isSet(variable: string): boolean {
  const { state } = Deno.permissions.querySync({ name: "env", variable });
  return state === "granted" && Boolean(Deno.env.get(variable));
}
