/** Random nests of functions and data: what can be seen of them is the same on a worker. */

import { assertEquals } from "../fixtures/assert.ts";
import * as fc from "npm:fast-check@^4.3.0";
import { build, describe, recipes, sharing } from "./_recipes.ts";
import { byValue, onWorker } from "./_cases.ts";

/** How often each is tried. To find out what functions share takes half a second. */
const KINDS = [
  ["", recipes, 170],
  [", with counters", sharing, 30],
] as const;

onWorker("Random nests of functions and data", (test) => {
  for (const [name, kind, numRuns] of KINDS) {
    test(`Are the same here and there, ${numRuns} times${name}`, async (d) => {
      let runs = 0;
      const property = fc.asyncProperty(kind, fc.anything(), async (all, x) => {
        const input = clonable(x);
        const here = build(all), there = build(all);
        const expected = await describe(here, structuredClone(input));
        // A worker keeps what it was sent, as its last run left it; so no two are the same.
        const run = ++runs;
        const f = async (x: unknown) => [run, await describe(there, x)];
        const [[, found]] = await byValue(
          ["./_recipes.ts"],
          () => d.map(f, [input]),
        ) as [
          unknown[],
        ];
        assertEquals(found, expected);
      });
      // When it fails, the message has the seed.
      await fc.assert(property, { numRuns });
    });
  }
});

/** The value, if it can be an argument. */
function clonable(x: unknown): unknown {
  try {
    return structuredClone(x);
  } catch {
    return "not to be cloned";
  }
}
