/**
 * What the outcome of the probe means, and what to do about it.
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
/** What is told of a job that a node could not start. */
const BACK = /^it waits in the queue, because/;
const CLOSED =
  "See to what failed there, such as prolog, starter_method or shell of the queue (qconf " +
  "-sq); then an administrator opens the queues: qmod -cq";
const OTHER_REQUEST =
  "Ask for something else by --queue, --native and GRIDENGINE_DEFAULT_RESOURCES, or " +
  "show these words to the administrators";

/**
 * What the outcome of a probe means, one thing after the other.
 *
 * @param signal Ends what is asked about it.
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

/** Whether the node has all that a worker needs. */
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
      `Put Deno's cache (DENO_DIR) where ${host} sees it under the same path, as in a ` +
        "shared home directory, or name in GRIDENGINE_LIBZMQ one that all hosts have",
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
    ? "name ports in GRIDENGINE_PORTS, such as 40000-40100, and let TCP connections to them through"
    : `let TCP connections to the ports ${settings.ports} through`;
  yield failure(
    "addresses",
    `${host} reaches none of this machine: ${detail}`,
    `In the firewalls between ${host} and this machine, ${ports}; or name in ` +
      "GRIDENGINE_INTERFACE an address of this machine that nodes reach",
  );
}

function* whatItDoes({ took, ahead, within }: Call, host: string): Generator<Finding> {
  yield ok("a call", `came back ${seconds(took)} after the submission`);
  const side = ahead < 0 ? "behind" : "ahead of";
  const precision = Math.max(1, Math.round(within));
  yield ok(
    "clock",
    `that of ${host} is ${
      Math.abs(Math.round(ahead))
    } ms ${side} this one (± ${precision})`,
  );
}

/** All was well there, and yet nothing came back. */
function noCall({ loss }: Outcome, host: string, options: DoctorOptions): Finding {
  if (loss && loss.cause !== "unreachable") return ended("a call", loss, options);
  return failure(
    "a call",
    loss?.detail ?? `${host} did not answer it within ${seconds(options.timeout)}`,
    "The port takes connections, and what is said does not get through: look for what " +
      "inspects packets on the way, or for an MTU that differs",
  );
}

/** The worker was ended, and the cluster says no more of it. */
function ended(check: string, loss: WorkerLoss, options: DoctorOptions): Finding {
  const { detail, log } = loss;
  const deno = options.denoPath ?? Deno.execPath();
  return failure(
    check,
    log ? `${detail}: ${log}` : detail,
    `See what or who ended it, and what ${deno} complains of on a node`,
  );
}

/** Why nothing was heard of the probe. */
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
      `a node began with it, and said nothing within ${limit}`,
      `Log in on a node, and see what ${deno} --version does there; where files ` +
        "come slowly, give it longer by --timeout",
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
      `the cluster did not take it within ${limit}: ${delay}`,
      "Maps wait as long as it takes. qstat tells which jobs of yours there are; qconf " +
        "-sconf and -srqsl tell what is allowed, such as max_u_jobs",
    );
  }
  if (late) {
    return warning(
      CHECK,
      `it still waited in the queue after ${limit}`,
      "Maps wait as long as it takes. qstat -u '*' tells who comes first; ask for less " +
        "(GRIDENGINE_DEFAULT_RESOURCES) or another --queue, or give it longer by --timeout",
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
      "Install Deno there under that path, or name the path that it has on all nodes: " +
        "denoPath of the scheduler, --deno here",
    );
  }
  if (/Module not found|reading config file/.test(log)) {
    return failure(
      CHECK,
      log,
      "Put the program, its modules and Deno's cache (DENO_DIR) where nodes see them " +
        "under the same paths, as in a shared home directory",
    );
  }
  if (cause === "out of memory") {
    return failure(
      CHECK,
      detail,
      "Ask for mem_free in place of h_vmem and h_data: here, in " +
        "GRIDENGINE_DEFAULT_RESOURCES, and in what the queue itself sets",
    );
  }
  return ended(CHECK, loss!, options);
}

/** The cluster's own words, and what may be behind them. */
function refused(detail: string): Finding {
  const remedy = /not a submit host/.test(detail)
    ? `An administrator makes this host one that submits: qconf -as ${Deno.hostname()}`
    : OTHER_REQUEST;
  return failure(CHECK, detail, remedy);
}

/** Grid Engine's numbers for why a job failed, where one of our directories is missing. */
const NO_OUTPUT = "26", NO_WORKING_DIRECTORY = "28";

/** The node missed a directory; Grid Engine's accounting knows which one, and which node. */
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
      `${host} does not see what is in ${runs}`,
      "Name a directory that this machine and all nodes share in GRIDENGINE_TEMP_DIRECTORY",
    );
  }
  if (failed === NO_WORKING_DIRECTORY) {
    return failure(
      "working directory",
      `${host} does not see ${Deno.cwd()}`,
      "Run programs in a directory that all nodes see, or name one as workingDirectory " +
        "of the scheduler",
    );
  }
  return failure(
    CHECK,
    detail,
    `See that all nodes share ${runs} (GRIDENGINE_TEMP_DIRECTORY) and ${Deno.cwd()} ` +
      `(workingDirectory of the scheduler), and see to prolog, starter_method and shell of ` +
      `the queue; qacct -j ${name} tells what failed`,
  );
}

/** Where a job failed, and by which number; accounting is written with some delay. */
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
