/**
 * What the doctor finds on a real Grid Engine, whole and with one thing broken at a time:
 * each failure that it can tell of one is brought about here, or in `queues_test.ts`.
 */

import { assertEquals, assertMatch } from "../fixtures/assert.ts";
import {
  DENO,
  head,
  HOME,
  killExecd,
  killMaster,
  outputAs,
  processesOn,
  PROJECT,
  startExecd,
  startMaster,
  untilHeard,
  withConfiguration,
} from "../cluster/cluster.ts";
import { basename, dirname } from "node:path";
import { programOf } from "../fixtures/processes.ts";
import { until } from "../fixtures/waiting.ts";
import { hidden, jobs, onCluster, onHost } from "../fixtures/on_cluster.ts";
import {
  assertFailed,
  assertSkipped,
  assertWarned,
  assertWell,
  examined,
  oldDeno,
} from "./_doctor.ts";
import { doctor, filtered, instead, on, start, withAttribute } from "./_on_cluster.ts";

const test = onCluster();

/** Ends deno as soon as it has looked around. */
const KILLED = `${DENO} "$@" &
for word; do case $word in */run.json) run=\${word%/*} ;; esac; done
until [ -e "$run/node.json" ]; do :; done
kill -9 $!
wait
echo It has seen enough
exit 3`;

const PORTS = "40000-40100";

test("The doctor finds a cluster well, and tells what a node sees", async ([node]) => {
  const found = await doctor([on(node!)]);
  assertWell(found, [
    "deno",
    "permissions",
    "libzmq",
    "local worker",
    "libdrmaa",
    "session",
    "queues",
    "probe job",
    "deno there",
    "run directory",
    "libzmq there",
    "addresses",
    "a call",
    "clock",
    "limits there",
  ]);
  const said = {
    libdrmaa: /^DRMAA 1\.0 \(.*libdrmaa\.so/,
    session: /^opened; the system is .*8\.1\.9.*, SGE_ROOT is \//,
    queues: /^4 of 4 slots are free in 1 of 1 queue instances with -q all\.q@node1$/,
    "probe job": /^ran on node1, \d+\.\d s after its submission$/,
    "deno there": new RegExp(`^${Deno.version.deno} \\(${DENO}\\)$`),
    "run directory": new RegExp(`^${HOME}/\\.gridengine can be read there$`),
    addresses: /^192\.0\.2\.10:\d+ answers in \d+\.\d ms$/,
    "a call": /^returned \d+\.\d s after the submission$/,
    clock: /^the clock of node1 is \d+ ms (ahead of|behind) this one \(± \d+\)$/,
    "limits there": /open files \d+/,
  };
  for (const [check, detail] of Object.entries(said)) {
    assertMatch(found.seen.get(check)!.detail, detail);
  }
});

test("The doctor finds that there is no libdrmaa", async () => {
  const folder = "/usr/lib/gridengine-drmaa";
  const library = await Deno.readFile(`${folder}/lib/libdrmaa.so.1.0`);
  const own = `${HOME}/drmaa`;
  await Deno.mkdir(own);
  await hidden(head, folder, async () => {
    const none = /^none was found in \d+ places/;
    const remedy =
      /install the cluster's libdrmaa, or name its path in DRMAA_LIBRARY_PATH/;
    assertFailed(await doctor(), "libdrmaa", none, remedy);
    // Where nothing speaks of a cluster, maps run without one.
    const alone = await doctor([], { before: ["env", "-u", "SGE_ROOT"] });
    assertWarned(alone, "libdrmaa", /maps run on this machine$/, remedy);
    assertSkipped(alone, "cluster", /^it cannot be reached without libdrmaa$/);
    // Of what was tried, it tells what was there.
    await Deno.writeTextFile(`${own}/libdrmaa.so.1`, "This is none");
    const broken = await doctor([], { env: { LD_LIBRARY_PATH: own } });
    const short = /^libdrmaa\.so\.1: .*file too short$/;
    assertFailed(broken, "libdrmaa", short, remedy);
    await Deno.writeFile(`${own}/libdrmaa.so.1`, library);
    const env = { DRMAA_LIBRARY_PATH: `${own}/libdrmaa.so.1` };
    const found = await doctor(["--queue=nowhere.q"], { env });
    assertEquals(found.seen.get("session")?.mark, "ok", found.text);
  }).finally(() => Deno.remove(own, { recursive: true }));
});

test("The doctor finds that SGE_ROOT is not set, or wrong", async () => {
  const remedy = /^Set SGE_ROOT to .*settings\.sh$/;
  const before = ["env", "-u", "SGE_ROOT"];
  const detail = /Please set the environment variable SGE_ROOT/;
  assertFailed(await doctor(["--cluster"], { before }), "session", detail, remedy);
  // Where nothing speaks of a cluster, maps run without one.
  assertWarned(await doctor([], { before }), "session", detail, remedy);
  const wrong = await doctor([], { env: { SGE_ROOT: "/nowhere" } });
  const missing = /"\/nowhere" doesn't exist/;
  assertFailed(wrong, "session", missing, /^SGE_ROOT is set to \/nowhere: .*wrong$/);
  assertSkipped(wrong, "probe job", /^it cannot be submitted without a session$/);
  const cell = await doctor([], { env: { SGE_CELL: "nowhere" } });
  assertFailed(
    cell,
    "session",
    /\/nowhere" doesn't exist/,
    /or SGE_CELL may be wrong$/,
  );
});

test("The doctor finds that the queue master is down, or hangs", async (nodes) => {
  const remedy = /check that sge_qmaster runs/;
  const [master] = processesOn(head).filter((pid) => programOf(pid) === "sge_qmaster");
  Deno.kill(master!, "SIGSTOP");
  try {
    const hanging = await doctor(["--timeout=3"]);
    assertFailed(hanging, "session", /^no answer within 3 s$/, remedy);
  } finally {
    Deno.kill(master!, "SIGCONT");
  }
  await killMaster();
  try {
    const down = await doctor();
    assertFailed(down, "session", /unable to .* qmaster .* host "head"/, remedy);
  } finally {
    await startMaster();
    for (const node of nodes) {
      // It would find the master again by itself, but only within half a minute.
      await killExecd(node);
      await startExecd(node);
      await untilHeard(node, true);
    }
  }
});

test("The doctor finds a firewall that drops packets", async ([node]) => {
  await filtered(`tcp dport ${PORTS} drop`, async () => {
    const env = { GRIDENGINE_PORTS: PORTS };
    const detail =
      /^node1 reaches no address of this machine: 192\.0\.2\.10:40\d+ no answer within 5 s$/;
    const remedy =
      /^In the firewalls between node1 and this machine, allow TCP .* 40000-40100;/;
    assertFailed(await doctor([on(node!)], { env }), "addresses", detail, remedy);
  });
});

test("The doctor finds a firewall that refuses connections", async ([node]) => {
  const opening =
    `tcp dport 7000-65535 tcp dport != ${PORTS} tcp flags & (syn | ack) == syn`;
  await filtered(`${opening} reject with tcp reset`, async () => {
    const remedy =
      /allow TCP .* ports, such as 40000-40100, and name them in GRIDENGINE_PORTS;/;
    const detail =
      /^node1 reaches no address of this machine: 192\.0\.2\.10:\d+ Connection refused/;
    assertFailed(await doctor([on(node!)]), "addresses", detail, remedy);
    // These it does let through.
    const found = await doctor([on(node!)], { env: { GRIDENGINE_PORTS: PORTS } });
    assertEquals(found.code, 0, found.text);
  });
});

test("The doctor tells which address of this machine a node reaches", async ([node]) => {
  const address = (...words: string[]) =>
    onHost(head, "ip", "address", ...words, "198.51.100.1/32", "dev", "lo");
  await address("add");
  try {
    const far = { env: { GRIDENGINE_INTERFACE: "198.51.100.1" } };
    const unreachable = /: 198\.51\.100\.1:\d+ Network is unreachable/;
    const remedy = /or set GRIDENGINE_INTERFACE to an address .* that nodes reach$/;
    assertFailed(await doctor([on(node!)], far), "addresses", unreachable, remedy);
    const found = await doctor([on(node!)]);
    assertEquals(found.code, 0, found.text);
    const { detail } = found.seen.get("addresses")!;
    assertMatch(detail, /192\.0\.2\.10:\d+ answers in/);
    assertMatch(detail, /198\.51\.100\.1:\d+ Network is unreachable/);
    const near = { env: { GRIDENGINE_INTERFACE: head.address } };
    assertEquals((await doctor([on(node!)], near)).code, 0);
  } finally {
    await address("delete");
  }
});

test("The doctor finds that connections open, and nothing gets through", async ([node]) => {
  await filtered(`tcp dport ${PORTS} ip length > 70 drop`, async () => {
    const env = { GRIDENGINE_PORTS: PORTS };
    const found = await doctor([on(node!), "--timeout=5"], { env });
    assertFailed(found, "a call", /^node1 did not answer it within 5\.0 s$/, /MTU/);
    const patience = { ...env, GRIDENGINE_START_TIMEOUT: "1000" };
    const gaveUp = await doctor([on(node!)], { env: patience });
    assertFailed(gaveUp, "a call", /could not reach the host .* within 1000 ms/, /MTU/);
    await instead(KILLED, async (path) => {
      const killed = await doctor([on(node!), `--deno=${path}`], { env });
      const detail = /exited with status 3 .*: It has seen enough$/;
      assertFailed(
        killed,
        "a call",
        detail,
        /Find out what or who ended it, .*instead pri/,
      );
    });
  });
});

test("The doctor finds that deno is missing on a node", async ([node]) => {
  await hidden(node!, DENO, async () => {
    const detail = new RegExp(`^There is no deno at ${DENO} on node1$`);
    assertFailed(await doctor([on(node!)]), "probe job", detail, /Install Deno there/);
    // The same one, where it is not hidden.
    const other = `${HOME}/deno`;
    await Deno.link(DENO, other);
    try {
      const found = await doctor([on(node!), `--deno=${other}`]);
      assertEquals(found.code, 0, found.text);
    } finally {
      await Deno.remove(other);
    }
  });
});

/** What it says of a job that could not start, and no more is known. */
const UNKNOWN = /its job failed to start: a directory or file that it names is missing/;
const LOOK = /share .*\.gridengine .*qacct -j doctor-\w+ shows what failed$/;

test("The doctor finds that a node does not see the run directory", async ([node]) => {
  const runs = `${HOME}/.gridengine`;
  await outputAs("user", ["mkdir", "-p", runs]);
  await hidden(node!, runs, async () => {
    const detail = new RegExp(`^node1 does not see the files in ${runs}$`);
    const found = await doctor([on(node!)]);
    const remedy = /^Set GRIDENGINE_TEMP_DIRECTORY to a directory that .* nodes share$/;
    assertFailed(found, "run directory", detail, remedy);
    const other = (await outputAs("user", ["mktemp", "-d", "-p", HOME])).trim();
    try {
      const env = { GRIDENGINE_TEMP_DIRECTORY: other };
      const well = await doctor([on(node!)], { env });
      assertEquals(well.code, 0, well.text);
    } finally {
      await Deno.remove(other);
    }
    // Without Grid Engine's programs there is less to know.
    const before = ["env", `PATH=${dirname(DENO)}`];
    const blind = await doctor([on(node!)], { before });
    assertSkipped(blind, "queues", /^Grid Engine's qstat does not list them/);
    assertFailed(blind, "probe job", UNKNOWN, LOOK);
    // Where it keeps no accounts, too.
    const reporting_params = "accounting=false reporting=false flush_time=00:00:01 " +
      "joblog=false sharelog=00:00:00";
    await withConfiguration({ reporting_params }, async () => {
      const found = await doctor([on(node!), "--timeout=3"]);
      assertFailed(found, "probe job", UNKNOWN, LOOK);
    });
  });
});

test("The doctor finds that a node lacks something else", async ([node]) => {
  await withAttribute(node!, "shell", "/nowhere/sh", async () => {
    const found = await doctor([on(node!)]);
    assertFailed(found, "probe job", UNKNOWN, LOOK);
    // As it says:
    const job = /qacct -j (\S+)/.exec(found.seen.get("probe job")!.remedy!)![1]!;
    assertMatch(await outputAs("user", ["qacct", "-j", job]), /searching requested sh/);
  });
});

test("The doctor finds that a node does not see the working directory", async ([node]) => {
  const mine = (await outputAs("user", ["mktemp", "-d"])).trim();
  try {
    const found = await doctor([on(node!)], { cwd: mine });
    const detail = new RegExp(`^node1 does not see ${mine}$`);
    assertFailed(found, "working directory", detail, /workingDirectory/);
  } finally {
    await outputAs("user", ["rmdir", mine]);
  }
});

test("The doctor finds that a node does not see the modules", async ([node]) => {
  const remedy = /^Put the program, its modules and Deno's cache \(DENO_DIR\)/;
  await hidden(node!, `${PROJECT}/src`, async () => {
    const found = await doctor([on(node!)]);
    assertFailed(found, "probe job", /Module not found .*\/src\/doctor\//, remedy);
  });
  await hidden(node!, PROJECT, async () => {
    // In a directory that is still there.
    const found = await doctor([on(node!)], { cwd: HOME });
    assertFailed(found, "probe job", /reading config file .*deno\.json/, remedy);
  });
});

test("The doctor finds that a node does not see libzmq", async ([node]) => {
  await hidden(node!, `${HOME}/.cache/deno`, async () => {
    const found = await doctor([on(node!)]);
    const detail = /^Cannot open ".*addon\.node" as libzmq/;
    const remedy =
      /DENO_DIR.* where node1 sees it .*, or set GRIDENGINE_LIBZMQ to a path/;
    assertFailed(found, "libzmq there", detail, remedy);
    const [, path] = /"(.*)"/.exec(found.seen.get("libzmq there")!.detail)!;
    const other = `${HOME}/${basename(path!)}`;
    await Deno.copyFile(path!, other);
    try {
      const env = { GRIDENGINE_LIBZMQ: other };
      const well = await doctor([on(node!)], { env });
      assertEquals(well.code, 0, well.text);
    } finally {
      await Deno.remove(other);
    }
  });
});

test("The doctor finds a limit under which deno cannot start", async ([node]) => {
  const detail = /^deno could not start under a limit on address space/;
  const remedy = /^Request mem_free instead of h_vmem .* in the queue's own limits$/;
  const asked = await doctor([], {
    env: { GRIDENGINE_DEFAULT_RESOURCES: "h_vmem=2G" },
  });
  assertFailed(asked, "probe job", detail, remedy);
  await withAttribute(node!, "h_vmem", "2G", async () => {
    assertFailed(await doctor([on(node!)]), "probe job", detail, remedy);
  });
});

test("The doctor finds that the deno of a node is too old", async ([node]) => {
  const path = `${HOME}/old-deno`;
  await Deno.copyFile(await oldDeno(), path);
  try {
    const found = await doctor([on(node!), `--deno=${path}`]);
    const detail = new RegExp(`^2\\.8\\.3 \\(${path}\\)$`);
    const remedy = /^Install Deno 2\.9 or newer there: deno upgrade$/;
    assertFailed(found, "deno there", detail, remedy);
  } finally {
    await Deno.remove(path);
  }
});

test("The doctor finds that deno hangs on a node, or fails", async () => {
  await instead("sleep 300", async (path) => {
    const found = await doctor([`--deno=${path}`, "--timeout=3"]);
    const detail = /^a node started it, but reported nothing within 3\.0 s$/;
    assertFailed(found, "probe job", detail, /instead --version does there/);
  });
  await instead("echo No glibc of 2027 here; exit 3", async (path) => {
    const found = await doctor([`--deno=${path}`]);
    const detail = /exited with status 3 \(job \d+\.1\): No glibc of 2027 here$/;
    assertFailed(found, "probe job", detail, ENDED);
  });
});

/** What to do where no more is known. */
const ENDED = /^Find out what or who ended it, and what \/.* prints on a node$/;

test("The doctor finds that its job is ended", async () => {
  await instead("kill -9 $$", async (path) => {
    const found = await doctor([`--deno=${path}`]);
    const detail = /^its process was ended by SIGKILL \(job \d+\.1\)$/;
    assertFailed(found, "probe job", detail, ENDED);
  });
  await instead("exec sleep 300", async (path) => {
    const env = { GRIDENGINE_DEFAULT_RESOURCES: "h_rt=1" };
    const found = await doctor([`--deno=${path}`], { env });
    const detail = /^it reached its run time limit of 1 s \(h_rt\) \(job/;
    assertFailed(found, "probe job", detail, ENDED);
  });
  await using waiting = start(["--native=-h"]);
  await until("its job waits", async () => (await jobs()).length === 1);
  await outputAs("user", ["qdel", ...await jobs()]);
  const found = examined(await waiting.output());
  assertFailed(found, "probe job", /^its job was deleted \(job \d+\.1\)$/, ENDED);
});

test("The doctor passes on why the cluster refuses a job", async ([node]) => {
  const unknown = await doctor(["--native=-l nonsense=1"]);
  assertFailed(
    unknown,
    "probe job",
    /unknown resource "nonsense"/,
    /show this message/,
  );
  const elsewhere = await doctor([], { host: node! });
  const detail = /host "node1" is not a submit host/;
  const remedy =
    /^Ask an administrator to make this host a submit host: (qconf -as node1)$/;
  assertFailed(elsewhere, "probe job", detail, remedy);
  const [, command] = remedy.exec(elsewhere.seen.get("probe job")!.remedy!)!;
  await onHost(head, ...command!.split(" "));
  try {
    const found = await doctor([], { host: node! });
    assertEquals(found.code, 0, found.text);
  } finally {
    await onHost(head, "qconf", "-ds", node!.name);
  }
});

test("The doctor finds that it cannot listen where it is told to", async () => {
  const found = await doctor([], { env: { GRIDENGINE_INTERFACE: "203.0.113.9" } });
  assertFailed(found, "probe job", /EADDRNOTAVAIL|ENODEV/, /GRIDENGINE_/);
});

test("The doctor leaves nothing behind when Ctrl-C ends it", async () => {
  await using waiting = start(["--native=-h"], { before: ["setsid"] });
  await until("its job waits", async () => (await jobs()).length === 1);
  await outputAs("user", ["kill", "-INT", "--", `-${waiting.pid}`]);
  assertEquals((await waiting.output()).code, 130);
  assertEquals(await jobs(), []);
  await instead("sleep 300", async (path) => {
    await using running = start([`--deno=${path}`], { before: ["setsid"] });
    const isRunning = async () => (await outputAs("user", ["qstat"])).includes(" r ");
    await until("its job runs", isRunning);
    await outputAs("user", ["kill", "-INT", "--", `-${running.pid}`]);
    assertEquals((await running.output()).code, 130);
  });
});
