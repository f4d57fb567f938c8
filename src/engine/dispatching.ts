/**
 * What modules need to give events to the core: see `opened.ts`.
 *
 * @module
 */

import type { Core } from "../core/core.ts";
import type { CoreEvent } from "../core/events.ts";
import type { List } from "../protocol/lists.ts";
import type { FailureReason } from "../protocol/messages.ts";
import type { EngineRun } from "./engine_run.ts";
import type { Conversations } from "./conversations.ts";
import type { Crew } from "./crew.ts";

/** How an item failed, as its worker says. */
export interface ReportedFailure {
  reason: FailureReason;
  exitStatus: number;
  value: Uint8Array;
}

/** The parts of an event that the core need not know. */
export interface Context {
  values?: { values: List; offsets: number[] };
  failure?: ReportedFailure;
  /** What the function threw, if the user has seen it: it is made only once. */
  thrown?: { error: unknown };
}

/** The workers, the core that decides about them, and the way to give it events. */
export interface Dispatching {
  readonly core: Core;
  readonly crew: Crew;
  readonly conversations: Conversations;
  /** Gives the core an event. An event that comes while another is handled waits. */
  dispatch(event: CoreEvent, context?: Context): void;
  /** Ends a run, which fails with this error. */
  breakRun(run: EngineRun, error: unknown): void;
}
