/**
 * The flags of `deno run` with which workers are started.
 *
 * @module
 */

import { configFlags } from "./user_config.ts";

/** Flags for every worker. The thread inside may be allowed less: see `permissions`. */
const FLAGS = ["--allow-all", "--no-prompt", "--quiet", "--unstable-worker-options"];
/** The share of its memory that a worker may use for objects. */
const HEAP_SHARE = 0.9;
/** The initial space for new objects, in megabytes. */
const NEW_SPACE = 4;

/**
 * The flags for workers of this program.
 *
 * @param memory How many bytes a worker may hold; `undefined` for any number.
 * @throws What `configFlags` throws.
 */
export async function workerFlags(memory: number | undefined): Promise<string[]> {
  return [...FLAGS, ...await configFlags(), heapFlags(memory)];
}

/**
 * The flag that sets the size of V8's heap. The space for new objects grows to this size
 * anyway. To begin with it saves the first collections, and 5 % of a worker's start time.
 * If memory is limited, a limit for the heap makes V8 collect before memory is full.
 */
function heapFlags(memory: number | undefined): string {
  if (memory === undefined) return `--v8-flags=--min-semi-space-size=${NEW_SPACE}`;
  const megabytes = Math.max(16, Math.floor(memory * HEAP_SHARE / 2 ** 20));
  return `--v8-flags=--max-old-space-size=${megabytes}`;
}
