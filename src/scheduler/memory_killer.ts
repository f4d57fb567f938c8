/**
 * Whether the kernel's memory killer has ended a worker. It sends a plain SIGKILL when a
 * control group reaches its limit, or when the machine has no memory left; Linux counts
 * its victims. This module is loaded when SIGKILL has ended a worker. Source: the kernel's
 * documents on control groups, cgroup-v2.rst and cgroup-v1/memory.rst, and the manual page
 * proc(5).
 *
 * @module
 */

import { dirname } from "node:path";
import type { WorkerLoss } from "../errors.ts";

/** How many processes the kernel's memory killer has ended. */
export interface Kills {
  /** The file with the count: that of our control group, if it has one. */
  path: string;
  /** The count. */
  count: number;
}

/** The file with the count for the whole machine. */
const WHOLE_MACHINE = "/proc/vmstat";
/** In version 1 of control groups a limit from here on, in bytes, means no limit. */
const UNLIMITED = 2 ** 60;
/** The unit of `/proc/PID/statm`, in bytes, on every Linux system that Deno supports. */
const PAGE = 4096;

/**
 * Decides by the kernel's count whether the memory killer has ended a worker that SIGKILL
 * has ended. Each victim is counted once, and explains one loss.
 *
 * @param loss What is known of the loss; `maxMemory` is the size that was last measured.
 * @param kills The victims that are already explained; updated by this function.
 * @param count The present count, if it is known.
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
      `${loss.detail}, perhaps by the kernel's memory killer, which has since ended ` +
      `a process of this machine`;
    return { ...loss, detail };
  }
  const limit = limitOf(kills.path);
  const whole = limit === undefined
    ? "because the machine had no memory left"
    : `because its control group is limited to ${megabytes(limit)} MB`;
  const own = maxMemory === undefined
    ? ""
    : `; it used ${megabytes(maxMemory)} MB when last measured`;
  const detail = `it was ended by the kernel's memory killer, ${whole}${own}`;
  return { ...loss, cause: "out of memory", detail };
}

/**
 * The memory limit of a control group and of the groups above it, in bytes.
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

/** The resident memory of a process of this machine, in bytes. */
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
