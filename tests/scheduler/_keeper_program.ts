/**
 * A program of a user whose cluster is a fake one: it maps, and says what came of it. Its
 * argument is `"best"` for the scheduler that is taken where none is named.
 *
 * @module
 */

import { bestAvailable, GridEngineScheduler, map } from "../../mod.ts";

const [which, doing] = Deno.args;
if (which === "unclosed") {
  // Nobody closes the scheduler, and nobody wants what was asked of it any more.
  const scheduler = new GridEngineScheduler({ workers: 2 });
  const signal = AbortSignal.timeout(1500);
  await map((x: number) => x + 1, [1, 2], { scheduler, signal })
    .catch(({ name }) => console.log(`caught ${name}`));
  console.log("the end");
}
// A program that cannot start another one of itself.
if (doing === "vanish") Deno.removeSync(Deno.execPath());
if (which !== "unclosed") await main();

async function main(): Promise<void> {
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
}
