/**
 * The outcome of a job: its result or its error, the fields that come back, and its exit
 * code.
 *
 * @module
 */

import { translateStack } from "../closure/capture/stack.ts";
import type { JobOutcome } from "../closure/payload.ts";
import { stackLine, type Where, withOutput } from "../engine/failures.ts";
import {
  GridEngineError,
  JobCancelledError,
  JobTimeoutError,
  WorkerLostError,
} from "../errors.ts";
import { decodeFailure } from "../protocol/failure.ts";
import type { PrototypeOf } from "../protocol/instances.ts";

/** Signal numbers, for exit codes. */
const SIGKILL = 9;
const SIGTERM = 15;

/** What a job returned, or why it failed. */
export type Outcome = { value: unknown } | { error: unknown };

/**
 * Unpacks the outcome of a job whose class overrides `run`, and sets the job's fields.
 *
 * @param job The job.
 * @param value What its worker sent.
 * @param where The job's name, and where it ran.
 * @param lines The last lines that it printed.
 * @param prototypeOf Knows the classes that the worker was sent.
 */
export function unpackOutcome(
  job: object,
  value: unknown,
  where: Where,
  lines: readonly string[],
  prototypeOf: PrototypeOf,
): Outcome {
  if (typeof value !== "object" || value === null) {
    const error =
      `Job "${where.name}" ended, but its worker could not send the outcome`;
    return { error: new GridEngineError(error) };
  }
  const { result, thrown, fields }: JobOutcome = value;
  const { name: _, daemon: __, ...own } = Object(fields);
  let outcome: Outcome = { value: result };
  try {
    Object.assign(job, own);
  } catch (error) {
    // A field is read-only, or its setter has thrown.
    outcome = { error };
  }
  if (thrown === undefined) return outcome;
  const error = decodeFailure(thrown, stackLine(where), translateStack, prototypeOf);
  return { error: withOutput(error, lines) };
}

/**
 * The exit code of a job that gave no result.
 *
 * @param error Why it gave none.
 * @param killed Whether it was ended by `kill()`.
 */
export function exitCodeOf(error: unknown, killed: boolean): number {
  if (error instanceof JobCancelledError) return killed ? -SIGKILL : -SIGTERM;
  if (error instanceof JobTimeoutError) return -SIGKILL;
  if (error instanceof WorkerLostError) {
    // The function itself may have thrown it, with any content.
    const { signalNumber, exitStatus } = Object([error.attempts].flat().at(-1));
    if (Number.isInteger(signalNumber)) return -signalNumber;
    return Number.isInteger(exitStatus) ? exitStatus : -SIGKILL;
  }
  return 1;
}
