/**
 * DRMAA 1.0, the interface to clusters such as Grid Engine, Slurm and PBS: submit jobs,
 * control them, and wait for their end. It calls the cluster's own `libdrmaa`, off the
 * event loop, and needs `--allow-ffi` and `--allow-env`.
 *
 * Debian's libdrmaa for Grid Engine opens only in a program that was started with
 * `GLIBC_TUNABLES=glibc.rtld.optional_static_tls=4096` in its environment.
 *
 * @example
 * ```ts ignore
 * import { Session } from "jsr:@x/gridengine/drmaa";
 *
 * await using session = await Session.open();
 * using template = session.jobTemplate({
 *   remoteCommand: "/bin/sh",
 *   args: ["-c", "exit $SGE_TASK_ID"],
 *   jobName: "sample",
 *   outputPath: ":/dev/null",
 *   joinFiles: true,
 * });
 * const jobIds = await session.runBulk(template, 1, 3);
 * for (const jobId of jobIds) {
 *   const { exitStatus, rusage } = await session.wait(jobId);
 *   console.log(exitStatus, "ru_wallclock" in rusage);
 * }
 * ```
 *
 * ```text
 * 1 true
 * 2 true
 * 3 true
 * ```
 *
 * @module
 */

export { type JobAttributes, PLACEHOLDERS } from "./attributes.ts";
export { JobTemplate } from "./template.ts";
export { ALL_JOBS, ANY_JOB, Session, type SessionOptions } from "./session.ts";
export type { JobInfo } from "./job_info.ts";
export type { WaitOptions } from "./waits.ts";
export type { JobAction, JobState } from "./symbols.ts";
export { type LibraryInfo, libraryInfo } from "./library.ts";
export { DrmaaError, GridEngineError } from "../errors.ts";
