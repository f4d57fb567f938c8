/**
 * Why workers end: what their exit status and their last words say.
 *
 * @module
 */

import type { WorkerLoss } from "../errors.ts";
import { EXIT_STATUS } from "../protocol/exit_status.ts";

/** What V8 says when the heap is full: which of these depends on what it tried last. */
const HEAP_FULL =
  /JavaScript heap out of memory|JavaScript out of memory|Ineffective mark-compacts/;
/** What deno says when it may not have the address space that it reserves. */
const NO_ADDRESS_SPACE = /CagedHeap reservation/;
/** And when it may have that, and not the memory of its own that it wants next. */
const NO_DATA = /Failed to reserve (virtual )?memory/;
/** And when it is refused more of that later. */
const NO_MORE = /^# (Fatal process out of memory: .*)$/m;

/** What the start script of a cluster says of a worker that SIGKILL has ended. */
const BY_MEMORY_KILLER =
  /^Worker \S+ was ((?:perhaps )?ended by the kernel's memory killer, .*)$/m;

/** What an exit status of our own and the log of a worker say of its end. */
export function refineLoss(loss: WorkerLoss): WorkerLoss {
  const { exitStatus, log = "", cause } = loss;
  if (cause !== "exit" && cause !== "signal") return loss;
  if (exitStatus === EXIT_STATUS["out of memory"]) {
    const said = /^Worker \S+ (held .*)$/m.exec(log)?.[1];
    return {
      ...loss,
      cause: "out of memory",
      detail: said ?? "it held too much memory",
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
      : `; it held ${(maxMemory / 2 ** 20).toFixed(0)} MB at most`;
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
        "deno could not start under a limit of its address space (h_vmem, s_vmem or " +
        "ulimit -v): ask for memory by mem_free, and bound it by the scheduler's memory",
    };
  }
  if (NO_DATA.test(log)) {
    return {
      ...loss,
      cause: "out of memory",
      detail:
        "deno could not start under a limit of its own memory (h_data, or ulimit -d): it " +
        "needs 1 GB of that and more; bound its memory by the scheduler's memory",
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
        `the system refused it more memory (${said}): see what ulimit -d and -v ` +
        `say there, which h_data and h_vmem set`,
    };
  }
  return loss;
}
