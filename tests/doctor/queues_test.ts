/** What the doctor finds of the queues of a real Grid Engine. */

import { assertEquals, assertMatch } from "../fixtures/assert.ts";
import {
  fullText,
  head,
  HOME,
  type Host,
  killExecd,
  outputAs,
  startExecd,
  untilHeard,
  withoutQueue,
} from "../cluster/cluster.ts";
import { until } from "../fixtures/waiting.ts";
import { jobs, onCluster, onHost } from "../fixtures/on_cluster.ts";
import { assertFailed, assertSkipped, assertWarned } from "./_doctor.ts";
import { doctor, on, withAttribute } from "./_on_cluster.ts";

const test = onCluster();

test("The doctor finds that there is no queue", async () => {
  const remedy = /^qconf -sql lists the queues that exist: name one of them, or ask/;
  const unknown = await doctor(["--queue=nowhere.q"]);
  assertFailed(unknown, "queues", /^there is none with -q nowhere\.q$/, remedy);
  assertSkipped(unknown, "probe job", /^no queue would accept it$/);
  await withoutQueue("all.q", async () => {
    assertFailed(await doctor(), "queues", /^there is none$/, remedy);
  });
});

test("The doctor finds that no queue has what is asked for", async () => {
  const asking = (resources: string) =>
    doctor(["--timeout=3"], { env: { GRIDENGINE_DEFAULT_RESOURCES: resources } });
  const none = /^no queue suits it, .*no suitable queues/;
  const other = /^Request something else by --queue, --native and GRIDENGINE_DEFAULT_R/;
  assertFailed(await asking("arch=none"), "probe job", none, other);
  const long = /^it still waited in the queue after 3\.0 s$/;
  const less = /request less \(GRIDENGINE_DEFAULT_RESOURCES\)/;
  assertWarned(await asking("mem_free=100000G"), "probe job", long, less);
  const well = await asking("mem_free=100M");
  assertEquals(well.code, 0, well.text);
  assertEquals(well.seen.get("a call")?.mark, "ok");
});

test("The doctor finds that queues are closed, and what opens each", async (nodes) => {
  const [first, second] = nodes as [Host, Host];
  const qmod = (flag: string, queue: string) => onHost(head, "qmod", flag, queue);
  try {
    await withAttribute(first, "prolog", "/bin/false", async () => {
      const found = await doctor([on(first), "--timeout=8"]);
      const back =
        /^it waits in the queue, because node1 .*: exit_status of prolog = 1;/;
      assertFailed(found, "probe job", back, /prolog, .* open the queues: qmod -cq/);
    });
    await qmod("-sq", `all.q@${first.name}`);
    await qmod("-d", `all.q@${second.name}`);
    await killExecd(second);
    await until("the node is missed", async () => /du$/m.test(await fullText()));
    // An alarm is nothing that somebody could open.
    await withAttribute(second, "load_thresholds", "mem_free=100000G", async () => {
      const states = "state Es: 1, such as all\\.q@node1; state adu: 1, such as all";
      const detail = new RegExp(`^none of 2 is open; ${states}\\.q@node2$`);
      const remedy =
        /^Ask an administrator to open them: E: [^;]+; s: [^;]+; d: [^;]+; u: /;
      const found = await doctor();
      assertFailed(found, "queues", detail, remedy);
      const advice = found.seen.get("queues")!.remedy!;
      assertMatch(advice, /E: look at qstat -f -explain E, then qmod/);
      for (const [, flag, queue] of advice.matchAll(/qmod (-\w+) (\S+@\w+)/g)) {
        await qmod(flag!, queue!);
      }
      assertMatch(advice, /u: start sge_execd on node2$/);
      await startExecd(second);
      await untilHeard(second, true);
    });
    const open = await doctor();
    assertEquals(open.code, 0, open.text);
    assertMatch(open.seen.get("queues")!.detail, /^8 of 8 slots are free in 2 of 2/);
  } finally {
    await startExecd(second);
    for (const flag of ["-e", "-usq", "-cq"]) await qmod(flag, "*");
    await untilHeard(second, true);
  }
});

test("The doctor finds a queue in a state that it does not know", async ([node]) => {
  const calendar = `${HOME}/calendar`;
  const text = "calendar_name doctor\nyear NONE\nweek mon-sun=0-24=off\n";
  await Deno.writeTextFile(calendar, text);
  try {
    await onHost(head, "qconf", "-Acal", calendar);
    await withAttribute(node!, "calendar", "doctor", async () => {
      const state = /state D: 1, such as all\.q@node1$/;
      const remedy =
        /^Ask an administrator to open them: D: man qstat explains this state$/;
      assertFailed(await doctor([on(node!)]), "queues", state, remedy);
    });
  } finally {
    await onHost(head, "qconf", "-dcal", "doctor");
    await Deno.remove(calendar);
  }
});

/** What the doctor says where a job would wait. */
async function assertWaits(): Promise<void> {
  const found = await doctor(["--timeout=3"]);
  const reason =
    /^Jobs have to wait: qstat -u '\*' shows for which jobs, qstat .* aA for which load$/;
  assertWarned(found, "queues", /^0 of 8 slots are free in 2 of 2 queue/, reason);
  const detail = /^it still waited in the queue after 3\.0 s$/;
  assertWarned(
    found,
    "probe job",
    detail,
    /^Maps wait .*allow more time by --timeout$/,
  );
}

test("The doctor finds that all slots are taken, and warns", async () => {
  const words = ["-b", "y", "-t", "1-8", "-j", "y", "-o", "/dev/null", "sleep", "300"];
  await outputAs("user", ["qsub", ...words]);
  const [job] = await jobs();
  try {
    const isFull = async () => !(await outputAs("user", ["qstat"])).includes(" qw ");
    await until("all slots are taken", isFull);
    await assertWaits();
  } finally {
    await outputAs("user", ["qdel", job!]);
  }
});

test("The doctor finds that all loads are too high, and warns", async (nodes) => {
  const [first, second] = nodes as [Host, Host];
  const limit = "mem_free=100000G";
  await withAttribute(
    first,
    "load_thresholds",
    limit,
    () => withAttribute(second, "suspend_thresholds", limit, assertWaits),
  );
});

test("The doctor goes on where qstat does not list the queues", async () => {
  const found = await doctor(["--queue=-nonsense"]);
  assertSkipped(found, "queues", /^Grid Engine's qstat does not list them/);
  const detail = /did not accept its job: .*-nonsense/;
  assertFailed(found, "probe job", detail, /^Request something else by --queue/);
});
