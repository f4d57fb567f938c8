/**
 * A program of a user whose cluster is a fake one: it maps, and says what came of it. Its
 * argument is `"best"` for the scheduler that is taken where none is named.
 *
 * @module
 */

import { bestAvailable, GridEngineScheduler, map } from "../../mod.ts";
import { until } from "../fixtures/waiting.ts";

const [which, doing] = Deno.args;
if (which === "unclosed") {
  // Nobody closes the scheduler, and nobody wants what was asked of it any more.
  const scheduler = new GridEngineScheduler({ workers: 2 });
  const aborter = new AbortController();
  const { signal } = aborter;
  const calls = `${Deno.env.get("FAKE_CLUSTER")}/calls`;
  const isAsked = () => Deno.readTextFileSync(calls).includes("run_bulk_jobs ");
  const asked = until("the cluster is asked for jobs", isAsked);
  void asked.then(() => aborter.abort());
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
