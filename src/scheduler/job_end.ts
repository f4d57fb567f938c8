/**
 * Why a job of a cluster ended, out of what DRMAA tells of it.
 *
 * @module
 */

import type { WorkerLoss } from "../errors.ts";
import type { JobInfo } from "../drmaa/session.ts";
import { constants } from "node:os";

/** What is known beside what DRMAA tells. */
export interface JobContext {
  /** Whether it was to end. */
  stopping: boolean;
  /** The run time that it asked for, in seconds. */
  runTimeLimit?: number;
}

/** Signals by which run time limits end a job. */
const LIMIT_SIGNALS = ["SIGKILL", "SIGUSR1", "SIGXCPU"];
/** What is to be said of a job that was to end. */
const ENDED = "it was ended";

/**
 * Why a job ended.
 *
 * @param info What DRMAA tells; nothing if the session lost it.
 */
export function lossOf(
  info: JobInfo | undefined,
  { stopping, runTimeLimit }: JobContext,
): WorkerLoss {
  if (!info) {
    const detail = "the cluster does not know its job any more";
    return stopping
      ? { cause: "deleted", detail: ENDED }
      : { cause: "unknown", detail };
  }
  const { exitStatus, signal, aborted, rusage } = info;
  const used = usageOf(rusage);
  if (aborted) {
    if (rusage.start_time === undefined && rusage.submission_time !== undefined) {
      const detail =
        "its job failed to start: a directory or file that it names is missing " +
        "on its node, or may not be used";
      return { cause: "never started", detail, ...used };
    }
    const detail = stopping ? ENDED : "its job was deleted";
    return { cause: "deleted", detail, ...used };
  }
  if (signal !== undefined) {
    const signalNumber = constants.signals[signal as keyof typeof constants.signals];
    const isLimit = runTimeLimit !== undefined && LIMIT_SIGNALS.includes(signal) &&
      used.wallClock !== undefined && used.wallClock >= runTimeLimit * 1000;
    return {
      cause: isLimit ? "run time limit" : "signal",
      detail: isLimit
        ? `it ran into its run time limit of ${runTimeLimit} s`
        : `its process was ended by ${signal}`,
      signal,
      ...(signalNumber !== undefined && { signalNumber }),
      ...used,
    };
  }
  if (exitStatus === undefined) {
    if (stopping) return { cause: "deleted", detail: ENDED, ...used };
    // It ended while no session was open, or its shepherd is gone, and it may yet live.
    const detail =
      "the cluster says that its job is over, with neither an exit status " +
      "nor a signal";
    return { cause: "unknown", detail, ...used };
  }
  return {
    cause: "exit",
    detail: `its process exited with status ${exitStatus}`,
    exitStatus,
    ...used,
  };
}

/** The cluster's figures; Grid Engine's names, times in seconds and `ru_maxrss` in KiB. */
function usageOf(
  rusage: Readonly<Record<string, string>>,
): { wallClock?: number; maxMemory?: number } {
  const number = (name: string) =>
    rusage[name] === undefined ? undefined : Number(rusage[name]);
  const wallClock = number("ru_wallclock");
  const maxMemory = number("ru_maxrss");
  return {
    ...(wallClock !== undefined && { wallClock: wallClock * 1000 }),
    ...(maxMemory !== undefined && { maxMemory: maxMemory * 1024 }),
  };
}
