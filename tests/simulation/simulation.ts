/**
 * One story, from the first run to the last worker's end, as its seed tells it.
 *
 * @module
 */

import { Clock } from "./clock.ts";
import { HostModel } from "./host_model.ts";
import { draw, type Scenario } from "./scenario.ts";
import { checkOutcomes } from "./verdicts.ts";

/** What takes longer, in virtual milliseconds, waits for something that never comes. */
const LIMIT = 3_600_000;
/** After so long without an item that is settled or charged nothing more will happen. */
const PATIENCE = 100_000;
/** In so many steps every story comes to its end, unless it turns in a circle. */
const STEPS = 200_000;
/** How long after its last run a dispatcher may take to be rid of its workers. */
const CLOSE_LIMIT = 30_000;

/** How long a worker may live that is none of the dispatcher's any more. */
const FAREWELL = 30_000;

/** How often what happened. */
export class Tally {
  readonly counts = new Map<string, number>();

  /** It happened once more. */
  readonly count = (what: string): void => {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  };
}

/**
 * Plays the story of a seed.
 *
 * @param seed Which story.
 * @param tally Counts what happens.
 * @param say Takes the trace, if one is wanted.
 * @throws {Error} When the dispatcher did wrong.
 */
export function simulate(
  seed: number,
  tally: Tally,
  say?: (line: string) => void,
): void {
  const scenario = draw(seed);
  const clock = new Clock();
  const trace = say &&
    ((what: string) => say(`${clock.now.toFixed(2).padStart(9)} ${what}`));
  trace?.(describe(scenario));
  const host = new HostModel(clock, scenario, tally.count, trace);
  for (const run of scenario.runs) clock.after(run.startAt, () => host.start(run));
  if (scenario.closeAt < Infinity) clock.after(scenario.closeAt, () => host.close());
  let limit = LIMIT;
  let steps = 0;
  let progress = 0;
  let progressed = 0;
  let closing = false;
  while (!host.closed || host.core.workers().length > 0) {
    clock.step();
    const { ledger } = host;
    if (ledger.progress !== progress) {
      progress = ledger.progress;
      progressed = clock.now;
    }
    const late = clock.now > limit || clock.now > progressed + PATIENCE;
    if (late || ++steps > STEPS) {
      throw new Error(`It does not end: ${JSON.stringify(host.core.count())}`);
    }
    if (!host.closed && !closing) {
      const begun = ledger.runs.size === scenario.runs.length;
      if (!begun || !ledger.settled) continue;
      closing = true;
      clock.after(scenario.random.between(0, 2000), () => host.close());
    }
    if (host.closed) limit = Math.min(limit, clock.now + CLOSE_LIMIT);
  }
  if (host.core.outstandingChunks > 0) throw new Error("Chunks are left over");
  for (const run of host.ledger.runs.values()) checkOutcomes(run);
  for (const end = clock.now + FAREWELL; host.scheduler.lingering().length > 0;) {
    if (clock.now > end) {
      throw new Error(`Workers live on: ${host.scheduler.lingering()}`);
    }
    clock.step();
  }
  host.scheduler.end();
  tally.count("stories");
  for (const s of [10, 30, 60, 120]) {
    if (clock.now > 1000 * s) tally.count(`over ${s} s`);
  }
}

function describe({ settings, runs, faults, closeAt }: Scenario): string {
  const lines = runs.map(({ settings, items, ...rest }) => {
    const odd = items.filter(({ kind }) => kind !== "good")
      .map(({ index, kind }) => `${index} ${kind}`);
    const more = { ...rest, items: items.length, odd: `${odd}` };
    return `  run ${JSON.stringify({ ...settings, ...more })}`;
  });
  const wrong = Object.entries(faults)
    .filter(([, value]) => value > 0 && value < Infinity)
    .map(([name, value]) => `${name} ${value.toFixed(2)}`);
  return [
    `settings ${JSON.stringify(settings)}, closed at ${closeAt}`,
    ...lines,
    `  faults: ${wrong.join(", ")}`,
  ].join("\n");
}
