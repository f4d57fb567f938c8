/**
 * The time limits of a Grid Engine job: those that it requested, those that are set on its
 * node, and those of its queue. Loaded when a signal has ended a job.
 *
 * @module
 */

import { within } from "../../common/within.ts";
import { saidBy } from "./cluster_program.ts";
import type { TimeLimits } from "./job_end.ts";
import { requestsIn, secondsOf } from "../resources.ts";

/** How long the file server may take to answer, in milliseconds. */
const FILE_LIMIT = 5000;

/**
 * The limits of a job.
 *
 * @param options The options of the submit command.
 * @param path The file that its start script wrote on the node.
 */
export async function timeLimits(options: string, path: string): Promise<TimeLimits> {
  const asked = limitsIn(requestsIn(options));
  const text = await within(FILE_LIMIT, Deno.readTextFile(path), "").catch(() => "");
  const [hard = "", soft = "", queue = ""] = text.split("\n");
  const there = limitsIn({ h_cpu: hard, s_cpu: soft });
  // A job's request is at most the limit of its queue, and overrides it.
  const isKnown = asked.h_rt !== undefined && asked.s_rt !== undefined;
  const usual = isKnown || queue.startsWith("@") || queue === ""
    ? {}
    : limitsOfQueue(await saidBy("qconf", "-sq", queue));
  return { ...usual, ...asked, ...there };
}

/** The limits in what `qconf -sq` prints. */
export function limitsOfQueue(text: string): TimeLimits {
  return limitsIn(
    Object.fromEntries(text.split("\n").map((line) => line.trim().split(/\s+/, 2))),
  );
}

function limitsIn(values: Record<string, string | undefined>): TimeLimits {
  const limits: TimeLimits = {};
  for (const name of ["h_rt", "s_rt", "h_cpu", "s_cpu"] as const) {
    const seconds = secondsOf(values[name] || "INFINITY");
    if (Number.isFinite(seconds)) limits[name] = seconds;
  }
  return limits;
}
