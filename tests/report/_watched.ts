/**
 * A program with a map that can be watched, at whose end nothing is closed by hand. Given
 * a word it leaves a loop in the middle and keeps nothing.
 *
 * @module
 */

import { imap, map, ProcessScheduler } from "../../mod.ts";

const scheduler = () => new ProcessScheduler({ workers: 1 });
const double = (x: number) => 2 * x;

if (Deno.args.length === 0) {
  console.log(await map(double, [1, 2, 3], { scheduler, dashboard: true }));
} else {
  // The loop is neither gone through nor left: the dispatcher idles, and the page.
  const seen = imap(double, [1, 2, 3], { scheduler, dashboard: true });
  console.log((await seen.next()).value);
}
