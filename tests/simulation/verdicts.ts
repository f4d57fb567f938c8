/**
 * Whether items ended as they had to.
 *
 * @module
 */

import type { CoreEvent, Failure } from "../../src/core/events.ts";
import { type Carried, must, type Outcome, type RunAccount } from "./accounts.ts";
import type { Kind } from "./scenario.ts";

/** Whether a failure is final for a reason, and for the right one. */
export function checkFailure(
  event: CoreEvent,
  run: RunAccount,
  index: number,
  failure: Failure,
  carried: Carried,
): void {
  const { settings, items } = run.plan;
  switch (failure.kind) {
    case "reported": {
      const reason = event.type === "failed" ? event.reason : undefined;
      must(reason === failure.reason, "a failure for another reason");
      const [thrown] = carried.values ?? [items[index]!.payload];
      must(thrown === items[index]!.payload, "the failure of another item");
      const tries = run.throws[index]!;
      const enough = run.terminating || run.final.has(index) ||
        tries === settings.retryErrors + 1;
      must(reason !== "threw" || enough, `a throw is final after ${tries} tries`);
      break;
    }
    case "timeout":
      must(settings.timeout > 0, "a timeout that was not asked for");
      break;
    case "cancelled":
      must(run.terminating, "an item is cancelled though nobody asked for it");
      break;
    case "lost": {
      const found = failure.losses.map((loss) => loss.worker!);
      const { length } = found;
      must(length === settings.retries + 1, `an item is lost after ${length} losses`);
      const known = run.charges[index]!;
      must(`${known}` === `${found}`, `lost with ${found}, but alone with ${known}`);
      break;
    }
    case "overlong": {
      const shares = run.shares.get(index)!;
      const fair = shares.at(-1)! > 0.85 || shares.length >= 4;
      must(fair, `an item is overlong that had ${shares} of its workers' times`);
      break;
    }
    default:
      failure satisfies never;
  }
}

/** What may become of items of each kind, beside what may become of any. */
const OUTCOMES: Record<Kind, string[]> = {
  good: ["accepted"],
  poison: [],
  throws: ["threw"],
  flaky: ["accepted", "threw"],
  hangs: [],
  stuck: [],
  exits: ["exited"],
  crashes: ["threw"],
  unserializable: ["unserializable"],
  vanishes: [],
};

/** Whether what became of each item of a run is what it was meant for. */
export function checkOutcomes(run: RunAccount): void {
  const { plan, outcomes, over, terminating } = run;
  must(over !== undefined, "a run is not over");
  if (over === "cancelled") return;
  for (const { index, kind } of plan.items) {
    const how = nameOf(outcomes[index]);
    const fine = OUTCOMES[kind].includes(how) ||
      how === "abandoned" && over === "abandoned" ||
      how === "cancelled" && terminating ||
      // That it was alone with each lost worker has been checked.
      how === "lost" || how === "overlong" ||
      how === "timeout" && plan.settings.timeout > 0;
    must(fine, `item ${plan.settings.id}:${index}, which is ${kind}, ended as ${how}`);
  }
}

function nameOf(outcome: Outcome | undefined): string {
  // It had not come when its run was given up.
  if (outcome === undefined) return "abandoned";
  if (typeof outcome === "string") return outcome;
  return outcome.kind === "reported" ? outcome.reason : outcome.kind;
}
