/**
 * How a job ended, as the library reports it when the job is reaped.
 *
 * @module
 */

import {
  cString,
  type DrmaaLibrary,
  hasCode,
  PointerCell,
  TextBuffer,
} from "./library.ts";

/** How a job, or a task of an array job, ended. */
export interface JobInfo {
  /** The job's id. */
  readonly jobId: string;
  /** Whether the job exited by itself, so that `exitStatus` is known. */
  readonly exited: boolean;
  /** Its exit status, if it exited by itself. */
  readonly exitStatus: number | undefined;
  /** Whether a signal ended the job. */
  readonly signaled: boolean;
  /** The name of that signal, such as `"SIGKILL"`. */
  readonly signal: string | undefined;
  /** Whether it left a core dump. */
  readonly coreDump: boolean;
  /**
   * Whether the job ended before it ran. Grid Engine also sets this for every job that
   * was deleted: if the job had started, `rusage` has a `start_time`.
   */
  readonly aborted: boolean;
  /**
   * The resources that the job used, under the cluster's own names, such as
   * `ru_wallclock`. Empty if the cluster has no data, as for a job that never ran.
   */
  readonly rusage: Readonly<Record<string, string>>;
}

/**
 * Waits for a job by one call of the library.
 *
 * @param jobId The job, or `ANY_JOB`.
 * @param seconds How long to wait.
 * @throws {DrmaaError} `EXIT_TIMEOUT` if the job has not ended by then, or another error
 * of the library.
 */
export async function reap(
  library: DrmaaLibrary,
  jobId: string,
  seconds: bigint,
): Promise<JobInfo> {
  const id = new TextBuffer();
  const status = new Int32Array(new ArrayBuffer(4));
  const rusage = new PointerCell();
  const { bytes, size } = id;
  const args = [cString(jobId), bytes, size, status, seconds, rusage.bytes] as const;
  try {
    await library.start("drmaa_wait", [...args], jobId);
  } catch (error) {
    // The job has ended and is reaped: this call is the only one that reports its status.
    if (!hasCode(error, "NO_RUSAGE") || id.text === "") throw error;
  }
  return infoOf(library, id.text, status[0]!, rusage.pointer);
}

function infoOf(
  library: DrmaaLibrary,
  jobId: string,
  status: number,
  list: Deno.PointerValue,
): JobInfo {
  const usage = library.strings("attr_value", list);
  const is = (name: "drmaa_wifexited" | "drmaa_wifsignaled" | "drmaa_wifaborted") =>
    library.ofStatus(name, status) !== 0;
  const aborted = is("drmaa_wifaborted");
  const exited = is("drmaa_wifexited");
  const signaled = is("drmaa_wifsignaled");
  return {
    jobId,
    exited,
    exitStatus: exited ? library.ofStatus("drmaa_wexitstatus", status) : undefined,
    signaled,
    signal: signaled ? library.signal(status) : undefined,
    coreDump: signaled && library.ofStatus("drmaa_wcoredump", status) !== 0,
    aborted,
    rusage: Object.fromEntries(usage.map((entry) => {
      const [name] = entry.split("=", 1);
      return [name, entry.slice(name!.length + 1)];
    })),
  };
}
