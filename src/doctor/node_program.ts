/**
 * The program that the doctor runs on a node in place of `worker.ts`. It examines the node,
 * writes a report, and then becomes the worker, if that can reach the host.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { within } from "../common/within.ts";
import { EXIT_STATUS } from "../protocol/exit_status.ts";
import { parseRunFile } from "../protocol/run_file.ts";
import { main } from "../worker/process/main.ts";
import { endpointsFrom } from "../worker/process/reach.ts";
import { bracketed, tcpAddress } from "../zeromq/endpoint.ts";
import { openLibzmq } from "../zeromq/libzmq.ts";
import { thisMachine } from "../zeromq/machine.ts";
import { NODE_REPORT, type NodeReport, type Reached } from "./node_report.ts";

/** How long an address may take to answer, in milliseconds. */
const ANSWER_TIMEOUT = 5000;
/** The limits that are reported if they are set, by their names in `/proc/self/limits`. */
const LIMITS = [
  "cpu time",
  "file size",
  "data size",
  "stack size",
  "resident set",
  "processes",
  "open files",
  "address space",
];

async function look(runFile: string): Promise<NodeReport> {
  const began = Date.now();
  const run = parseRunFile(await Deno.readTextFile(runFile));
  const libzmq = whyNot(run.libzmq);
  const here = libzmq === undefined
    ? thisMachine(openLibzmq(run.libzmq))
    : { boot: null, network: null };
  return {
    host: Deno.hostname(),
    deno: Deno.version.deno,
    began,
    libzmq,
    addresses: await Promise.all(endpointsFrom(run, here).map(reach)),
    limits: await limits(),
  };
}

function whyNot(libzmq: string): string | undefined {
  try {
    openLibzmq(libzmq);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

async function reach(endpoint: string): Promise<Reached> {
  const { hostname, port } = tcpAddress(endpoint)!;
  const address = `${bracketed(hostname)}:${port}`;
  const began = performance.now();
  const connecting = Deno.connect({ hostname, port });
  try {
    if (!await within(ANSWER_TIMEOUT, connecting, undefined)) {
      const detail = `no answer within ${ANSWER_TIMEOUT / 1000} s`;
      return { address, answers: false, detail };
    }
    const took = (performance.now() - began).toFixed(1);
    return { address, answers: true, detail: `answers in ${took} ms` };
  } catch (error) {
    return { address, answers: false, detail: (error as Error).message };
  } finally {
    connecting.then((connection) => connection.close(), () => {});
  }
}

async function limits(): Promise<string[]> {
  const text = await Deno.readTextFile("/proc/self/limits").catch(() => "");
  return text.split("\n").flatMap((line) => {
    const [, name = "", soft, unit = ""] =
      /^Max (.+?) {2,}(\S+) +\S+ *(\w*)/.exec(line) ?? [];
    if (!LIMITS.includes(name) || soft === "unlimited") return [];
    return [
      `${name} ${soft}${unit === "bytes" || unit === "seconds" ? ` ${unit}` : ""}`,
    ];
  });
}

if (import.meta.main) {
  const [runFile, worker] = Deno.args as [string, string];
  const report = await look(runFile);
  const path = join(dirname(runFile), NODE_REPORT);
  // Renamed, so that the host, which may read it at any time, never sees a part of it.
  await Deno.writeTextFile(`${path}.new`, JSON.stringify(report));
  await Deno.rename(`${path}.new`, path);
  const isReached = report.addresses.some(({ answers }) => answers);
  if (report.libzmq === undefined && isReached) await main(runFile, worker);
  Deno.exit(EXIT_STATUS["host not reached"]);
}
