/** What becomes of a map on a real Grid Engine when a part of it is killed or deleted. */

import { assert, assertEquals } from "../fixtures/assert.ts";
import {
  bringBack,
  cutOff,
  killExecd,
  killMaster,
  outputAs,
  startExecd,
  startMaster,
  untilHeard,
} from "../cluster/cluster.ts";
import { until } from "../fixtures/waiting.ts";
import { assertComplete, Ground } from "./_ground.ts";
import { assertNothingLeft, jobs, onCluster } from "../fixtures/on_cluster.ts";

const test = onCluster();

/** Four items on as many workers, all of which wait. */
const WAITING = { run: "wait", items: 4, scheduler: { workers: 4 } } as const;

test("A worker that is killed costs an attempt, and no result", async () => {
  await using ground = await Ground.start(WAITING);
  await ground.opened();
  const [first] = await ground.begun(4);
  Deno.kill(first!.pid, "SIGKILL");
  await until("the item has begun again", () => ground.attempts(first!.item) === 2);
  ground.open();
  const outcome = await ground.outcome();
  assertComplete(outcome, 4);
  assertEquals([outcome.lost, outcome.requested], [1, 5]);
  await ground.closed();
});

test("A program that is killed leaves nothing behind", async () => {
  await using ground = await Ground.start({
    ...WAITING,
    scheduler: { workers: 12 },
    items: 12,
  });
  await ground.opened();
  await ground.begun(8);
  ground.process.kill("SIGKILL");
  await assertNothingLeft();
});

test("Ctrl-C ends a program, and leaves nothing behind", async () => {
  await using ground = await Ground.start(WAITING);
  await ground.opened();
  await ground.begun(4);
  await outputAs("user", ["kill", "-INT", "--", `-${ground.process.pid}`]);
  assertEquals((await ground.process.status).signal, "SIGINT");
});

test("A keeper that is killed is replaced", async () => {
  await using ground = await Ground.start(WAITING);
  Deno.kill(await ground.opened(), "SIGKILL");
  await ground.begun(4);
  ground.open();
  assertComplete(await ground.outcome(), 4);
  await ground.closed();
});

test("A keeper that is killed while all workers run is replaced", async () => {
  await using ground = await Ground.start({ ...WAITING, times: 2 });
  const keeper = await ground.opened();
  const [first] = await ground.begun(4);
  Deno.kill(keeper, "SIGKILL");
  // The next keeper tells of the end of what the first one has submitted.
  Deno.kill(first!.pid, "SIGKILL");
  await until("the item has begun again", () => ground.attempts(first!.item) === 2);
  ground.open();
  const outcome = await ground.outcome();
  assertComplete(outcome, 4);
  assertEquals(outcome.lost, 1);
  assertComplete(await ground.outcome(), 4);
  await ground.closed();
});

test("What is deleted while there is no keeper is replaced", async () => {
  const scheduler = { workers: 12 };
  await using ground = await Ground.start({ ...WAITING, items: 12, scheduler });
  const keeper = await ground.opened();
  await ground.begun(8);
  const [job] = await jobs();
  Deno.kill(keeper, "SIGKILL");
  await outputAs("user", ["qdel", job!, "-t", "9-10"]);
  await until("there is another array", async () => (await jobs()).length > 1);
  ground.open();
  const outcome = await ground.outcome();
  assertComplete(outcome, 12);
  assertEquals(outcome.requested, 14);
  await ground.closed();
});

test("An execution daemon that is killed and comes back costs nothing", async ([node]) => {
  await using ground = await Ground.start({ ...WAITING, times: 2 });
  await ground.opened();
  await ground.begun(4);
  await killExecd(node!);
  await untilHeard(node!, false);
  await startExecd(node!);
  await untilHeard(node!, true);
  ground.open();
  const outcome = await ground.outcome();
  assertComplete(outcome, 4);
  assertComplete(await ground.outcome(), 4);
  assertEquals(outcome.lost, 0);
  await ground.closed();
  // A daemon looks only once a minute after what another one has started.
  await assertNothingLeft(70_000);
});

test("A task that somebody deletes costs an attempt, and no result", async () => {
  await using ground = await Ground.start(WAITING);
  await ground.opened();
  await ground.begun(4);
  const [job] = await jobs();
  await outputAs("user", ["qdel", job!, "-t", "2"]);
  const again = () => [0, 1, 2, 3].some((item) => ground.attempts(item) === 2);
  await until("an item has begun again", again);
  ground.open();
  const outcome = await ground.outcome();
  assertComplete(outcome, 4);
  assertEquals(outcome.lost, 1);
  await ground.closed();
});

test("An array that somebody deletes costs attempts, and no result", async () => {
  await using ground = await Ground.start({
    ...WAITING,
    items: 12,
    scheduler: { workers: 12 },
  });
  await ground.opened();
  await ground.begun(8);
  await outputAs("user", ["qdel", ...await jobs()]);
  await until("an item has begun again", () => ground.attempts(0) === 2);
  ground.open();
  const outcome = await ground.outcome();
  assertComplete(outcome, 12);
  assert(outcome.lost >= 12);
  await ground.closed();
});

test("A node that is cut off until all of it is silent costs nothing", async ([node]) => {
  await using ground = await Ground.start({
    ...WAITING,
    items: 8,
    scheduler: { workers: 8 },
    watched: true,
  });
  await ground.opened();
  const places = await ground.begun(8);
  const there = places.filter(({ host }) => host === node!.name).length;
  await cutOff(node!);
  try {
    const isSilent = () => ground.standing().disconnected === there;
    await until("its workers are silent", isSilent);
    ground.open();
    const areDone = () => ground.standing().done === 8 - there;
    await until("the results of the other node are here", areDone);
  } finally {
    await bringBack(node!);
  }
  const outcome = await ground.outcome();
  assertComplete(outcome, 8);
  assertEquals(outcome.lost, 0);
  await ground.closed();
  await untilHeard(node!, true);
});

test("A node that is cut off for good costs attempts, and no result", async ([node, other]) => {
  await using ground = await Ground.start({
    ...WAITING,
    items: 8,
    scheduler: { workers: 8 },
    settings: { reconnectGrace: 1000, heartbeatInterval: 250 },
  });
  try {
    await ground.opened();
    const places = await ground.begun(8);
    const lost = places.filter(({ host }) => host === node!.name);
    await cutOff(node!);
    ground.open();
    const outcome = await ground.outcome();
    assertComplete(outcome, 8);
    for (const { item } of places) {
      const isLost = lost.some((place) => place.item === item);
      assertEquals(ground.attempts(item), isLost ? 2 : 1);
    }
    const hosts = outcome.results.map((result) => "host" in result && result.host);
    assertEquals(new Set(hosts), new Set([other!.name]));
    await ground.closed();
    await assertNothingLeft();
  } finally {
    await bringBack(node!);
    await untilHeard(node!, true);
  }
});

test("A node that is cut off for good is the cause where nothing is tried again", async ([node]) => {
  await using ground = await Ground.start({
    ...WAITING,
    items: 8,
    retries: 0,
    scheduler: { workers: 8 },
    settings: { reconnectGrace: 1000, heartbeatInterval: 250 },
  });
  try {
    await ground.opened();
    const places = await ground.begun(8);
    await cutOff(node!);
    ground.open();
    const { results } = await ground.outcome();
    for (const { item, host } of places) {
      const result = results[item]!;
      if (host !== node!.name) {
        assertEquals("item" in result && result.item, item);
        continue;
      }
      const attempts = "attempts" in result ? result.attempts : [];
      assertEquals(attempts.map((loss) => [loss.cause, loss.host]), [[
        "node lost",
        node!.name,
      ]]);
    }
    await ground.closed();
    await assertNothingLeft();
  } finally {
    await bringBack(node!);
    await untilHeard(node!, true);
  }
});

test("A master that is killed and comes back costs nothing", async (nodes) => {
  await using ground = await Ground.start({ ...WAITING, times: 2 });
  await ground.opened();
  await ground.begun(4);
  await killMaster();
  ground.open();
  assertComplete(await ground.outcome(), 4);
  await startMaster();
  assertComplete(await ground.outcome(), 4);
  await ground.closed();
  for (const node of nodes) {
    // It would find the master again by itself, but only after half a minute or more.
    await killExecd(node);
    await startExecd(node);
    await untilHeard(node, true);
  }
  // Then the nodes tell what has ended; and the keeper's `drmaa_exit` takes half a minute.
  await assertNothingLeft(120_000);
});
