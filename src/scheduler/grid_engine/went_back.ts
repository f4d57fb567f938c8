/**
 * Why a task went back into the queue after a node had begun with it. Loaded when one has.
 *
 * @module
 */

import { saidBy } from "./cluster_program.ts";

/** A queue on a host, as `qstat -f` lists it, with the letters of its state. */
const INSTANCE = /^\S+@\S+ +\S+ +\d+\/\d+\/\d+ +\S+ +\S+ *(\S*)$/gm;
/** States in which a queue is open, or will open by itself. */
const OPEN = /^[aA]*$/;

/** A task's return to the queue. */
export interface Return {
  /** The reason, for messages. */
  why: string;
  /** Whether every queue is closed until an administrator opens it. */
  isClosed: boolean;
}

/**
 * Asks Grid Engine's programs, if they exist, why a task went back.
 *
 * @param job The task's id.
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
 * Finds out why a task went back.
 *
 * @param number The number of its job.
 * @param about The output of `qstat -j` about that job.
 * @param queues The output of `qstat -f -explain E`.
 */
export function returnOf(number: string, about: string, queues: string): Return {
  const [, reason] = /error reason\s+\d+:.*?\]: *(.*)/.exec(about) ?? [];
  const hosts = [...queues.matchAll(/result of job (\d+)'s failure at host (\S+)/g)]
    .filter(([, job]) => job === number).map(([, , host]) => host);
  const where = hosts.length > 0 ? [...new Set(hosts)].join(", ") : "a node";
  const why = `it waits in the queue, because ${where} could not start it` +
    (reason ? `: ${reason}` : "") +
    "; qstat -f -explain E lists queues that were closed because of that, such as when a " +
    "prolog, starter or shell fails";
  const states = [...queues.matchAll(INSTANCE)].map(([, state = ""]) => state);
  return { why, isClosed: !states.some((state) => OPEN.test(state)) };
}
