/**
 * Why a job of a cluster ended, according to DRMAA.
 *
 * @module
 */

import type { WorkerLoss } from "../../errors.ts";
import type { JobInfo } from "../../drmaa/job_info.ts";
import { constants } from "node:os";

/** What is known of a job in addition to DRMAA's report. */
export interface JobContext {
  /** Whether the job was told to end. */
  stopping: boolean;
  /** The time limits of the job, as far as they are known. */
  limits?: TimeLimits;
}

/** Time limits of a job, in seconds, by Grid Engine's names. */
export type TimeLimits = Partial<Record<"h_rt" | "s_rt" | "h_cpu" | "s_cpu", number>>;

/** The limits that end a job by each signal. With `-notify` SIGUSR2 precedes SIGKILL. */
const LIMITS: Record<string, (keyof TimeLimits)[]> = {
  SIGKILL: ["h_rt", "h_cpu"],
  SIGUSR2: ["h_rt", "h_cpu"],
  SIGUSR1: ["s_rt"],
  SIGXCPU: ["s_cpu"],
};
/** The kernel and the cluster measure processor time a little differently. */
const PRECISION = 0.95;
/** A job with this exit status goes into the error state, and counts as aborted. */
const JOB_ERROR = 100;
/** The detail for a job that was told to end. */
const ENDED = "it was ended";

/**
 * Why a job ended.
 *
 * @param info DRMAA's report; `undefined` if the session lost it.
 */
export function lossFromJobInfo(
  info: JobInfo | undefined,
  { stopping, limits = {} }: JobContext,
): WorkerLoss {
  if (!info) {
    const detail = "the cluster no longer knows its job";
    return stopping
      ? { cause: "deleted", detail: ENDED }
      : { cause: "unknown", detail };
  }
  const { exitStatus, signal, aborted, rusage } = info;
  const used = usageOf(rusage);
  if (aborted) {
    if (rusage.start_time === undefined && rusage.submission_time !== undefined) {
      const detail =
        "its job failed to start: a directory or file that it names is missing or not " +
        "accessible on its node; or a prolog, starter or shell of its queue is missing or " +
        "failed; or a limit allows it no process";
      return { cause: "never started", detail, ...used };
    }
    if (!stopping && Number(rusage.exit_status) === JOB_ERROR) {
      const detail =
        `it exited with status ${JOB_ERROR}, which Grid Engine takes for an error of ` +
        "the job: check the profile that its shell reads (-shell y), and the starter of " +
        "its queue";
      return { cause: "exit", detail, exitStatus: JOB_ERROR, ...used };
    }
    const detail = stopping ? ENDED : "its job was deleted";
    return { cause: "deleted", detail, ...used };
  }
  if (signal !== undefined) {
    const signalNumber = constants.signals[signal as keyof typeof constants.signals];
    const limit = limitReached(signal, limits, rusage);
    const hint = signal === "SIGUSR2"
      ? ", which Grid Engine sends to a job with -notify before ending it"
      : "";
    return {
      cause: limit ? "run time limit" : "signal",
      detail: limit ?? `its process was ended by ${signal}${hint}`,
      signal,
      ...(signalNumber !== undefined && { signalNumber }),
      ...used,
    };
  }
  if (exitStatus === undefined) {
    if (stopping) return { cause: "deleted", detail: ENDED, ...used };
    // It ended while no session was open; or its shepherd is gone, and it may be running.
    const detail =
      "the cluster reports the end of its job, but neither an exit status nor a signal";
    return { cause: "unknown", detail, ...used };
  }
  return {
    cause: "exit",
    detail: `its process exited with status ${exitStatus}`,
    exitStatus,
    ...used,
  };
}

/** The limit that ended a job, if one fits the time that the job has used. */
function limitReached(
  signal: string,
  limits: TimeLimits,
  { ru_wallclock, cpu }: Readonly<Record<string, string>>,
): string | undefined {
  const isOfCpu = (name: string) => name.endsWith("_cpu");
  const name = LIMITS[signal]?.find((name) => {
    const used = isOfCpu(name) ? Number(cpu) / PRECISION : Number(ru_wallclock);
    return used >= (limits[name] ?? Infinity);
  });
  if (name === undefined) return undefined;
  return isOfCpu(name)
    ? `it reached its limit of ${limits[name]} s of processor time (${name})`
    : `it reached its run time limit of ${limits[name]} s (${name})`;
}

/** The usage from Grid Engine's figures: times are in seconds, `ru_maxrss` in KiB. */
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
