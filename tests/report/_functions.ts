/**
 * A function whose items do what its argument says.
 *
 * @module
 */

import { currentJob } from "@x/gridengine";

/** What an item does. */
export interface Deed {
  /** Works so long, in milliseconds. */
  work?: number;
  /** Throws this text. */
  fail?: string;
  /** Kills its worker, at the first try. */
  kill?: boolean;
}

/** Does as it is told. */
export function act({ work = 0, fail, kill }: Deed): number {
  if (kill && currentJob()!.attempt === 1) Deno.kill(Deno.pid, "SIGKILL");
  const end = performance.now() + work;
  while (performance.now() < end);
  if (fail !== undefined) throw new RangeError(fail);
  return work;
}
