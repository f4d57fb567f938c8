/**
 * Why workers end, according to their exit status and the end of their log.
 *
 * @module
 */

import type { WorkerLoss } from "../errors.ts";
import { EXIT_STATUS } from "../protocol/exit_status.ts";

/** What V8 prints when the heap is full; which of these depends on what it tried last. */
const HEAP_FULL =
  /JavaScript heap out of memory|JavaScript out of memory|Ineffective mark-compacts/;
/** What deno prints when it cannot reserve address space. */
const NO_ADDRESS_SPACE = /CagedHeap reservation/;
/** What deno prints when it has address space, but cannot reserve private memory. */
const NO_DATA = /Failed to reserve (virtual )?memory/;
/** What deno prints when it is refused more private memory later. */
const NO_MORE = /^# (Fatal process out of memory: .*)$/m;

/** What a cluster's start script prints about a worker that SIGKILL has ended. */
const BY_MEMORY_KILLER =
  /^Worker \S+ was ((?:perhaps )?ended by the kernel's memory killer, .*)$/m;

/** Adds to a loss what the library's own exit statuses and the worker's log tell. */
export function refineLoss(loss: WorkerLoss): WorkerLoss {
  const { exitStatus, log = "", cause } = loss;
  if (cause !== "exit" && cause !== "signal") return loss;
  if (exitStatus === EXIT_STATUS["out of memory"]) {
    const said = /^Worker \S+ (used .*)$/m.exec(log)?.[1];
    return {
      ...loss,
      cause: "out of memory",
      detail: said ?? "it used too much memory",
    };
  }
  if (exitStatus === EXIT_STATUS["host not reached"]) {
    const said =
      /^Worker \S+ (could not reach .*|.* its host has ended|.* lost the host .*)$/m
        .exec(log)?.[1];
    return {
      ...loss,
      cause: "unreachable",
      detail: said ? `it ${said}` : "it could not reach the host",
    };
  }
  if (exitStatus === EXIT_STATUS["no run file"]) {
    const said = /^Worker \S+ (cannot read the run file .*)$/m.exec(log)?.[1];
    return { ...loss, detail: `it ${said ?? "cannot read the run file"}` };
  }
  const killed = BY_MEMORY_KILLER.exec(log)?.[1];
  if (loss.signal === "SIGKILL" && killed !== undefined) {
    const { maxMemory } = loss;
    const own = maxMemory === undefined
      ? ""
      : `; its peak memory was ${(maxMemory / 2 ** 20).toFixed(0)} MB`;
    const isCertain = !killed.startsWith("perhaps");
    return {
      ...loss,
      cause: isCertain ? "out of memory" : cause,
      detail: `it was ${killed}${own}`,
    };
  }
  if (NO_ADDRESS_SPACE.test(log)) {
    return {
      ...loss,
      cause: "out of memory",
      detail:
        "deno could not start under a limit on address space (h_vmem, s_vmem or ulimit " +
        "-v): request memory by mem_free, and limit it by the scheduler's memory option",
    };
  }
  if (NO_DATA.test(log)) {
    return {
      ...loss,
      cause: "out of memory",
      detail:
        "deno could not start under a limit on private memory (h_data or ulimit -d), of " +
        "which it needs over 1 GB: limit its memory by the scheduler's memory option",
    };
  }
  if (HEAP_FULL.test(log)) {
    return { ...loss, cause: "out of memory", detail: "its JavaScript heap was full" };
  }
  const said = NO_MORE.exec(log)?.[1];
  if (said !== undefined) {
    return {
      ...loss,
      cause: "out of memory",
      detail:
        `the system refused it more memory (${said}): check ulimit -d and -v on its ` +
        `machine, which h_data and h_vmem set`,
    };
  }
  return loss;
}
