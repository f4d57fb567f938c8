/**
 * Why a task that a node had begun with is back in the queue. Loaded when one is.
 *
 * @module
 */

import { saidBy } from "./cluster_program.ts";

/** A queue on a host, as `qstat -f` lists it, with the letters of its state. */
const INSTANCE = /^\S+@\S+ +\S+ +\d+\/\d+\/\d+ +\S+ +\S+ *(\S*)$/gm;
/** States in which a queue is open, or will be without anybody's doing. */
const OPEN = /^[aA]*$/;

/** That a task went back. */
export interface Return {
  /** What is to be told of it. */
  why: string;
  /** Whether every queue is closed until somebody opens it. */
  isClosed: boolean;
}

/**
 * Asks Grid Engine's programs, where there are any, why a task went back.
 *
 * @param job Its id.
 */
export async function askReturn(job: string): Promise<Return> {
  const [number = ""] = job.split(".");
  const [about, queues] = await Promise.all([
    saidBy("qstat", "-j", number),
    saidBy("qstat", "-f", "-explain", "E"),
  ]);
  return returnOf(number, about, queues);
}

/**
 * What is known of a task that went back.
 *
 * @param number The number of its job.
 * @param about What `qstat -j` says of that.
 * @param queues What `qstat -f -explain E` says.
 */
export function returnOf(number: string, about: string, queues: string): Return {
  const [, reason] = /error reason\s+\d+:.*?\]: *(.*)/.exec(about) ?? [];
  const hosts = [...queues.matchAll(/result of job (\d+)'s failure at host (\S+)/g)]
    .filter(([, job]) => job === number).map(([, , host]) => host);
  const where = hosts.length > 0 ? [...new Set(hosts)].join(", ") : "a node";
  const why = `it waits in the queue, for ${where} could not start what was submitted` +
    (reason ? `: ${reason}` : "") +
    "; qstat -f -explain E tells which queues are closed for that, as where a prolog, " +
    "starter or shell fails";
  const states = [...queues.matchAll(INSTANCE)].map(([, state = ""]) => state);
  return { why, isClosed: !states.some((state) => OPEN.test(state)) };
}
