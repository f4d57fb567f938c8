/**
 * Explains the outcome of the probe, and what to do.
 *
 * @module
 */

import { dirname } from "node:path";
import type { WorkerLoss } from "../errors.ts";
import { settings } from "../settings.ts";
import { failure, type Finding, ok, warning } from "./finding.ts";
import { denoFinding } from "./machine.ts";
import type { NodeReport } from "./node_report.ts";
import type { DoctorOptions } from "./options.ts";
import type { Call, Outcome } from "./probe.ts";
import { ask } from "./tools.ts";

const CHECK = "probe job";
/** The message about a job that a node could not start. */
const BACK = /^it waits in the queue, because/;
const CLOSED =
  "Repair what failed there, such as prolog, starter_method or shell of the queue (qconf " +
  "-sq); then ask an administrator to open the queues: qmod -cq";
const OTHER_REQUEST =
  "Request something else by --queue, --native and GRIDENGINE_DEFAULT_RESOURCES, or " +
  "show this message to the administrators";

/**
 * Explains the outcome of a probe, step by step.
 *
 * @param signal Ends further questions to the cluster.
 */
export async function* verdict(
  outcome: Outcome,
  options: DoctorOptions,
  signal: AbortSignal,
): AsyncGenerator<Finding> {
  const { report, call, submitted } = outcome;
  if (!report) {
    yield await whyNone(outcome, options, signal);
    return;
  }
  const { host, began } = report;
  const start = call && seconds(began - call.ahead - submitted);
  yield ok(CHECK, `ran on ${host}${start ? `, ${start} after its submission` : ""}`);
  const deno = options.denoPath ?? Deno.execPath();
  yield denoFinding("deno there", report.deno, deno);
  yield ok("run directory", `${dirname(outcome.directory)} can be read there`);
  yield* whatItSees(report);
  if (call) yield* whatItDoes(call, host);
  else if (isWell(report)) yield noCall(outcome, host, options);
  yield ok("limits there", report.limits.join(", ") || "none");
}

/** Whether the node has everything that a worker needs. */
function isWell({ libzmq, addresses }: NodeReport): boolean {
  return libzmq === undefined && addresses.some(({ answers }) => answers);
}

function* whatItSees({ host, libzmq, addresses }: NodeReport): Generator<Finding> {
  if (libzmq === undefined) {
    yield ok("libzmq there", "opens");
  } else {
    yield failure(
      "libzmq there",
      libzmq,
      `Put Deno's cache (DENO_DIR) where ${host} sees it under the same path, such as in a ` +
        "shared home directory, or set GRIDENGINE_LIBZMQ to a path that all hosts have",
    );
  }
  const detail = addresses.map(({ address, detail }) => `${address} ${detail}`).join(
    ", ",
  );
  if (addresses.some(({ answers }) => answers)) {
    yield ok("addresses", detail);
    return;
  }
  const ports = settings.ports === undefined
    ? "allow TCP connections to some ports, such as 40000-40100, and name them in " +
      "GRIDENGINE_PORTS"
    : `allow TCP connections to the ports ${settings.ports}`;
  yield failure(
    "addresses",
    `${host} reaches no address of this machine: ${detail}`,
    `In the firewalls between ${host} and this machine, ${ports}; or set ` +
      "GRIDENGINE_INTERFACE to an address of this machine that nodes reach",
  );
}

function* whatItDoes({ took, ahead, within }: Call, host: string): Generator<Finding> {
  yield ok("a call", `returned ${seconds(took)} after the submission`);
  const side = ahead < 0 ? "behind" : "ahead of";
  const precision = Math.max(1, Math.round(within));
  yield ok(
    "clock",
    `the clock of ${host} is ${
      Math.abs(Math.round(ahead))
    } ms ${side} this one (± ${precision})`,
  );
}

/** Everything was ok on the node, but the call did not return. */
function noCall({ loss }: Outcome, host: string, options: DoctorOptions): Finding {
  if (loss && loss.cause !== "unreachable") return ended("a call", loss, options);
  return failure(
    "a call",
    loss?.detail ?? `${host} did not answer it within ${seconds(options.timeout)}`,
    "The port accepts connections, but data does not get through: look for a packet " +
      "filter on the way, or for a different MTU",
  );
}

/** The worker was ended, and the cluster reports no more about it. */
function ended(check: string, loss: WorkerLoss, options: DoctorOptions): Finding {
  const { detail, log } = loss;
  const deno = options.denoPath ?? Deno.execPath();
  return failure(
    check,
    log ? `${detail}: ${log}` : detail,
    `Find out what or who ended it, and what ${deno} prints on a node`,
  );
}

/** Explains why there is no report of the node. */
async function whyNone(
  outcome: Outcome,
  options: DoctorOptions,
  signal: AbortSignal,
): Promise<Finding> {
  const { loss, started, delay, late } = outcome;
  const limit = seconds(options.timeout);
  if (late && started) {
    const deno = options.denoPath ?? Deno.execPath();
    return failure(
      CHECK,
      `a node started it, but reported nothing within ${limit}`,
      `Log in to a node, and try what ${deno} --version does there; if files are ` +
        "slow there, allow more time by --timeout",
    );
  }
  if (late && delay?.startsWith("no queue suits it")) {
    return failure(CHECK, delay, OTHER_REQUEST);
  }
  if (BACK.test(delay ?? loss?.detail ?? "")) {
    return failure(CHECK, delay ?? loss!.detail, CLOSED);
  }
  if (late && delay !== undefined) {
    return warning(
      CHECK,
      `the cluster did not accept it within ${limit}: ${delay}`,
      "Maps wait as long as it takes. qstat lists your jobs; qconf -sconf and -srqsl " +
        "show the limits, such as max_u_jobs",
    );
  }
  if (late) {
    return warning(
      CHECK,
      `it still waited in the queue after ${limit}`,
      "Maps wait as long as it takes. qstat -u '*' shows the jobs before it; request less " +
        "(GRIDENGINE_DEFAULT_RESOURCES) or another --queue, or allow more time by --timeout",
    );
  }
  const { cause, detail, log = "" } = loss!;
  if (cause === "never started") {
    if (/did not accept its job/.test(detail)) return refused(detail);
    const patience = AbortSignal.any([signal, AbortSignal.timeout(options.timeout)]);
    return await failedToStart(detail, outcome, patience);
  }
  if (/^There is no deno at /m.test(log)) {
    return failure(
      CHECK,
      log,
      "Install Deno there at that path, or name its path on all nodes: by denoPath of the " +
        "scheduler, and by --deno for the doctor",
    );
  }
  if (/Module not found|reading config file/.test(log)) {
    return failure(
      CHECK,
      log,
      "Put the program, its modules and Deno's cache (DENO_DIR) where nodes see them " +
        "under the same paths, such as in a shared home directory",
    );
  }
  if (cause === "out of memory") {
    return failure(
      CHECK,
      detail,
      "Request mem_free instead of h_vmem and h_data: in the options of the doctor, in " +
        "GRIDENGINE_DEFAULT_RESOURCES, and in the queue's own limits",
    );
  }
  return ended(CHECK, loss!, options);
}

/** The cluster refused the job: its message, and what to do. */
function refused(detail: string): Finding {
  const remedy = /not a submit host/.test(detail)
    ? `Ask an administrator to make this host a submit host: qconf -as ${Deno.hostname()}`
    : OTHER_REQUEST;
  return failure(CHECK, detail, remedy);
}

/** Grid Engine's failure numbers of jobs for which a directory is missing. */
const NO_OUTPUT = "26", NO_WORKING_DIRECTORY = "28";

/** A node could not start the job. Grid Engine's accounting may know the node and why. */
async function failedToStart(
  detail: string,
  { name, directory }: Outcome,
  signal: AbortSignal,
): Promise<Finding> {
  const runs = dirname(directory);
  const { host, failed } = await account(name, signal);
  if (failed === NO_OUTPUT) {
    return failure(
      "run directory",
      `${host} does not see the files in ${runs}`,
      "Set GRIDENGINE_TEMP_DIRECTORY to a directory that this machine and all nodes share",
    );
  }
  if (failed === NO_WORKING_DIRECTORY) {
    return failure(
      "working directory",
      `${host} does not see ${Deno.cwd()}`,
      "Run programs in a directory that all nodes see, or set the scheduler's " +
        "workingDirectory to one",
    );
  }
  return failure(
    CHECK,
    detail,
    `Check that all nodes share ${runs} (GRIDENGINE_TEMP_DIRECTORY) and ${Deno.cwd()} ` +
      `(workingDirectory of the scheduler), and check prolog, starter_method and shell of ` +
      `the queue; qacct -j ${name} shows what failed`,
  );
}

/** The host and the failure number of a job. Accounting is written with some delay. */
async function account(
  job: string,
  signal: AbortSignal,
): Promise<{ host?: string; failed?: string }> {
  for (;;) {
    const said = await ask("qacct", ["-j", job]);
    const field = (name: string) =>
      new RegExp(`^${name} +(\\S+)`, "m").exec(said?.out ?? "")?.[1];
    const [host, failed] = [field("hostname"), field("failed")];
    if (host !== undefined && failed !== undefined) return { host, failed };
    if (!said || signal.aborted) return {};
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
