import {
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "../fixtures/assert.ts";
import {
  ALL_JOBS,
  DrmaaError,
  type JobAction,
  libraryInfo,
  Session,
} from "../../src/drmaa/mod.ts";
import { CODES, STATES } from "../../src/drmaa/symbols.ts";
import {
  count,
  finish,
  letSubmissionsGo,
  path,
  test,
  untilSubmitting,
  untilWaiting,
} from "./_fake.ts";

/** The error that a promise rejects with. */
function rejected(promise: Promise<unknown>): Promise<DrmaaError> {
  return assertRejects(() => promise, DrmaaError);
}

test("A session tells of the library and the cluster", (session) => {
  assertEquals(session.version, "1.0");
  assertEquals(session.contact, "host=a;x");
  assertEquals(session.drmaaImplementation, "fake");
  assertEquals(session.attributeNames(), ["drmaa_remote_command", "drmaa_wd"]);
  assertEquals(session.vectorAttributeNames(), []);
}, "host=a;x");

test("libraryInfo() needs no session", () => {
  const { version, drmaaImplementation, path: found } = libraryInfo(path);
  assertEquals([version, drmaaImplementation, found], ["1.0", "fake", path]);
});

test("Without a contact the library takes its own", (session) => {
  assertEquals(session.contact, "default");
});

test("A second session is refused, and leaves the first as it is", async (session) => {
  const error = await rejected(Session.open({ library: path! }));
  assertEquals([error.code, error.codeName], [11, "ALREADY_ACTIVE_SESSION"]);
  assertEquals(await session.run({}), "17");
});

test("Each error number becomes an error with its name and the library's text", async (session) => {
  for (const [code, codeName] of CODES.entries()) {
    if (code === 0) continue;
    const error = await rejected(session.control(`code:${code}`, "hold"));
    assertEquals([error.code, error.codeName], [code, codeName]);
    assertEquals(
      error.message,
      `drmaa_control of code:${code}: diagnosis of ${code} (${codeName})`,
    );
    assertEquals(error.transient, code === 2 || code === 16);
    assertEquals(error.name, "DrmaaError");
    assertEquals((await rejected(session.status(`code:${code}`))).code, code);
    assertEquals(
      (await rejected(session.run({ remoteCommand: `/code:${code}` }))).code,
      code,
    );
  }
});

test("Error texts that are missing or fill their buffer, and unknown numbers", async (session) => {
  const mute = await rejected(session.control("mute:17", "hold"));
  assertStringIncludes(mute.message, ": text of the number (DENIED_BY_DRM)");
  const full = await rejected(session.control("full:17", "hold"));
  assertStringIncludes(full.message, `: ${"x".repeat(1024)} (DENIED_BY_DRM)`);
  const unknown = await rejected(session.control("mute:99", "hold"));
  assertEquals([unknown.code, unknown.codeName], [99, "UNKNOWN_99"]);
  assertStringIncludes(unknown.message, ": failed (UNKNOWN_99)");
});

test("A list of names that breaks off is an error, and is released", (session) => {
  const error = assertThrows(() => session.attributeNames(), DrmaaError);
  assertEquals(error.codeName, "INTERNAL_ERROR");
}, "broken names");

test("Names that cannot be had are an error", (session) => {
  const error = assertThrows(() => session.attributeNames(), DrmaaError);
  assertEquals(error.codeName, "NO_MEMORY");
}, "no names");

test("run() takes a template as often as one likes, or attributes", async (session) => {
  using template = session.jobTemplate({ remoteCommand: "/bin/true" });
  const ids = [session.run(template), session.run(template), session.run({ args: [] })];
  assertEquals(await Promise.all(ids), ["17", "17", "17"]);
});

test("runBulk() gives the ids of all tasks, however many", async (session) => {
  assertEquals(await session.runBulk({}, 1, 3), ["18.1", "18.2", "18.3"]);
  assertEquals(await session.runBulk({}, 2, 9, 3), ["18.2", "18.5", "18.8"]);
  const ids = await session.runBulk({}, 1, 75_000);
  assertEquals([ids.length, ids.at(-1)], [75_000, "18.75000"]);
});

test("runBulk() refuses numbers that are none of tasks", async (session) => {
  for (const range of [[0, 1], [1, 1.5], [1, NaN], [1, 2 ** 31], [1, 5, 0], [-1, 1]]) {
    const [start, end, step] = range as [number, number, number?];
    const error = await rejected(session.runBulk({}, start, end, step));
    assertEquals(error.codeName, "INVALID_ARGUMENT");
  }
});

test("control() passes each action on by its number", async (session) => {
  const actions = ["suspend", "resume", "hold", "release", "terminate"] as const;
  for (const [i, action] of actions.entries()) {
    await session.control(`action:${i}`, action);
    const other = actions[(i + 1) % 5]!;
    assertEquals((await rejected(session.control(`action:${i}`, other))).code, 18);
  }
  const unknown = await rejected(session.control("1", "kill" as JobAction));
  assertStringIncludes(unknown.message, "suspend, resume, hold, release, terminate");
});

test("status() names each state", async (session) => {
  for (const [number, state] of Object.entries(STATES)) {
    assertEquals(await session.status(Number(number).toString(16)), state);
  }
  assertEquals(await session.status("77"), "undetermined");
});

test("wait() tells how a job ended and what it used", async (session) => {
  const usual = { signaled: false, signal: undefined, coreDump: false, aborted: false };
  const rusage = { ru_wallclock: "1.5", command: "a=b", empty: "", bare: "" };
  assertEquals(await session.wait("exit:3"), {
    jobId: "exit:3",
    exited: true,
    exitStatus: 3,
    ...usual,
    rusage,
  });
  const ended = { exited: false, exitStatus: undefined };
  const killed = { ...ended, ...usual, signaled: true, signal: "SIGKILL", rusage };
  assertEquals(await session.wait("signal:"), { jobId: "signal:", ...killed });
  const dumped = { ...killed, signal: "SIGSEGV", coreDump: true };
  assertEquals(await session.wait("core"), { jobId: "core", ...dumped });
});

test("wait() tells of a job that never ran, of which there is no rusage", async (session) => {
  const { jobId, aborted, exited, signaled, rusage } = await session.wait("aborted");
  assertEquals([jobId, aborted, exited, signaled], ["aborted", true, false, false]);
  assertEquals(rusage, {});
  // Without a job's id there is nothing to tell.
  assertEquals((await rejected(session.wait("code:24"))).codeName, "NO_RUSAGE");
});

test("wait() resolves when the job ends", async (session) => {
  const waiting = session.wait("later");
  await untilWaiting();
  finish("later");
  assertEquals((await waiting).jobId, "later");
  const any = session.wait();
  assertEquals((await any).jobId, "later");
});

test("wait() gives up when time is up", async (session) => {
  for (const timeout of [0, 30, 1100]) {
    const start = performance.now();
    const error = await rejected(session.wait("never", { timeout }));
    assertEquals([error.code, error.codeName], [23, "EXIT_TIMEOUT"]);
    assertStringIncludes(
      error.message,
      `drmaa_wait of never: not ended within ${timeout} ms`,
    );
    assertEquals(performance.now() - start >= timeout, true);
  }
  assertEquals(count("longestTimeout"), 1);
  for (const timeout of [-1, NaN]) {
    const error = await rejected(session.wait("never", { timeout }));
    assertEquals(error.codeName, "INVALID_ARGUMENT");
  }
});

test("wait() ends by its signal, before it starts and amid a call", async (session) => {
  const reason = new Error("enough");
  const aborted = AbortSignal.abort(reason);
  assertEquals(
    await session.wait("never", { signal: aborted }).catch((e) => e),
    reason,
  );
  const controller = new AbortController();
  const waiting = session.wait("never", { signal: controller.signal });
  await untilWaiting();
  controller.abort(reason);
  assertEquals(await waiting.catch((e) => e), reason);
});

test("A job that ends while its wait is aborted is not lost", async (session) => {
  const controller = new AbortController();
  const waiting = session.wait("at last", { signal: controller.signal });
  await untilWaiting();
  controller.abort();
  finish("at last");
  assertEquals((await waiting).jobId, "at last");
});

test("Several waits take turns in the library, and none holds up the others", async (session) => {
  const waits = ["one", "two", "three"].map((job) => session.wait(job));
  await untilWaiting();
  for (const [i, job] of ["three", "one", "two"].entries()) {
    finish(job);
    assertEquals((await waits[[2, 0, 1][i]!]!).jobId, job);
  }
  assertEquals(count("mostWaiting"), 1);
});

test("Other calls go through while a wait is on", async (session) => {
  const waiting = session.wait("other");
  await untilWaiting();
  await session.control("action:4", "terminate");
  assertEquals(await session.run({}), "17");
  finish("other");
  await waiting;
});

test("close() ends the waits that are on, and then the session", async (session) => {
  const waits = [session.wait("never"), session.synchronize(["never"])];
  const errors = waits.map(rejected);
  await untilWaiting();
  await session.close();
  for (const error of await Promise.all(errors)) {
    assertEquals(error.codeName, "NO_ACTIVE_SESSION");
  }
  assertEquals(count("active"), 0);
  await session.close();
});

test("close() waits for a submission, and deletes what templates are left", async (session) => {
  letSubmissionsGo(false);
  const template = session.jobTemplate({ jobCategory: "slow" });
  session.jobTemplate();
  const submitted = session.run(template);
  await untilSubmitting();
  template.dispose();
  assertEquals(count("templates"), 2);
  const closed = session.close();
  letSubmissionsGo(true);
  assertEquals(await submitted, "17");
  await closed;
  assertEquals([count("templates"), count("active")], [0, 0]);
});

test("A closed session refuses everything", async (session) => {
  const template = session.jobTemplate();
  await session.close();
  const calls = [
    session.run({}),
    session.run(template),
    session.runBulk({}, 1, 2),
    session.control("1", "hold"),
    session.status("1"),
    session.wait(),
    session.synchronize(),
  ];
  for (const call of calls) {
    assertEquals((await rejected(call)).codeName, "NO_ACTIVE_SESSION");
  }
  assertThrows(() => session.contact, DrmaaError, "closed");
  assertThrows(() => session.jobTemplate(), DrmaaError, "closed");
  assertThrows(() => session.attributeNames(), DrmaaError, "closed");
  assertThrows(() => template.set({}) ?? template.get("args"), DrmaaError, "disposed");
});

test("synchronize() waits for all of the jobs", async (session) => {
  await session.synchronize(["exit:0", "core"]);
  const waiting = session.synchronize(["first", "second"]);
  await untilWaiting();
  finish("second");
  finish("first");
  await waiting;
  const error = await rejected(session.synchronize(["a", "b"], { timeout: 20 }));
  assertStringIncludes(
    error.message,
    "drmaa_synchronize of a, b: not ended within 20 ms",
  );
  const many = await rejected(session.synchronize(["code:2", "b", "c", "d"]));
  assertStringIncludes(many.message, "of 4 jobs: diagnosis of 2");
  const all = await rejected(session.synchronize(undefined, { timeout: 0 }));
  assertStringIncludes(all.message, ALL_JOBS);
});

test("synchronize() disposes only once all of the jobs have ended", async (session) => {
  const before = count("disposed");
  await rejected(session.synchronize(["never"], { timeout: 0, dispose: true }));
  assertEquals(count("disposed"), before);
  await session.synchronize(["exit:0"], { dispose: true });
  assertEquals(count("disposed"), before + 1);
  finish("some job");
  finish(ALL_JOBS);
  await session.synchronize(undefined, { dispose: true });
  const left = await rejected(session.wait("some job", { timeout: 0 }));
  assertEquals(left.codeName, "EXIT_TIMEOUT");
});

test("An id with a NUL is refused", async (session) => {
  const calls = [
    () => session.wait("1\0"),
    () => session.status("1\0"),
    () => session.synchronize(["1", "2\0"]),
    () => session.control("1\0", "hold"),
    () => Session.open({ library: path!, contact: "a\0" }),
  ];
  for (const call of calls) {
    assertEquals((await rejected(call())).codeName, "INVALID_ARGUMENT");
  }
});

Deno.test({
  name: "open() and close() fail with what the library says",
  ignore: !path,
  async fn() {
    const library = path!;
    const error = await rejected(Session.open({ library, contact: "code:10" }));
    assertEquals(error.message, "drmaa_init: diagnosis of 10 (DRMS_INIT_FAILED)");
    const session = await Session.open({ library, contact: "exit=code:12" });
    assertEquals((await rejected(session.close())).codeName, "DRMS_EXIT_ERROR");
    assertEquals((await rejected(session.close())).codeName, "DRMS_EXIT_ERROR");
    assertEquals((await rejected(session.run({}))).codeName, "NO_ACTIVE_SESSION");
  },
});
