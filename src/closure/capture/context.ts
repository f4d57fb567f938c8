/**
 * The state that all parts of one capture share.
 *
 * @module
 */

import type { Findings } from "./found.ts";
import type { TextMember } from "../payload.ts";
import type { Shipment } from "./scripts.ts";
import type { Snapshots } from "./snapshot.ts";
import type { AnyFunction } from "./texts.ts";

/** A method or accessor of a class that is sent as source text. */
export interface MemberPlace {
  of: AnyFunction;
  key: PropertyKey;
  static: boolean;
  part: TextMember["part"];
}

/** The state that all parts of one capture share. */
export interface Context {
  /** The variables of functions as they were at the call. */
  readonly snapshots: Snapshots;
  /** The class `Job`, which a worker has itself. */
  readonly job: AnyFunction | undefined;
  readonly findings: Findings;
  /** The functions that are sent as source text. */
  readonly shipment: Shipment;
  /** Methods and accessors that the texts of classes define. */
  readonly members: Map<object, MemberPlace>;
}
