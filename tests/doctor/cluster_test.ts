/**
 * What the doctor finds on a real Grid Engine, whole and with one thing broken at a time:
 * each failure that it can tell is brought about here.
 */

import { assertEquals, assertMatch } from "@std/assert";
import {
  head,
  HOME,
  type Host,
  killExecd,
  killMaster,
  outputAs,
  PROJECT,
  runAs,
  type RunOptions,
  startExecd,
  startMaster,
  untilHeard,
  type Who,
} from "../cluster/cluster.ts";
import { dirname } from "node:path";
import { withoutQueue } from "../cluster/grid.ts";
import { processesOn } from "../cluster/hosts.ts";
import { DENO } from "../cluster/layout.ts";
import { programOf } from "../cluster/processes.ts";
import { until } from "../cluster/shell.ts";
import { jobs, onCluster } from "../scheduler/_ground.ts";
import {
  assertFailed,
  assertWarned,
  assertWell,
  type Examined,
  examined,
} from "./_doctor.ts";

const test = onCluster();

/** How the doctor is run. */
interface Call extends RunOptions {
  who?: Who;
  /** Words before deno, such as those of `env`. */
  before?: string[];
}

/** Starts the doctor on the submit host. */
function start(args: string[], { who = "user", before = [], ...options }: Call = {}) {
  const words = [...before, "deno", "run", "-A", `${PROJECT}/doctor.ts`, ...args];
  return runAs(who, words, {
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(90_000),
    ...options,
  });
}

async function doctor(args: string[] = [], call?: Call): Promise<Examined> {
  return examined(await start(args, call).output());
}

/** The doctor's option for a job that runs on this node. */
const on = (node: Host | undefined) => `--queue=all.q@${node!.name}`;

/** Does something as root where no namespace hides anything. */
const onHost = (host: Host, ...words: string[]) =>
  outputAs("root", words, { host, cwd: "/" });

/** Hides a file or a directory from a host, while something is done. */
async function hidden<T>(
  host: Host,
  path: string,
  work: () => Promise<T>,
): Promise<T> {
  const { isFile } = await Deno.stat(path);
  const cover = isFile ? ["--bind", "/dev/null"] : ["-t", "tmpfs", "none"];
  await onHost(host, "mount", ...cover, path);
  try {
    return await work();
  } finally {
    await onHost(host, "umount", path);
  }
}

/** Drops packets that reach the submit host from others, while something is done. */
async function dropped<T>(which: string, work: () => Promise<T>): Promise<T> {
  const nft = (...words: string[]) => onHost(head, "nft", ...words);
  await nft("add", "table", "inet", "doctor");
  try {
    const chain = ["chain", "inet", "doctor", "in"];
    await nft("add", ...chain, "{ type filter hook input priority 0; }");
    await nft("add", "rule", ...chain.slice(1), which, "drop");
    return await work();
  } finally {
    await nft("delete", "table", "inet", "doctor");
  }
}

/** A program in place of deno that all hosts see, while something is done with it. */
async function instead<T>(
  script: string,
  work: (path: string) => Promise<T>,
): Promise<T> {
  const path = `${HOME}/instead`;
  await Deno.writeTextFile(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  try {
    return await work(path);
  } finally {
    await Deno.remove(path);
  }
}

/** Ends deno as soon as it has looked around. */
const KILLED = `${DENO} "$@" &
for word; do case $word in */run.json) run=\${word%/*} ;; esac; done
until [ -e "$run/node.json" ]; do :; done
kill -9 $!
wait
echo It has seen enough
exit 3`;

const PORTS = "40000-40100";

test("the doctor finds a cluster well, and tells what a node sees", async ([node]) => {
  const found = await doctor([on(node)]);
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
    session: /^opens; the system is .*8\.1\.9.*, SGE_ROOT is \//,
    queues: /^4 of 4 slots are free in 1 of 1 queue instances with -q all\.q@node1$/,
    "probe job": /^ran on node1, \d+\.\d s after its submission$/,
    "deno there": new RegExp(`^${Deno.version.deno} \\(${DENO}\\)$`),
    "run directory": new RegExp(`^${HOME}/\\.gridengine can be read there$`),
    addresses: /^192\.0\.2\.10:\d+ answers in \d+\.\d ms$/,
    "a call": /^came back \d+\.\d s after the submission$/,
    clock: /^that of node1 is \d+ ms (ahead of|behind) this one \(± \d+\)$/,
    "limits there": /open files \d+/,
  };
  for (const [check, detail] of Object.entries(said)) {
    assertMatch(found.seen.get(check)!.detail, detail);
  }
});

test("the doctor finds that there is no libdrmaa", async () => {
  await hidden(head, "/usr/lib/gridengine-drmaa", async () => {
    const none = /^none was found in \d+ places/;
    const remedy =
      /install the cluster's libdrmaa, or name its path in DRMAA_LIBRARY_PATH/;
    assertFailed(await doctor(), "libdrmaa", none, remedy);
    // Where nothing speaks of a cluster, maps run without one.
    const alone = await doctor([], { before: ["env", "-u", "SGE_ROOT"] });
    assertWarned(alone, "libdrmaa", /maps run on this machine$/, remedy);
  });
});

test("the doctor finds that SGE_ROOT is not set, or wrong", async () => {
  const remedy = /^Set SGE_ROOT to .*settings\.sh$/;
  const before = ["env", "-u", "SGE_ROOT"];
  const detail = /Please set the environment variable SGE_ROOT/;
  assertFailed(await doctor(["--cluster"], { before }), "session", detail, remedy);
  // Where nothing speaks of a cluster, maps run without one.
  assertWarned(await doctor([], { before }), "session", detail, remedy);
  const wrong = await doctor([], { env: { SGE_ROOT: "/nowhere" } });
  const missing = /"\/nowhere" doesn't exist/;
  assertFailed(wrong, "session", missing, /^SGE_ROOT is set to \/nowhere: .*wrong$/);
});

test("the doctor finds that the queue master is down, or hangs", async (nodes) => {
  const remedy = /see that sge_qmaster runs/;
  const [master] = processesOn(head).filter((pid) => programOf(pid) === "sge_qmaster");
  Deno.kill(master!, "SIGSTOP");
  const hanging = await doctor(["--timeout=3"]);
  Deno.kill(master!, "SIGCONT");
  assertFailed(hanging, "session", /^no answer within 3 s$/, remedy);
  await killMaster();
  const down = await doctor();
  await startMaster();
  assertFailed(down, "session", /unable to .* qmaster .* host "head"/, remedy);
  for (const node of nodes) {
    // It would find the master again by itself, but only within half a minute.
    await killExecd(node);
    await startExecd(node);
    await untilHeard(node, true);
  }
});

test("the doctor finds that there is no queue", async () => {
  const remedy = /qconf -sql lists the queues/;
  const unknown = await doctor(["--queue=nowhere.q"]);
  assertFailed(unknown, "queues", /^none takes jobs with -q nowhere\.q$/, remedy);
  await withoutQueue("all.q", async () => {
    assertFailed(await doctor(), "queues", /^none takes jobs$/, remedy);
  });
  const much = await doctor([], {
    env: { GRIDENGINE_DEFAULT_RESOURCES: "mem_free=100000G" },
  });
  assertFailed(
    much,
    "queues",
    /none takes jobs with -l mem_free=100000G/,
    /ask for less/,
  );
});

test("the doctor finds that no queue is open", async ([node]) => {
  await onHost(head, "qmod", "-d", `all.q@${node!.name}`);
  try {
    const states = /^none is open with .*; states: all\.q@node1 d$/;
    assertFailed(await doctor([on(node)]), "queues", states, /qmod -e QUEUE/);
  } finally {
    await onHost(head, "qmod", "-e", `all.q@${node!.name}`);
  }
});

test("the doctor finds that all slots are taken, and warns", async () => {
  const words = ["-b", "y", "-t", "1-8", "-j", "y", "-o", "/dev/null", "sleep", "300"];
  await outputAs("user", ["qsub", ...words]);
  const [job] = await jobs();
  try {
    const isFull = async () => !(await outputAs("user", ["qstat"])).includes(" qw ");
    await until("all slots are taken", isFull);
    const found = await doctor(["--timeout=2"]);
    assertWarned(found, "queues", /^0 of 8 slots are free in 2 of 2/, /qstat -u '\*'/);
    assertWarned(
      found,
      "probe job",
      /still waited in the queue after 2\.0 s/,
      /--timeo/,
    );
  } finally {
    await outputAs("user", ["qdel", job!]);
  }
});

test("the doctor finds a firewall that drops the ports", async ([node]) => {
  await dropped(`tcp dport ${PORTS}`, async () => {
    const env = { GRIDENGINE_PORTS: PORTS };
    const detail =
      /^node1 reaches none of this machine: 192\.0\.2\.10:40\d+ no answer within 5 s$/;
    const remedy =
      /^In the firewalls between node1 and this machine, let TCP .* 40000-40100 through/;
    assertFailed(await doctor([on(node)], { env }), "addresses", detail, remedy);
  });
  const opening = "tcp dport 7000-65535 tcp flags & (syn | ack) == syn";
  await dropped(opening, async () => {
    const remedy = /name ports in GRIDENGINE_PORTS, such as 40000-40100/;
    const detail = /no answer within 5 s$/;
    assertFailed(await doctor([on(node)]), "addresses", detail, remedy);
  });
});

test("the doctor tells which address of this machine a node reaches", async ([node]) => {
  const address = (...words: string[]) =>
    onHost(head, "ip", "address", ...words, "198.51.100.1/32", "dev", "lo");
  await address("add");
  try {
    const found = await doctor([on(node)]);
    assertEquals(found.code, 0, found.text);
    const { detail } = found.seen.get("addresses")!;
    assertMatch(detail, /192\.0\.2\.10:\d+ answers in/);
    assertMatch(detail, /198\.51\.100\.1:\d+ Network is unreachable/);
  } finally {
    await address("delete");
  }
});

test("the doctor finds that connections open, and nothing gets through", async ([node]) => {
  await dropped(`tcp dport ${PORTS} ip length > 70`, async () => {
    const env = { GRIDENGINE_PORTS: PORTS };
    const found = await doctor([on(node), "--timeout=12"], { env });
    assertFailed(found, "a call", /^node1 did not answer it within 12\.0 s$/, /MTU/);
    const patience = { ...env, GRIDENGINE_START_TIMEOUT: "1000" };
    const gaveUp = await doctor([on(node)], { env: patience });
    assertFailed(gaveUp, "a call", /could not reach the host .* within 1000 ms/, /MTU/);
    await instead(KILLED, async (path) => {
      const killed = await doctor([on(node), `--deno=${path}`], { env });
      const detail = /exited with status 3 .*: It has seen enough$/;
      assertFailed(killed, "a call", detail, /See what ended .*instead on the node/);
    });
  });
});

test("the doctor finds that deno is missing on a node", async ([node]) => {
  await hidden(node!, DENO, async () => {
    const detail = new RegExp(`^There is no deno at ${DENO} on node1$`);
    assertFailed(await doctor([on(node)]), "probe job", detail, /Install Deno there/);
  });
});

test("the doctor finds that a node does not see the run directory", async ([node]) => {
  const runs = `${HOME}/.gridengine`;
  await outputAs("user", ["mkdir", "-p", runs]);
  await hidden(node!, runs, async () => {
    const detail = new RegExp(`^node1 does not see what is in ${runs}$`);
    const found = await doctor([on(node)]);
    assertFailed(found, "run directory", detail, /GRIDENGINE_TEMP_DIRECTORY/);
    // Without Grid Engine's programs there is less to know.
    const before = ["env", `PATH=${dirname(DENO)}`];
    const blind = await doctor([on(node)], { before });
    assertEquals(blind.seen.get("queues")!.mark, "skipped", blind.text);
    const missing =
      /its job failed to start: a directory or file that it names is missing/;
    assertFailed(blind, "probe job", missing, /share .*\.gridengine .*qacct -j \d+/);
  });
});

test("the doctor finds that a node does not see the working directory", async ([node]) => {
  const mine = (await outputAs("user", ["mktemp", "-d"])).trim();
  try {
    const found = await doctor([on(node)], { cwd: mine });
    const detail = new RegExp(`^node1 does not see ${mine}$`);
    assertFailed(found, "working directory", detail, /workingDirectory/);
  } finally {
    await outputAs("user", ["rmdir", mine]);
  }
});

test("the doctor finds that a node does not see the modules", async ([node]) => {
  const remedy = /^Put the program, its modules and Deno's cache \(DENO_DIR\)/;
  await hidden(node!, `${PROJECT}/src`, async () => {
    const found = await doctor([on(node)]);
    assertFailed(found, "probe job", /Module not found .*\/src\/doctor\//, remedy);
  });
  await hidden(node!, PROJECT, async () => {
    // In a directory that is still there.
    const found = await doctor([on(node)], { cwd: HOME });
    assertFailed(found, "probe job", /reading config file .*deno\.json/, remedy);
  });
});

test("the doctor finds that a node does not see libzmq", async ([node]) => {
  await hidden(node!, `${HOME}/.cache/deno`, async () => {
    const found = await doctor([on(node)]);
    const detail = /^Cannot open ".*addon\.node" as libzmq/;
    assertFailed(found, "libzmq there", detail, /DENO_DIR.* where node1 sees it/);
  });
});

test("the doctor finds a limit under which deno cannot start", async () => {
  const found = await doctor(["--native=-l h_vmem=2G"]);
  const detail = /^deno could not start under a limit of its address space/;
  assertFailed(found, "probe job", detail, /^Ask for mem_free in place of h_vmem/);
});

test("the doctor finds that deno hangs on a node, or fails", async () => {
  await instead("sleep 300", async (path) => {
    const found = await doctor([`--deno=${path}`, "--timeout=3"]);
    const detail = /^a node began with it, and said nothing within 3\.0 s$/;
    assertFailed(found, "probe job", detail, /instead --version does there/);
  });
  await instead("echo No glibc of 2027 here; exit 3", async (path) => {
    const found = await doctor([`--deno=${path}`]);
    const detail = /exited with status 3 \(job \d+\.1\): No glibc of 2027 here$/;
    assertFailed(found, "probe job", detail, /See what ended .*instead on the node/);
  });
});

test("the doctor passes on why the cluster refuses a job", async ([node]) => {
  const unknown = await doctor(["--native=-l nonsense=1"]);
  assertFailed(unknown, "probe job", /unknown resource "nonsense"/, /show these words/);
  const elsewhere = await doctor([], { host: node! });
  const detail = /host "node1" is not a submit host/;
  assertFailed(elsewhere, "probe job", detail, /qconf -as node1$/);
});

test("the doctor finds that it cannot listen where it is told to", async () => {
  const found = await doctor([], { env: { GRIDENGINE_INTERFACE: "203.0.113.9" } });
  assertFailed(found, "probe job", /EADDRNOTAVAIL|ENODEV/, /GRIDENGINE_/);
});

test("the doctor leaves nothing behind when Ctrl-C ends it", async () => {
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
