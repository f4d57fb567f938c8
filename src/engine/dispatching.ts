/**
 * What those need who make events for the core: see `opened.ts`.
 *
 * @module
 */

import type { Core } from "../core/core.ts";
import type { CoreEvent } from "../core/events.ts";
import type { List } from "../protocol/lists.ts";
import type { FailureReason } from "../protocol/messages.ts";
import type { Conversations } from "./conversations.ts";
import type { Crew } from "./crew.ts";

/** What is known of an event that the core need not know. */
export interface Context {
  values?: { values: List; offsets: number[] };
  failure?: { reason: FailureReason; exitStatus: number; value: Uint8Array };
}

/** Workers, who decides about them, and the way to say what has happened. */
export interface Dispatching {
  readonly core: Core;
  readonly crew: Crew;
  readonly conversations: Conversations;
  /** Events that come up while one is handled wait for their turn. */
  dispatch(event: CoreEvent, context?: Context): void;
}
