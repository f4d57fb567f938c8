/**
 * What all share that take part in one capture.
 *
 * @module
 */

import type { Findings } from "./found.ts";
import type { TextMember } from "../payload.ts";
import type { Shipment } from "./scripts.ts";
import type { Snapshots } from "./snapshot.ts";
import type { AnyFunction } from "./texts.ts";

/** A method or accessor of a class that travels by its source. */
export interface MemberPlace {
  of: AnyFunction;
  key: PropertyKey;
  static: boolean;
  part: TextMember["part"];
}

/** What all share that take part in one capture. */
export interface Context {
  /** The variables of functions as they were at the call. */
  readonly snapshots: Snapshots;
  /** The class `Job`, which a worker has of its own. */
  readonly job: AnyFunction | undefined;
  readonly findings: Findings;
  /** The functions that travel by their source. */
  readonly shipment: Shipment;
  /** Methods and accessors that the texts of classes give. */
  readonly members: Map<object, MemberPlace>;
}
