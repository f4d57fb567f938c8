/**
 * The interrupt by which a user ends a call in a REPL or in a notebook. At an interrupt
 * Deno's REPL does nothing, and its kernel ends, with all that the user has.
 *
 * @module
 */

import { isInteractive } from "../common/interactive.ts";
import { log } from "../common/log.ts";
import { JobCancelledError } from "../errors.ts";
import type { CallRequest } from "./call.ts";

/** A call that an interrupt ends, as its signal does. */
export interface Interruptible {
  call: CallRequest;
  /** It is over. */
  over(): void;
}

/** Lets the user interrupt a call. */
export function interruptible(call: CallRequest): Interruptible {
  if (!isInteractive()) return { call, over() {} };
  const { name, options } = call;
  const controller = new AbortController();
  const over = onInterrupt(() =>
    controller.abort(new JobCancelledError(`map "${name}" was interrupted`))
  );
  const given = options.signal ? [options.signal] : [];
  const signal = AbortSignal.any([controller.signal, ...given]);
  return { call: { ...call, options: { ...options, signal } }, over };
}

const acts = new Set<() => void>();
let listens = false;

/**
 * Calls a function when the user interrupts a REPL or a notebook.
 *
 * @returns Ends this.
 */
export function onInterrupt(act: () => void): () => void {
  if (!isInteractive()) return () => {};
  // For good: without a listener the next interrupt would end Deno.
  if (!listens) Deno.addSignalListener("SIGINT", interrupt);
  listens = true;
  acts.add(act);
  return () => acts.delete(act);
}

function interrupt(): void {
  if (acts.size === 0) {
    log("info", "an interrupt ends maps and jobs; Deno cannot interrupt anything else");
  }
  for (const act of [...acts]) act();
}
