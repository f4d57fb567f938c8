/**
 * A program of a user whose cluster is a fake one: it maps, and says what came of it. Its
 * argument is `"best"` for the scheduler that is taken where none is named.
 *
 * @module
 */

import { bestAvailable, GridEngineScheduler, map } from "../../mod.ts";

const [which, doing] = Deno.args;
// A program that cannot start another one of itself.
if (doing === "vanish") Deno.removeSync(Deno.execPath());
try {
  await using scheduler = which === "best"
    ? await bestAvailable()
    : new GridEngineScheduler({ workers: 2 });
  if (doing !== "map") console.log("scheduler", scheduler.name);
  if (doing === "open") await new Promise(() => {});
  const results = await map((x: number) => x + 1, [1, 2], { scheduler });
  console.log("results", results.join(" "));
} catch (error) {
  const { name, message } = error as Error;
  console.log(`caught ${name}: ${message}`);
}
