/**
 * What the kernel's memory killer did to a worker, out of what Linux counts of it: it ends
 * by a plain SIGKILL, of a control group that may hold no more, or of the whole machine.
 * Loaded when such a signal has ended one. Source: the kernel's documents on control
 * groups, cgroup-v2.rst and cgroup-v1/memory.rst, and the manual page proc(5).
 *
 * @module
 */

import { dirname } from "node:path";
import type { WorkerLoss } from "../errors.ts";

/** What the kernel's memory killer has ended. */
export interface Kills {
  /** The file in which that is counted: of our control group, if it has such a count. */
  path: string;
  /** How many there were. */
  count: number;
}

/** Where it is counted for the machine as a whole. */
const WHOLE_MACHINE = "/proc/vmstat";
/** A limit of version 1 that is none is about this, in bytes. */
const UNLIMITED = 2 ** 60;
/** What `/proc/PID/statm` counts in, in bytes, on all that Deno runs on under Linux. */
const PAGE = 4096;

/**
 * Why a worker was lost that was ended by SIGKILL: what is counted says whether it was the
 * memory killer. Each of its victims is counted once, and blamed once.
 *
 * @param loss What is known of it; `maxMemory` is what it held when it was last looked at.
 * @param kills What was counted before it began, or blamed since; is changed.
 * @param count What is counted now, if that can be known.
 */
export function blameMemoryKiller(
  loss: WorkerLoss,
  kills: Kills,
  count = 0,
): WorkerLoss {
  const { maxMemory } = loss;
  if (count <= kills.count) return loss;
  kills.count++;
  if (kills.path.endsWith(WHOLE_MACHINE)) {
    const detail =
      `${loss.detail}, perhaps by the kernel's memory killer, which has ended ` +
      `a process of this machine since`;
    return { ...loss, detail };
  }
  const limit = limitOf(kills.path);
  const whole = limit === undefined
    ? "for the machine had no memory left"
    : `for its control group may hold ${megabytes(limit)} MB`;
  const own = maxMemory === undefined
    ? ""
    : `; it held ${megabytes(maxMemory)} MB when last seen`;
  const detail = `it was ended by the kernel's memory killer, ${whole}${own}`;
  return { ...loss, cause: "out of memory", detail };
}

/**
 * How much a control group may hold, with all above it, in bytes.
 *
 * @param path The file in which its victims are counted.
 */
export function limitOf(path: string): number | undefined {
  const limits: number[] = [];
  if (path.endsWith("memory.oom_control")) {
    const stat = textOf(`${dirname(path)}/memory.stat`);
    limits.push(Number(/^hierarchical_memory_limit (\d+)$/m.exec(stat)?.[1]));
  } else {
    for (let at = dirname(path); at.includes("/cgroup"); at = dirname(at)) {
      limits.push(parseInt(textOf(`${at}/memory.max`)));
    }
  }
  const least = Math.min(...limits.filter((limit) => limit < UNLIMITED));
  return Number.isFinite(least) ? least : undefined;
}

/** How much a process of this machine holds, in bytes. */
export function residentSize(pid: number): number | undefined {
  const pages = Number(textOf(`/proc/${pid}/statm`).split(" ")[1]);
  return pages > 0 ? pages * PAGE : undefined;
}

function textOf(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}

function megabytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0);
}
