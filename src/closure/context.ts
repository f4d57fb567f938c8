/**
 * What all share that take part in one capture.
 *
 * @module
 */

import type { Findings } from "./found.ts";
import type { Shipment } from "./scripts.ts";
import type { Snapshots } from "./snapshot.ts";
import type { AnyFunction } from "./texts.ts";

/** What all share that take part in one capture. */
export interface Context {
  /** The variables of functions as they were at the call. */
  readonly snapshots: Snapshots;
  /** The class `Job`, which a worker has of its own. */
  readonly job: AnyFunction | undefined;
  readonly findings: Findings;
  /** The functions that travel by their source. */
  readonly shipment: Shipment;
}
