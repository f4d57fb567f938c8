/**
 * The errors that users get when an item has no result.
 *
 * @module
 */

import { translateStack } from "../closure/capture/stack.ts";
import {
  JobCancelledError,
  JobTimeoutError,
  SerializationError,
  type WorkerLoss,
  WorkerLostError,
} from "../errors.ts";
import { decodeFailure } from "../protocol/failure.ts";
import type { PrototypeOf } from "../protocol/instances.ts";
import { EXIT_WHILE_LOADING, type FailureReason } from "../protocol/messages.ts";
import { shortened } from "../common/shorten.ts";
import { deserialize } from "../protocol/values.ts";

/** An item, and where it ran. */
export interface Where {
  /** What the run is called. */
  name: string;
  /** The item's index; `undefined` for a `Job`. */
  index: number | undefined;
  /** The worker that ran it, if one did. */
  worker?: { id: string; pid: number; host: string };
}

/** The error for an item that a worker reported as failed. */
export function reportedError(
  reason: FailureReason,
  exitStatus: number,
  value: Uint8Array,
  where: Where,
  timeout: number,
  prototypeOf: PrototypeOf,
): unknown {
  switch (reason) {
    case "threw":
      return decodeFailure(value, stackLine(where), translateStack, prototypeOf);
    case "timeout":
      return timeoutError(where, timeout);
    case "cancelled":
      return cancelledError(where);
    case "exited": {
      const { worker } = where;
      const detail = wasLoading(value)
        ? `a module that the function imports exited with status ${exitStatus} while it ` +
          `was loaded`
        : `the function exited with status ${exitStatus}`;
      const loss: WorkerLoss = { cause: "exit", detail, exitStatus };
      if (worker) {
        Object.assign(loss, { worker: worker.id, pid: worker.pid, host: worker.host });
      }
      return lostError([loss], where);
    }
    case "unserializable": {
      const error = decodeFailure(value, stackLine(where), translateStack);
      return unserializableError(where, error);
    }
    default:
      return reason satisfies never;
  }
}

/** The error for an item that has an argument or a result that cannot travel. */
export function unserializableError(where: Where, error: unknown): SerializationError {
  const { message, cause } = error instanceof Error
    ? error
    : new Error("what it sends cannot travel");
  const options = cause === undefined ? {} : { cause };
  return new SerializationError(`${item(where)}: ${message}`, options);
}

/** Whether a module exited while it was loaded. */
function wasLoading(value: Uint8Array): boolean {
  try {
    return deserialize(value) === EXIT_WHILE_LOADING;
  } catch {
    return false;
  }
}

/** The error for an item that ran longer than its timeout. */
export function timeoutError(where: Where, timeout: number): JobTimeoutError {
  return new JobTimeoutError(
    `${item(where)} ran longer than its timeout of ${timeout} ms${place(where)}`,
  );
}

/** The error for an item that was ended before it had a result. */
export function cancelledError(where: Where): JobCancelledError {
  return new JobCancelledError(`${item(where)} was cancelled${place(where)}`);
}

/** The error for an item that has lost its worker and is not tried again. */
export function lostError(
  losses: readonly WorkerLoss[],
  where: Where,
): WorkerLostError {
  const last = losses.at(-1)!;
  const times = losses.length > 1 ? `, ${losses.length} times` : "";
  const host = last.host ? ` on ${last.host}` : "";
  const log = last.log ? `; the worker's last lines were:\n${last.log}` : "";
  return new WorkerLostError(
    `${
      item(where)
    } lost its worker${times}: ${last.detail} (${last.cause})${host}${log}`,
    losses,
  );
}

/** The error for an item that had all the time that a worker has, and did not end. */
export function overlongError(loss: WorkerLoss, where: Where): WorkerLostError {
  const { detail, host } = loss;
  const place = host ? ` on ${host}` : "";
  return new WorkerLostError(
    `${item(where)} needs more than the run time limit: it had all the time of its ` +
      `worker${place}, and ${detail}; ask for a longer one`,
    [loss],
  );
}

/** The error for a run that no worker has come for. */
export function abandonedError(name: string, loss: WorkerLoss): WorkerLostError {
  const log = loss.log ? `; its last lines were:\n${loss.log}` : "";
  const { detail, cause } = loss;
  const host = loss.host ? ` on ${loss.host}` : "";
  return new WorkerLostError(
    `No worker is available for "${shortened(name)}": the last one failed because ` +
      `${detail} (${cause})${host}${log}`,
    [loss],
  );
}

function item({ name, index }: Where): string {
  const short = shortened(name);
  return index === undefined ? `Job "${short}"` : `${short}[${index}]`;
}

function place({ worker }: Where): string {
  return worker ? ` on ${worker.host} (pid ${worker.pid})` : "";
}

/**
 * Adds to an error what its item printed last: as its property `output`, unless it has
 * one, and at the end of its stack.
 */
export function withOutput(error: unknown, lines: readonly string[]): unknown {
  if (!(error instanceof Error) || lines.length === 0) return error;
  const define = (key: string, value: unknown) =>
    Object.defineProperty(error, key, { value, writable: true, configurable: true });
  if (!("output" in error)) define("output", lines);
  const shown = lines.map((line) => `\n    | ${line}`).join("");
  define("stack", `${error.stack}\n    it had printed:${shown}`);
  return error;
}

/** Adds a line to the end of the stack of an error. */
export function withNote(error: unknown, note: string | undefined): unknown {
  if (!(error instanceof Error) || note === undefined) return error;
  return Object.defineProperty(error, "stack", {
    value: `${error.stack}\n    ${note}`,
    writable: true,
    configurable: true,
  });
}

/** Adds the item's index to an error, as its property `index`, unless it has one. */
export function withIndex(error: unknown, index: number | undefined): unknown {
  if (!(error instanceof Error) || index === undefined || "index" in error) {
    return error;
  }
  return Object.defineProperty(error, "index", {
    value: index,
    writable: true,
    configurable: true,
  });
}

/** The line that ends the stack of what a function threw. */
export function stackLine(where: Where): string {
  const { worker } = where;
  const by = worker
    ? ` (worker ${worker.id}, pid ${worker.pid} on ${worker.host})`
    : "";
  return `at ${item(where)}${by}`;
}
