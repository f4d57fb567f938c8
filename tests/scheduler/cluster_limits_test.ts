/** How much of a real Grid Engine is used, and what others can see of it. */

import { assert, assertEquals } from "../fixtures/assert.ts";
import { HOME, outputAs, queueText, withConfiguration } from "../cluster/cluster.ts";
import { parseRunFile } from "../../src/protocol/run_file.ts";
import { assertComplete, Ground } from "./_ground.ts";
import { jobs, onCluster } from "../fixtures/on_cluster.ts";

const test = onCluster();

test("Arrays beyond the cluster's limit are split", async () => {
  await withConfiguration({ max_aj_tasks: "3" }, async () => {
    const scheduler = { workers: 8 };
    await using ground = await Ground.start({ run: "wait", items: 8, scheduler });
    await ground.opened();
    await ground.begun(8);
    assertEquals((await jobs()).length, 4);
    ground.open();
    const outcome = await ground.outcome();
    assertComplete(outcome, 8);
    assertEquals([outcome.requested, outcome.lost], [8, 0]);
    await ground.closed();
  });
});

test("Soft limits of memory are no hindrance", async () => {
  const scheduler = { workers: 1, resources: { s_vmem: "2G", s_data: "300M" } };
  await using ground = await Ground.start({ run: "place", items: 1, scheduler });
  await ground.opened();
  assertComplete(await ground.outcome(), 1);
  await ground.closed();
});

test("What waits in the queue is deleted when nothing is left to do", async () => {
  const scheduler = { workers: 20 };
  await using ground = await Ground.start({ run: "waitFirst", items: 20, scheduler });
  await ground.opened();
  await ground.begun(1);
  ground.open();
  const outcome = await ground.outcome();
  assertComplete(outcome, 20);
  assertEquals(outcome.requested, 20);
  await ground.closed();
  assertEquals(await queueText(), "");
});

test("A second map on a dispatcher finds the workers of the first one", async () => {
  const scheduler = { workers: 2 };
  await using ground = await Ground.start({
    run: "wait",
    items: 2,
    times: 2,
    scheduler,
  });
  await ground.opened();
  await ground.begun(2);
  ground.open();
  const outcomes = [await ground.outcome(), await ground.outcome()];
  for (const outcome of outcomes) assertComplete(outcome, 2);
  assertEquals(outcomes.map(({ requested }) => requested), [2, 2]);
  const [first, second] = outcomes.map(({ results }) =>
    new Set(results.map((result) => "pid" in result && result.pid))
  );
  // Both items may go to the same of them, for by now they are known to be quick.
  assertEquals(first!.union(second!), first);
  await ground.closed();
});

test("Nobody else can see what opens a run", async () => {
  const scheduler = { workers: 2 };
  await using ground = await Ground.start({ run: "wait", items: 2, scheduler });
  await ground.opened();
  const places = await ground.begun(2);
  const [run, ...others] = [...Deno.readDirSync(`${HOME}/.gridengine`)];
  assertEquals(others, []);
  const directory = `${HOME}/.gridengine/${run!.name}`;
  const mode = (path: string) => Deno.statSync(path).mode! & 0o777;
  assertEquals(mode(`${HOME}/.gridengine`), 0o700);
  assertEquals(mode(directory), 0o700);
  assertEquals(mode(`${directory}/run.json`), 0o600);
  const { endpoints, curve } = parseRunFile(
    await Deno.readTextFile(`${directory}/run.json`),
  );
  const { serverKey, publicKey, secretKey } = curve!;
  const visible = [
    await outputAs("root", ["qstat", "-j", "*"]),
    ...places.flatMap(({ pid }) =>
      ["cmdline", "environ"].map((name) =>
        Deno.readTextFileSync(`/proc/${pid}/${name}`)
      )
    ),
  ];
  for (const text of visible) {
    assert(text.length > 0);
    for (const secret of [...endpoints, serverKey, publicKey, secretKey]) {
      assert(!text.includes(secret), text);
    }
  }
  ground.open();
  assertComplete(await ground.outcome(), 2);
  await ground.closed();
});
