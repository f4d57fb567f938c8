/**
 * Grid Engine on the hosts: its files, its daemons, its configuration. The programs are
 * those of the Debian packages; the root directory, the cell and the spool are our own.
 *
 * @module
 */

import { commandOn, outputAs } from "./_command.ts";
import {
  environment,
  gidRange,
  head,
  type Host,
  SGE_CELL,
  SGE_ROOT,
  SLOTS,
  SPOOL,
  STATE,
} from "./_layout.ts";
import { endAll, programOf } from "../fixtures/processes.ts";
import { processesOn } from "./_hosts.ts";
import { sh, textOf } from "../fixtures/shell.ts";
import { until } from "../fixtures/waiting.ts";

/** Where the packages have their programs. Those elsewhere are wrappers around these. */
const PROGRAMS = "/usr/lib/gridengine";
const TEMPLATES = "/usr/share/gridengine";
const COMMON = `${SGE_ROOT}/${SGE_CELL}/common`;
const DRAFTS = `${STATE}/drafts`;

/** What differs from the packages' configuration of the cluster. */
const CONFIGURATION = {
  execd_spool_dir: `${SPOOL}/execd`,
  // A node reports every second, and is taken for lost after five without a report.
  load_report_time: "00:00:01",
  max_unheard: "00:00:05",
  // Nobody reads mail here, and what is in a mail queue would stay behind.
  administrator_mail: "none",
  mailer: "/bin/true",
  // Jobs that are deleted are gone when their node is: they do not wait for its return.
  qmaster_params: "ENABLE_FORCED_QDEL_IF_UNKNOWN=true",
  // So that qacct knows at once what ended.
  reporting_params: "accounting=true reporting=false flush_time=00:00:01 " +
    "joblog=false sharelog=00:00:00",
};

/** What differs from the scheduler's default configuration. */
const SCHEDULER = {
  schedule_interval: "0:0:1",
  flush_submit_sec: "1",
  flush_finish_sec: "1",
  // Jobs are not expected to make a load of their own: it would delay the next.
  job_load_adjustments: "NONE",
  load_adjustment_decay_time: "0:0:0",
};

/** What differs from the template of a queue. */
const QUEUE = {
  qname: "all.q",
  hostlist: "@allhosts",
  slots: `${SLOTS}`,
  // The load of the machine is that of every host: it must not close the queues.
  load_thresholds: "NONE",
  pe_list: "make smp mpi",
};

/** Writes the files of a Grid Engine that has never run. */
export async function createGrid(nodes: Host[]): Promise<void> {
  for (const folder of [COMMON, `${SPOOL}/qmaster/job_scripts`, `${SPOOL}/spooldb`]) {
    await Deno.mkdir(folder, { recursive: true });
  }
  await Deno.mkdir(`${SPOOL}/execd`);
  await Deno.mkdir(DRAFTS);
  for (const name of ["bin", "lib", "util", "utilbin"]) {
    await Deno.symlink(`/var/lib/gridengine/${name}`, `${SGE_ROOT}/${name}`);
  }
  // Before the start: the master refuses to run on a host of another name.
  await Deno.writeTextFile(`${COMMON}/act_qmaster`, `${head.name}\n`);
  const bootstrap = await Deno.readTextFile(`${TEMPLATES}/default-bootstrap`);
  await Deno.writeTextFile(
    `${COMMON}/bootstrap`,
    changed(bootstrap, {
      spooling_params: `${SPOOL}/spooldb`,
      qmaster_spool_dir: `${SPOOL}/qmaster`,
    }),
  );
  const base = await Deno.readTextFile(`${TEMPLATES}/default-configuration`);
  const configuration = await draft("global", changed(base, CONFIGURATION));
  await sh("chown", "--recursive", "sgeadmin:sgeadmin", SGE_ROOT, SPOOL);

  const resources = `${TEMPLATES}/util/resources`;
  await spool("spoolinit", "berkeleydb", "libspoolb", `${SPOOL}/spooldb`, "init");
  await spool("spooldefaults", "configuration", configuration);
  await spool("spooldefaults", "complexes", `${resources}/centry`);
  await spool("spooldefaults", "usersets", `${resources}/usersets`);
  // Before the queue, which refers to them.
  await spool("spooldefaults", "pes", `${resources}/pe`);
  await spool("spooldefaults", "managers", "sgeadmin", "root");
  for (const node of nodes) {
    const local = await draft(node.name, `gid_range ${gidRange(node)}\n`);
    await spool("spooldefaults", "local_conf", local, node.name);
  }
}

/** Tells a running master of the hosts, the queue and the scheduler's settings. */
export async function configureGrid(nodes: Host[]): Promise<void> {
  await qconf("-as", head.name);
  for (const { name } of nodes) await qconf("-ah", name);
  const names = nodes.map(({ name }) => name).join(" ");
  const group = `group_name @allhosts\nhostlist ${names}\n`;
  await qconf("-Ahgrp", await draft("hostgroup", group));
  await qconf("-Aq", await draft("queue", changed(await qconf("-sq"), QUEUE)));
  const scheduler = changed(await qconf("-ssconf"), SCHEDULER);
  await qconf("-Msconf", await draft("scheduler", scheduler));
}

/** Does something while the cluster's global configuration has other values. */
export async function withConfiguration(
  values: Record<string, string>,
  work: () => Promise<void>,
): Promise<void> {
  const usual = await qconf("-sconf");
  try {
    // The file is named after what it configures.
    await qconf("-Mconf", await draft("global", changed(usual, values)));
    await work();
  } finally {
    await qconf("-Mconf", await draft("global", usual));
  }
}

/** Does something while attributes of the queue have other values. */
export async function withQueue(
  values: Record<string, string>,
  work: () => Promise<void>,
): Promise<void> {
  const usual = await qconf("-sq", QUEUE.qname);
  const set = async (name: string, value: string) =>
    void await qconf("-rattr", "queue", name, value, QUEUE.qname);
  try {
    for (const [name, value] of Object.entries(values)) await set(name, value);
    await work();
  } finally {
    for (const name of Object.keys(values)) {
      await set(name, new RegExp(`^${name}\\s+(.*\\S)`, "m").exec(usual)![1]!);
    }
  }
}

/** Does something while the cluster has no queue of a name. */
export async function withoutQueue(
  name: string,
  work: () => Promise<void>,
): Promise<void> {
  const usual = await qconf("-sq", name);
  try {
    await qconf("-dq", name);
    await work();
  } finally {
    await qconf("-Aq", await draft("queue", usual));
  }
}

/** A configuration in lines of names and values, with some of the values replaced. */
function changed(text: string, values: Record<string, string>): string {
  // A value may go on in the next line.
  const lines = text.replaceAll("\\\n", " ").split("\n");
  const rest = lines.filter((line) => !(line.split(/\s/)[0]! in values));
  const own = Object.entries(values).map(([name, value]) => `${name} ${value}`);
  return [...rest.filter((line) => line.trim()), ...own, ""].join("\n");
}

async function draft(name: string, text: string): Promise<string> {
  const path = `${DRAFTS}/${name}`;
  await Deno.writeTextFile(path, text);
  return path;
}

/** Runs one of the programs that write the spool. All in it must belong to sgeadmin. */
async function spool(program: string, ...args: string[]): Promise<void> {
  const words = [`${PROGRAMS}/${program}`, ...args];
  await textOf(commandOn("sgeadmin", words, { cwd: "/" }), words);
}

async function qconf(...args: string[]): Promise<string> {
  return await outputAs("root", ["qconf", ...args], { cwd: "/" });
}

/**
 * Starts the queue master, unless it runs, and waits until it answers. The execution
 * daemons find it again within half a minute; those that are restarted do so at once.
 */
export async function startMaster(): Promise<void> {
  await startDaemon(head, "sge_qmaster");
  await until(`the queue master answers (${SPOOL}/qmaster/messages)`, async () => {
    await qconf("-sh");
    return true;
  });
}

/** Ends the queue master at once, as the failure of its host would. */
export async function killMaster(): Promise<void> {
  await endAll(() => daemons(head, "sge_qmaster"));
}

/** Starts a node's execution daemon, unless it runs. */
export async function startExecd(node: Host): Promise<void> {
  await startDaemon(node, "sge_execd");
}

/** Ends a node's execution daemon at once. Its jobs run on, each under its shepherd. */
export async function killExecd(node: Host): Promise<void> {
  await endAll(() => daemons(node, "sge_execd"));
}

async function startDaemon(host: Host, program: string): Promise<void> {
  if (daemons(host, program).length > 0) return;
  // Jobs inherit what a daemon has, so it has what a boot would give it and no more.
  const { PATH } = environment("root");
  const bare = [
    "env",
    "-i",
    `PATH=${PATH}`,
    `SGE_ROOT=${SGE_ROOT}`,
    `SGE_CELL=${SGE_CELL}`,
  ];
  const words = [...bare, `${PROGRAMS}/${program}`];
  const { success } = await commandOn("root", words, {
    host,
    cwd: "/",
    stdin: "null",
    // Not pipes: the daemon, which stays, would hold them open.
    stdout: "null",
    stderr: "null",
  }).spawn().status;
  // What a daemon cannot write to its spool yet, it writes into the host's /tmp.
  if (!success) throw new Error(`${program} does not start: see ${SPOOL}, ${host.tmp}`);
}

function daemons(host: Host, program: string): number[] {
  return processesOn(host).filter((pid) => {
    try {
      return programOf(pid) === program;
    } catch {
      return false;
    }
  });
}

/** Whether a node's daemon reports to the master. */
export async function isHeard(node: Host): Promise<boolean> {
  const line = (await hostText()).split("\n").find((line) =>
    line.split(/\s+/)[0] === node.name
  );
  // The seventh column is the load: "-" where none is known.
  return !["-", undefined].includes(line?.split(/\s+/)[6]);
}

/** Waits until a node's daemon reports to the master, or no longer does. */
export async function untilHeard(node: Host, heard: boolean): Promise<void> {
  await until(
    `${node.name} is ${heard ? "heard" : "lost"}`,
    async () => await isHeard(node) === heard,
  );
}

/** Opens the queues again that a failed job has put into the error state. */
export async function clearErrors(): Promise<void> {
  await outputAs("root", ["qmod", "-c", "*"], { cwd: "/" });
}

/** All jobs of all users, as qstat lists them: nothing where there are none. */
export async function queueText(): Promise<string> {
  return await outputAs("root", ["qstat", "-u", "*"], { cwd: "/" });
}

/** The hosts with their load, as qhost lists them. */
export async function hostText(): Promise<string> {
  return await outputAs("root", ["qhost"], { cwd: "/" });
}

/** The queues with their states and jobs, as `qstat -f` lists them. */
export async function fullText(): Promise<string> {
  return await outputAs("root", ["qstat", "-f", "-u", "*"], { cwd: "/" });
}
