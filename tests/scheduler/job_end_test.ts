/** Why jobs ended, out of what DRMAA tells: see `src/scheduler/job_end.ts`. */

import { assertEquals } from "@std/assert";
import type { JobInfo } from "../../src/drmaa/session.ts";
import { lossOf } from "../../src/scheduler/job_end.ts";

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
  context: Partial<Parameters<typeof lossOf>[1]> = {},
) => {
  const { cause, detail } = lossOf({ ...NOTHING, ...info }, {
    stopping: false,
    ...context,
  });
  return [cause, detail];
};

Deno.test("an exit has its status, and the cluster's figures", () => {
  const rusage = { ru_wallclock: "2.5", ru_maxrss: "1024.000" };
  const info = { ...NOTHING, exited: true, exitStatus: 3, rusage };
  assertEquals(lossOf(info, { stopping: false }), {
    cause: "exit",
    detail: "its process exited with status 3",
    exitStatus: 3,
    wallClock: 2500,
    maxMemory: 2 ** 20,
  });
});

Deno.test("a signal has its name and number", () => {
  const info = { ...NOTHING, signaled: true, signal: "SIGSEGV" };
  assertEquals(lossOf(info, { stopping: false, runTimeLimit: 1 }), {
    cause: "signal",
    detail: "its process was ended by SIGSEGV",
    signal: "SIGSEGV",
    signalNumber: 11,
  });
});

Deno.test("SIGKILL after the run time limit is that limit's, before it is not", () => {
  const info = { signaled: true, signal: "SIGKILL" };
  const after = (ru_wallclock: string) =>
    cause({ ...info, rusage: { ru_wallclock } }, { runTimeLimit: 60 })[0];
  assertEquals([after("60"), after("59.9")], ["run time limit", "signal"]);
  const late = { ...info, rusage: { ru_wallclock: "99" } };
  assertEquals(cause(late)[0], "signal");
});

Deno.test("a job that is gone was deleted by somebody, or ended by us", () => {
  assertEquals(cause({ aborted: true }), ["deleted", "its job was deleted"]);
  assertEquals(cause({ aborted: true }, { stopping: true }), [
    "deleted",
    "it was ended",
  ]);
  const ended = { cause: "deleted", detail: "it was ended" } as const;
  assertEquals(lossOf(undefined, { stopping: true }), ended);
});

Deno.test("an end that the cluster does not explain is unknown", () => {
  assertEquals(lossOf(undefined, { stopping: false }), {
    cause: "unknown",
    detail: "the cluster does not know its job any more",
  });
  assertEquals(cause({}), [
    "unknown",
    "the cluster says that its job is over, with neither an exit status nor a signal",
  ]);
  assertEquals(cause({}, { stopping: true }), ["deleted", "it was ended"]);
});

Deno.test("a job that was submitted and has no start never started", () => {
  const rusage = { submission_time: "1" };
  assertEquals(cause({ aborted: true, rusage })[0], "never started");
  const started = { ...rusage, start_time: "2" };
  assertEquals(cause({ aborted: true, rusage: started })[0], "deleted");
});
