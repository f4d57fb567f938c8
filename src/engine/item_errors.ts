/**
 * The error of an item, with all that its run knows of the item.
 *
 * @module
 */

import type { Failure } from "../core/events.ts";
import type { Crew } from "./crew.ts";
import type { ReportedFailure } from "./dispatching.ts";
import type { EngineRun } from "./engine_run.ts";
import {
  cancelledError,
  lostError,
  overlongError,
  reportedError,
  timeoutError,
  type Where,
  withIndex,
  withNote,
  withOutput,
} from "./failures.ts";

/** An item, and where it ran. */
export function whereOf(
  crew: Crew | undefined,
  run: EngineRun,
  index: number,
  worker?: string,
): Where {
  const info = crew?.conversations.info(worker);
  const { name, settings } = run.request;
  return {
    name,
    index: settings.exclusive ? undefined : index,
    ...(info && { worker: info }),
  };
}

/**
 * The error that the user gets for an item.
 *
 * @param crew The workers.
 * @param run The run of the item.
 * @param index Its index.
 * @param where Where it ran.
 * @param failure How it failed.
 * @param reported What its worker said, if it was that which said so.
 */
export function errorOfItem(
  crew: Crew,
  run: EngineRun,
  index: number,
  where: Where,
  failure: Failure,
  reported: ReportedFailure | undefined,
): unknown {
  const error = withIndex(errorOf(crew, run, where, failure, reported), where.index);
  return withOutput(error, run.request.output.last(index));
}

function errorOf(
  crew: Crew,
  run: EngineRun,
  where: Where,
  failure: Failure,
  reported: ReportedFailure | undefined,
): unknown {
  const { settings: { timeout }, note } = run.request;
  switch (failure.kind) {
    case "reported": {
      const { reason, exitStatus, value } = reported!;
      const prototypeOf = (number: number) => run.prototypeOf(number);
      const error = reportedError(
        reason,
        exitStatus,
        value,
        where,
        timeout,
        prototypeOf,
      );
      return reason === "threw" ? withNote(error, note) : error;
    }
    case "timeout":
      return timeoutError(where, timeout);
    case "cancelled":
      return cancelledError(where);
    case "lost":
      return lostError(failure.losses.map((loss) => crew.known(loss)), where);
    case "overlong":
      return overlongError(crew.known(failure.loss), where);
    default:
      return failure satisfies never;
  }
}
