/**
 * What `cluster_test.ts` has a user do on the submit host of a real Grid Engine.
 * Each scenario runs in a process of its own, with a session of its own: a name as the
 * argument runs one. It ends the jobs that it starts.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "../fixtures/assert.ts";
import {
  ALL_JOBS,
  DrmaaError,
  type JobAttributes,
  type JobState,
  libraryInfo,
  PLACEHOLDERS,
  Session,
} from "../../src/drmaa/mod.ts";
import { until } from "../fixtures/waiting.ts";

/** How long the cluster may take for something, in milliseconds: far more than it does. */
const timeout = 45_000;

/** A job of the shell, whose output nobody reads. */
const shell = (script: string, more: JobAttributes = {}): JobAttributes => ({
  remoteCommand: "/bin/sh",
  args: ["-c", script],
  outputPath: ":/dev/null",
  joinFiles: true,
  workingDirectory: Deno.cwd(),
  nativeSpecification: "-shell no -b y",
  ...more,
});

/** Resolves when a job is in this state. */
const reached = (session: Session, job: string, state: JobState) =>
  until(`it is ${state}`, async () => await session.status(job) === state, timeout);

const rejected = (promise: Promise<unknown>) =>
  assertRejects(() => promise, DrmaaError);

/** What a command prints. */
async function output(command: string, ...args: string[]): Promise<string> {
  const { stdout, stderr } = await new Deno.Command(command, { args }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return text(stdout) + text(stderr);
}

/** The scenarios, by what they show. */
export const scenarios: Record<string, (session: Session) => Promise<void>> = {
  async "The session tells of the cluster and its attributes"(session) {
    assertEquals(session.version, "1.0");
    assertMatch(session.drmSystem, /8\.1\.9/);
    assertMatch(session.drmaaImplementation, /8\.1\.9/);
    assertMatch(session.contact, /^session=/);
    const names = session.attributeNames();
    for (const name of ["remote_command", "wd", "native_specification", "js_state"]) {
      assert(names.includes(`drmaa_${name}`), `${names}`);
    }
    assertEquals(
      session.vectorAttributeNames().sort(),
      ["drmaa_v_argv", "drmaa_v_email", "drmaa_v_env"],
    );
    assertEquals(libraryInfo().version, "1.0");
    await assertRejects(() => Session.open(), DrmaaError, "ALREADY_ACTIVE_SESSION");
  },

  async "One job runs, with what it used"(session) {
    const job = await session.run(shell("exit 0", { jobName: "one" }));
    assertMatch(job, /^\d+$/);
    const info = await session.wait(job, { timeout });
    assertEquals([info.jobId, info.exited, info.exitStatus], [job, true, 0]);
    assertEquals([info.signaled, info.aborted, info.coreDump], [false, false, false]);
    for (const name of ["ru_wallclock", "maxvmem", "exit_status", "submission_time"]) {
      assertMatch(info.rusage[name] ?? "", /^[\d.]+$/, `${name} of ${info.rusage}`);
    }
    assertEquals((await rejected(session.wait(job))).codeName, "INVALID_JOB");
    assertEquals((await rejected(session.wait())).codeName, "INVALID_JOB");
  },

  async "The tasks of a bulk job are waited for one by one"(session) {
    const ids = await session.runBulk(shell("exit $SGE_TASK_ID"), 2, 10, 4);
    const job = ids[0]!.split(".")[0];
    assertEquals(ids, [`${job}.2`, `${job}.6`, `${job}.10`]);
    const statuses: Record<string, number | undefined> = {};
    for (const _ of ids) {
      const { jobId, exitStatus, rusage } = await session.wait(undefined, { timeout });
      statuses[jobId] = exitStatus;
      assertMatch(rusage.ru_wallclock ?? "", /^\d/);
    }
    assertEquals(statuses, { [ids[0]!]: 2, [ids[1]!]: 6, [ids[2]!]: 10 });
  },

  async "A signal that ends a job is told by its name"(session) {
    for (const signal of ["KILL", "TERM"]) {
      const job = await session.run(shell(`kill -${signal} $$`));
      const info = await session.wait(job, { timeout });
      assertEquals([info.signaled, info.signal], [true, `SIG${signal}`]);
      assertEquals(info.aborted, false);
    }
  },

  async "A job that is deleted before it runs is aborted"(session) {
    const job = await session.run(shell("exit 0", { hold: true }));
    assertEquals(await session.status(job), "user_on_hold");
    await session.control(job, "terminate");
    const info = await session.wait(job, { timeout });
    assertEquals([info.jobId, info.aborted, info.exited], [job, true, false]);
    assertEquals(info.rusage, {});
  },

  async "A job is held, released, suspended, resumed and terminated"(session) {
    const job = await session.run(shell("exec sleep 300", { hold: true }));
    const release = await rejected(session.control(job, "suspend"));
    assertEquals(release.codeName, "SUSPEND_INCONSISTENT_STATE");
    await session.control(job, "release");
    await reached(session, job, "running");
    await session.control(job, "suspend");
    await reached(session, job, "user_suspended");
    await session.control(job, "resume");
    await reached(session, job, "running");
    const late = await rejected(session.wait(job, { timeout: 0 }));
    assertEquals(late.codeName, "EXIT_TIMEOUT");
    await session.control(job, "terminate");
    const { aborted, rusage } = await session.wait(job, { timeout });
    assertEquals([aborted, Number(rusage.exit_status)], [true, 128 + 9]);
    assert(Number(rusage.start_time) > 0);
    assertEquals((await rejected(session.control(job, "hold"))).code, 18);
  },

  async "synchronize() waits for all, gives up in time, and disposes"(session) {
    const long = await session.run(shell("exec sleep 300"));
    const short = await session.run(shell("exit 3"));
    await session.synchronize([short], { timeout });
    const options = { timeout: 1200, dispose: true };
    const late = await rejected(session.synchronize([short, long], options));
    assertEquals(late.codeName, "EXIT_TIMEOUT");
    await session.control(long, "terminate");
    await session.synchronize([short, long], { timeout });
    assertEquals((await session.wait(short, { timeout })).exitStatus, 3);
    await session.synchronize([long], { timeout, dispose: true });
    assertEquals((await rejected(session.wait(long))).codeName, "INVALID_JOB");
    await session.runBulk(shell("exit 0"), 1, 3);
    await session.synchronize(undefined, { timeout, dispose: true });
    assertEquals((await rejected(session.wait())).codeName, "INVALID_JOB");
  },

  async "What the cluster never accepts is denied, with its reason"(session) {
    const unknown = shell("exit 0", { nativeSpecification: "-l no_such=1" });
    const error = await rejected(session.run(unknown));
    assertEquals([error.codeName, error.transient], ["DENIED_BY_DRM", false]);
    assertStringIncludes(error.message, "no_such");
    const bulk = await rejected(session.runBulk(unknown, 1, 2));
    assertEquals(bulk.codeName, "DENIED_BY_DRM");
    const none = shell("exit 0", { nativeSpecification: "-q no_such.q" });
    assertEquals((await rejected(session.run(none))).codeName, "DENIED_BY_DRM");
    const named = shell("exit 0", { jobName: "1:2" });
    assertEquals((await rejected(session.run(named))).codeName, "DENIED_BY_DRM");
    const template = session.jobTemplate();
    const own = assertThrows(() => template.set({ deadlineTime: "12:00" }), DrmaaError);
    assertEquals(own.codeName, "INVALID_ARGUMENT");
    assertStringIncludes(own.message, "drmaa_deadline_time");
  },

  async "A job gets its arguments, variables, folder and files"(session) {
    const folder = await Deno.makeTempDir({ dir: Deno.env.get("HOME")! });
    try {
      const script = 'pwd; printf "%s|" "$0" "$@" "$ONE" "$TWO"; echo oops >&2';
      const texts = ["", "a b", "x=y=z", "$HOME * \"'", "日本"];
      using template = session.jobTemplate({
        remoteCommand: "/bin/sh",
        args: ["-c", script, ...texts],
        env: { ONE: "a b,c", TWO: "" },
        workingDirectory: folder,
        outputPath: `:${PLACEHOLDERS.workingDirectory}/out.${PLACEHOLDERS.index}`,
        errorPath: `:${folder}/err.${PLACEHOLDERS.index}`,
        nativeSpecification: "-shell no -b y",
      });
      await session.runBulk(template, 1, 1);
      assertEquals((await session.wait(undefined, { timeout })).exitStatus, 0);
      assertEquals(
        await Deno.readTextFile(`${folder}/out.1`),
        `${folder}\n${[...texts, "a b,c", ""].join("|")}|`,
      );
      assertEquals(await Deno.readTextFile(`${folder}/err.1`), "oops\n");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },

  async "close() ends a wait that is on, and leaves no event client"(session) {
    const job = await session.run(shell("exec sleep 300"));
    const waiting = rejected(session.wait());
    // Those of sessions that were killed stay for minutes.
    const clients = async () => (await output("qconf", "-secl")).match(/drmaa/g) ?? [];
    const { length } = await clients();
    assert(length > 0);
    const closing = session.close();
    assertEquals((await waiting).codeName, "NO_ACTIVE_SESSION");
    await closing;
    // The master forgets it within moments.
    const left = async () => (await clients()).length < length;
    await until("there is no event client", left, timeout);
    // And another session can be opened.
    await using next = await Session.open();
    assertMatch(next.contact, /^session=/);
    await next.control(job, "terminate");
    const gone = async () => !(await output("qstat")).includes(job);
    await until("the job is gone", gone, timeout);
  },
};

if (import.meta.main) {
  const [name] = Deno.args;
  await using session = await Session.open();
  try {
    await scenarios[name!]!(session);
  } finally {
    await session.control(ALL_JOBS, "terminate").catch(() => {});
  }
}
