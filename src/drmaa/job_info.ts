/**
 * How a job has ended, as the library tells when the job is reaped.
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

/** How a job, or a task of a bulk job, ended. */
export interface JobInfo {
  /** Its id. */
  readonly jobId: string;
  /** Whether it ended by itself. */
  readonly exited: boolean;
  /** Its exit status, when it ended by itself. */
  readonly exitStatus: number | undefined;
  /** Whether a signal ended it. */
  readonly signaled: boolean;
  /** The name of that signal, such as `"SIGKILL"`. */
  readonly signal: string | undefined;
  /** Whether it left a core dump. */
  readonly coreDump: boolean;
  /**
   * Whether it ended before it ran. Grid Engine says so of every job that was deleted,
   * too: for one that had started, `rusage` has a `start_time`.
   */
  readonly aborted: boolean;
  /**
   * What it used, under the cluster's own names, such as `ru_wallclock`; empty where the
   * cluster knows nothing, as of a job that never ran.
   */
  readonly rusage: Readonly<Record<string, string>>;
}

/**
 * One call that waits for a job, and what it tells.
 *
 * @param jobId The job, or any.
 * @param seconds How long it waits.
 * @throws {DrmaaError} `EXIT_TIMEOUT` when the job has not ended by then, or what else the
 * library says.
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
    // The job has ended and is reaped: what is known of it comes only now.
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
