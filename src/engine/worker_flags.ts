/**
 * The flags of `deno run` with which workers are started.
 *
 * @module
 */

import { configFlags } from "./user_config.ts";

/** `deno run` with these flags: the thread inside may do less, see `permissions`. */
const FLAGS = ["--allow-all", "--no-prompt", "--quiet", "--unstable-worker-options"];
/** Which part of its memory a worker may use for objects. */
const HEAP_SHARE = 0.9;
/** Megabytes for new objects to begin with. */
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
 * What V8 is told of its heap. Space for new objects grows to this size anyway: to begin
 * with it saves the first collections, and 5 % of the time that a worker takes to start.
 * Where memory is short, the heap is full before that is, and V8 then collects what it can.
 */
function heapFlags(memory: number | undefined): string {
  if (memory === undefined) return `--v8-flags=--min-semi-space-size=${NEW_SPACE}`;
  const megabytes = Math.max(16, Math.floor(memory * HEAP_SHARE / 2 ** 20));
  return `--v8-flags=--max-old-space-size=${megabytes}`;
}
