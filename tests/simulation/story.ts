/**
 * Tells the story of a seed, line by line:
 *
 *     deno run -A tests/simulation/story.ts 4711
 *
 * @module
 */

import { simulate, Tally } from "./simulation.ts";

simulate(Number(Deno.args[0]), new Tally(), (line) => console.log(line));
