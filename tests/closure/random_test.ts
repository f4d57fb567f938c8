/** Random nests of functions and data: what can be seen of them is the same on a worker. */

import { assertEquals } from "../fixtures/assert.ts";
import * as fc from "npm:fast-check@^4.3.0";
import { build, describe, recipes } from "./_recipes.ts";
import { byValue, onWorker } from "./_cases.ts";

const RUNS = 200;

onWorker("Random nests of functions and data", (test) => {
  test(`Are the same here and there, ${RUNS} times`, async (d) => {
    let runs = 0;
    const property = fc.asyncProperty(recipes, fc.anything(), async (all, x) => {
      const input = clonable(x);
      const here = build(all), there = build(all);
      const expected = await describe(here, structuredClone(input));
      // A worker keeps what it was sent, as its last run left it; so no two are the same.
      const run = ++runs;
      const f = async (x: unknown) => [run, await describe(there, x)];
      const [[, found]] = await byValue(["./_recipes.ts"], () => d.map(f, [input])) as [
        unknown[],
      ];
      assertEquals(found, expected);
    });
    // When it fails, the message has the seed.
    await fc.assert(property, { numRuns: RUNS });
  });
});

/** The value, if it can be an argument. */
function clonable(x: unknown): unknown {
  try {
    return structuredClone(x);
  } catch {
    return "not to be cloned";
  }
}
