/**
 * Why a job of a cluster ended, out of what DRMAA tells of it.
 *
 * @module
 */

import type { WorkerLoss } from "../../errors.ts";
import type { JobInfo } from "../../drmaa/job_info.ts";
import { constants } from "node:os";

/** What is known beside what DRMAA tells. */
export interface JobContext {
  /** Whether it was to end. */
  stopping: boolean;
  /** How long it might run, as far as that is known. */
  limits?: TimeLimits;
}

/** Limits of a job's time, in seconds, by Grid Engine's names for them. */
export type TimeLimits = Partial<Record<"h_rt" | "s_rt" | "h_cpu" | "s_cpu", number>>;

/** Which limits end a job by a signal. With `-notify` SIGUSR2 comes ahead of SIGKILL. */
const LIMITS: Record<string, (keyof TimeLimits)[]> = {
  SIGKILL: ["h_rt", "h_cpu"],
  SIGUSR2: ["h_rt", "h_cpu"],
  SIGUSR1: ["s_rt"],
  SIGXCPU: ["s_cpu"],
};
/** The kernel's count of a processor's time, and the cluster's, differ by a little. */
const PRECISION = 0.95;
/** With this exit status a job fails for good, and counts as aborted. */
const JOB_ERROR = 100;
/** What is to be said of a job that was to end. */
const ENDED = "it was ended";

/**
 * Why a job ended.
 *
 * @param info What DRMAA tells; nothing if the session lost it.
 */
export function lossFromJobInfo(
  info: JobInfo | undefined,
  { stopping, limits = {} }: JobContext,
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
        "on its node, or may not be used; or a prolog, starter or shell of its queue " +
        "is missing or failed, or a limit leaves it no process";
      return { cause: "never started", detail, ...used };
    }
    if (!stopping && Number(rusage.exit_status) === JOB_ERROR) {
      const detail =
        `it exited with status ${JOB_ERROR}, which for Grid Engine is an ` +
        "error of the job: a profile that its shell reads (-shell y), or a starter of " +
        "its queue, may do so";
      return { cause: "exit", detail, exitStatus: JOB_ERROR, ...used };
    }
    const detail = stopping ? ENDED : "its job was deleted";
    return { cause: "deleted", detail, ...used };
  }
  if (signal !== undefined) {
    const signalNumber = constants.signals[signal as keyof typeof constants.signals];
    const limit = limitReached(signal, limits, rusage);
    const hint = signal === "SIGUSR2"
      ? ", which Grid Engine sends to a job with -notify before it ends it"
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

/** Which limit it was that ended a job, if one fits the time that it has used. */
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
    ? `it ran into its limit of ${limits[name]} s of processor time (${name})`
    : `it ran into its run time limit of ${limits[name]} s (${name})`;
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
