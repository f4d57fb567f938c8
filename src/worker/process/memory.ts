/**
 * Keeps a worker within its memory limit. A kernel limit on the address space cannot do
 * that: deno reserves tens of gigabytes of address space, and uses little of it.
 *
 * @module
 */

import { printError } from "../../common/printing.ts";
import { EXIT_STATUS } from "../../protocol/exit_status.ts";

/** How often to look, in milliseconds. */
const INTERVAL = 50;

/**
 * Ends the process when it uses more memory than it may, and prints how much.
 *
 * @param limit Bytes that may be resident.
 * @param worker Who it is.
 * @param leave Ends the process.
 */
export function watchMemory(
  limit: number,
  worker: string,
  leave: (status: number) => never,
): void {
  setInterval(() => {
    const { rss } = Deno.memoryUsage();
    if (rss <= limit) return;
    printError(
      `Worker ${worker} used ${megabytes(rss)} MB of memory where ${
        megabytes(limit)
      } MB ` +
        `are allowed`,
    );
    leave(EXIT_STATUS["out of memory"]);
  }, INTERVAL);
}

function megabytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0);
}
