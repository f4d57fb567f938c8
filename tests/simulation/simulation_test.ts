/**
 * Many stories of dispatchers whose workers, schedulers and networks fail in every way.
 * When one goes wrong, its seed tells it again:
 *
 *     deno run -A tests/simulation/story.ts 4711
 *
 * `GRIDENGINE_SIMULATION_SEEDS` says how many there are, `GRIDENGINE_SIMULATION_SEED` that
 * there is only this one.
 *
 * @module
 */

import { assert } from "../fixtures/assert.ts";
import { simulate, Tally } from "./simulation.ts";

const SHARDS = 10;
/** How many lines of the trace a failure shows. */
const SHOWN = 40;

const only = Deno.env.get("GRIDENGINE_SIMULATION_SEED");
const seeds = Number(Deno.env.get("GRIDENGINE_SIMULATION_SEEDS") ?? 10_000);
const tally = new Tally();

/** What must have come up among many stories, lest they be too tame. */
const EXPECTED = [
  "run done",
  "run cancelled",
  "run abandoned",
  "failed: reported",
  "failed: timeout",
  "failed: cancelled",
  "failed: lost",
  "failed: overlong",
  "cut off",
  "rests",
  "charged",
  "suspected",
  "thread lost",
  "recalled",
  "restarting",
  "replaced without a word",
  "came back",
  "refused",
  "dismissed",
  "violation",
  "deliver",
  "repeated",
  "gap",
  "part",
  "withdrawn",
  "ended before it was sent",
];

/** Plays a story; when it goes wrong, plays it again to tell how that came about. */
function play(seed: number): void {
  try {
    simulate(seed, tally);
  } catch (cause) {
    const lines: string[] = [];
    try {
      simulate(seed, new Tally(), (line) => lines.push(line));
    } catch {
      // The same once more.
    }
    throw new Error(
      `Seed ${seed}: ${(cause as Error).message}\n\n${lines[0]}\n` +
        `${lines.slice(1).slice(-SHOWN).join("\n")}\n\n` +
        `deno run -A tests/simulation/story.ts ${seed} tells all`,
      { cause },
    );
  }
}

if (only !== undefined) {
  Deno.test(`the story of seed ${only} ends well`, () => {
    play(Number(only));
  });
} else {
  for (let shard = 0; shard < SHARDS; shard++) {
    const first = Math.floor(seeds * shard / SHARDS) + 1;
    const last = Math.floor(seeds * (shard + 1) / SHARDS);
    Deno.test(`every item is settled once in the stories ${first} to ${last}`, () => {
      for (let seed = first; seed <= last; seed++) play(seed);
    });
  }

  Deno.test({
    name: "the stories had everything in them",
    ignore: seeds < 1000,
    fn() {
      for (const what of EXPECTED) assert(tally.counts.has(what), what);
    },
  });
}
