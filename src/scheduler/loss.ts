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
const NO_ADDRESS_SPACE = /CagedHeap reservation|Failed to reserve (virtual )?memory/;

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
  if (NO_ADDRESS_SPACE.test(log)) {
    return {
      ...loss,
      cause: "out of memory",
      detail:
        "deno could not start under a limit of its address space (h_vmem, s_vmem or " +
        "ulimit -v): ask for memory by mem_free, and bound it by the scheduler's memory",
    };
  }
  if (HEAP_FULL.test(log)) {
    return { ...loss, cause: "out of memory", detail: "its JavaScript heap was full" };
  }
  return loss;
}
