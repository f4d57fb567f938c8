/** Why jobs ended, out of what DRMAA tells: see `src/scheduler/grid_engine/job_end.ts`. */

import { assertEquals, assertMatch } from "../fixtures/assert.ts";
import type { JobInfo } from "../../src/drmaa/job_info.ts";
import {
  lossFromJobInfo,
  type TimeLimits,
} from "../../src/scheduler/grid_engine/job_end.ts";

const NOTHING: JobInfo = {
  jobId: "1.1",
  exited: false,
  exitStatus: undefined,
  signaled: false,
  signal: undefined,
  coreDump: false,
  aborted: false,
  rusage: {},
};

const cause = (
  info: Partial<JobInfo>,
  context: Partial<Parameters<typeof lossFromJobInfo>[1]> = {},
) => {
  const { cause, detail } = lossFromJobInfo({ ...NOTHING, ...info }, {
    stopping: false,
    ...context,
  });
  return [cause, detail];
};

Deno.test("An exit has its status, and the cluster's figures", () => {
  const rusage = { ru_wallclock: "2.5", ru_maxrss: "1024.000" };
  const info = { ...NOTHING, exited: true, exitStatus: 3, rusage };
  assertEquals(lossFromJobInfo(info, { stopping: false }), {
    cause: "exit",
    detail: "its process exited with status 3",
    exitStatus: 3,
    wallClock: 2500,
    maxMemory: 2 ** 20,
  });
});

Deno.test("A signal has its name and number", () => {
  const info = { ...NOTHING, signaled: true, signal: "SIGSEGV" };
  assertEquals(lossFromJobInfo(info, { stopping: false, limits: { h_rt: 1 } }), {
    cause: "signal",
    detail: "its process was ended by SIGSEGV",
    signal: "SIGSEGV",
    signalNumber: 11,
  });
});

/** How a job ended by a signal that has used so many seconds, and of a processor's time. */
const signaled = (
  signal: string,
  [ru_wallclock, cpu]: [string, string],
  limits: TimeLimits,
) => cause({ signaled: true, signal, rusage: { ru_wallclock, cpu } }, { limits });

Deno.test("SIGKILL after the run time limit is that limit's, before it is not", () => {
  const after = (used: string) => signaled("SIGKILL", [used, "0"], { h_rt: 60 });
  assertEquals(after("60"), [
    "run time limit",
    "it reached its run time limit of 60 s (h_rt)",
  ]);
  assertEquals(after("59.9"), ["signal", "its process was ended by SIGKILL"]);
  assertEquals(signaled("SIGKILL", ["99", "99"], {})[0], "signal");
});

Deno.test("Each signal is that of its own limits", () => {
  const limits = { s_rt: 60, h_rt: 90, s_cpu: 50, h_cpu: 80 };
  const limitOf = (signal: string, wall: string, cpu: string) =>
    /\((\w+)\)$/.exec(signaled(signal, [wall, cpu], limits)[1]!)?.[1];
  assertEquals(limitOf("SIGUSR1", "61", "3"), "s_rt");
  assertEquals(limitOf("SIGUSR1", "59", "3"), undefined);
  assertEquals(limitOf("SIGKILL", "61", "3"), undefined);
  assertEquals(limitOf("SIGKILL", "91", "3"), "h_rt");
  assertEquals(limitOf("SIGXCPU", "61", "49.8"), "s_cpu");
  assertEquals(limitOf("SIGKILL", "61", "79.5"), "h_cpu");
  assertEquals(limitOf("SIGKILL", "61", "49.8"), undefined);
});

Deno.test("A limit of a processor's time says so, though the counts differ a little", () => {
  assertEquals(signaled("SIGKILL", ["2", "1.9772"], { h_cpu: 2 }), [
    "run time limit",
    "it reached its limit of 2 s of processor time (h_cpu)",
  ]);
});

Deno.test("SIGUSR2 comes ahead of the end: by a limit, or by whatever else", () => {
  assertEquals(signaled("SIGUSR2", ["4", "0"], { h_rt: 3 })[0], "run time limit");
  assertEquals(signaled("SIGUSR2", ["2", "0"], { h_rt: 3 }), [
    "signal",
    "its process was ended by SIGUSR2, which Grid Engine sends to a job with -notify " +
    "before ending it",
  ]);
});

Deno.test("A job that is gone was deleted by somebody, or ended by us", () => {
  assertEquals(cause({ aborted: true }), ["deleted", "its job was deleted"]);
  assertEquals(cause({ aborted: true }, { stopping: true }), [
    "deleted",
    "it was ended",
  ]);
  const ended = { cause: "deleted", detail: "it was ended" } as const;
  assertEquals(lossFromJobInfo(undefined, { stopping: true }), ended);
});

Deno.test("An end that the cluster does not explain is unknown", () => {
  assertEquals(lossFromJobInfo(undefined, { stopping: false }), {
    cause: "unknown",
    detail: "the cluster no longer knows its job",
  });
  assertEquals(cause({}), [
    "unknown",
    "the cluster reports the end of its job, but neither an exit status nor a signal",
  ]);
  assertEquals(cause({}, { stopping: true }), ["deleted", "it was ended"]);
});

Deno.test("A job that was submitted and has no start never started", () => {
  const rusage = { submission_time: "1" };
  assertEquals(cause({ aborted: true, rusage })[0], "never started");
  const started = { ...rusage, start_time: "2" };
  assertEquals(cause({ aborted: true, rusage: started })[0], "deleted");
});

Deno.test("An exit with status 100 is a failure of the job, and no deletion", () => {
  const rusage = { submission_time: "1", start_time: "2", exit_status: "100.0000" };
  const [what, detail] = cause({ aborted: true, rusage });
  assertEquals(what, "exit");
  assertMatch(detail!, /status 100, .* profile/);
  assertEquals(cause({ aborted: true, rusage }, { stopping: true })[0], "deleted");
});
