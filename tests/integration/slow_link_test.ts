/**
 * On a link of 5 MB/s what takes longer than a heartbeat's time to travel arrives, and
 * holds nothing up.
 *
 * @module
 */

import { assert, assertEquals } from "../fixtures/assert.ts";
import { textOf } from "../fixtures/shell.ts";
import { until } from "../fixtures/waiting.ts";
import { canBeMade, SlowLink } from "./_slow_link.ts";

const PROGRAM = new URL("_large_values.ts", import.meta.url).pathname;
const RATE = 5e6;

function test(name: string, fn: (link: SlowLink) => Promise<void>): void {
  Deno.test({
    name,
    ignore: !canBeMade(),
    async fn() {
      await using link = await SlowLink.make(RATE);
      await fn(link);
    },
  });
}

/** Both sides hang up when they have heard nothing for 1.5 s. */
const HEARTBEAT = { GRIDENGINE_HEARTBEAT_INTERVAL: "500" };

const run = async (link: SlowLink, name: string, env?: Record<string, string>) =>
  JSON.parse(await link.program(PROGRAM, [name], { ...HEARTBEAT, ...env }));

test("Over a slow link large arguments and results arrive", async (link) => {
  assertEquals(await run(link, "one"), [true]);
});

test("Over a slow link that eight workers share large results arrive", async (link) => {
  assertEquals(await run(link, "eight"), Array(8).fill(true));
});

test("Over a slow link what a function captured arrives at eight workers", async (link) => {
  assertEquals(await run(link, "captured"), true);
});

test("Over a slow link small results overtake a large one", async (link) => {
  assertEquals(await run(link, "between"), [1, 2, 3, 4, "large"]);
});

test("Over a slow link what is not wanted any more is not carried on", async (link) => {
  const aborted = "TimeoutError";
  assertEquals(await run(link, "unwanted"), [aborted, aborted, [2]]);
  const carried = await link.carried();
  assert(carried < 60e6, `${carried} bytes of 400 million were carried`);
});

test("Over a slow link jobs are heard and ended while one is being sent", async (link) => {
  assertEquals(await run(link, "jobs"), ["hello", true, -15]);
  const carried = await link.carried();
  assert(carried < 30e6, `${carried} bytes of 200 million were carried`);
});

Deno.test("An argument and a result of more than 2 GiB arrive", async () => {
  const words = ["run", "--allow-all", "--quiet", PROGRAM, "beyond"];
  const program = new Deno.Command(Deno.execPath(), {
    args: words,
    signal: AbortSignal.timeout(55_000),
  });
  assertEquals(JSON.parse(await textOf(program, words)), [2100 * 2 ** 20, 7]);
});

test("A large value goes on where it was when its link was cut", async (link) => {
  const done = run(link, "one", { GRIDENGINE_RECONNECT_GRACE: "30000" });
  await until("half of it is there", async () => await link.carried() > 8e6);
  await link.set("down");
  // The heartbeats of both sides end the connection.
  await until("both have hung up", async () => await link.ends() === 0);
  await link.set("up");
  assertEquals(await done, [true]);
  const carried = await link.carried();
  assert(carried < 38e6, `${carried} bytes were carried for 30 million`);
});
