/**
 * The cluster of the tests is what they take it for: several hosts, whose cables can be
 * pulled and whose daemons can be killed.
 */

import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
} from "../fixtures/assert.ts";
import {
  bringBack,
  type Claim,
  claim,
  cutOff,
  HOME,
  type Host,
  hostText,
  isWanted,
  killExecd,
  killMaster,
  outputAs,
  queueText,
  runAs,
  startExecd,
  startMaster,
  untilHeard,
  up,
} from "./cluster.ts";

// In CI they run all the same, and fail where they cannot.
const ignore = !isWanted();
if (ignore) {
  console.log("The tests of the cluster are ignored: only root can make one.");
}

let cluster: Claim | undefined;

if (!ignore) {
  Deno.test.beforeAll(async () => void (cluster = await claim()));
  Deno.test.afterAll(async () => await cluster?.[Symbol.asyncDispose]());
}

function test(name: string, fn: (cluster: Claim) => Promise<void>): void {
  Deno.test({ name: `Cluster: ${name}`, ignore, fn: () => fn(cluster!) });
}

/** Where the jobs of this file write, on every host: it holds one job's output at a time. */
const OUTPUT = `${HOME}/cluster_test`;

/** Submits as the test user, waits until all has ended, and gives what was printed. */
async function submit(...words: string[]): Promise<string[]> {
  const options = ["-b", "y", "-sync", "y", "-j", "y", "-o", OUTPUT];
  const signal = AbortSignal.timeout(60_000);
  await outputAs("user", ["qsub", ...options, ...words], { signal });
  const text = await Deno.readTextFile(OUTPUT);
  await Deno.remove(OUTPUT);
  return text.trim().split("\n").sort();
}

/** The name of the queue's instance of a host, which tells qsub to run there. */
const on = (host: Host) => ["-q", `all.q@${host.name}`];

test("Every host is heard by the master", async ({ nodes }) => {
  assert(nodes.length >= 2);
  for (const node of nodes) await untilHeard(node, true);
  const text = await hostText();
  for (const { name } of nodes) assertMatch(text, new RegExp(`^${name} `, "m"));
});

test("An array job of an ordinary user runs on all nodes", async ({ nodes }) => {
  const tasks = 4 * nodes.length;
  const names = await submit("-t", `1-${tasks}`, "/bin/hostname");
  assertEquals(names.length, tasks);
  assertEquals([...new Set(names)], nodes.map(({ name }) => name));
  assertEquals(await queueText(), "");
});

test("A job of root is refused", async () => {
  const error = await assertRejects(() =>
    outputAs("root", ["qsub", "-b", "y", "true"])
  );
  assertMatch(String(error), /lower than minimum user id/);
});

test("Nodes reach a server on the submit host, and no other network", async ({ nodes }) => {
  const server = `const listener = Deno.listen({ port: 4711 });
    for (let i = 0; i < ${nodes.length}; i++) (await listener.accept()).close();`;
  const child = runAs("user", ["deno", "eval", server]);
  const client = `for (let tries = 0; ; tries++) {
      const found = await Deno.connect({ hostname: "head", port: 4711 }).catch(() => {});
      if (found || tries > 100) Deno.exit(found ? 0 : 1);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }`;
  for (const host of nodes) await outputAs("user", ["deno", "eval", client], { host });
  assert((await child.status).success);
  const routes = await outputAs("user", ["ip", "route"]);
  assertMatch(routes, /^192\.0\.2\.0\/24 dev eth0 [^\n]*\s*$/);
});

test("A host whose cable is pulled is lost, and heals", async ({ nodes }) => {
  const [first, second] = nodes as [Host, Host];
  await cutOff(second);
  await untilHeard(second, false);
  assertEquals(await submit(...on(first), "/bin/hostname"), [first.name]);
  await bringBack(second);
  await untilHeard(second, true);
  assertEquals(await submit(...on(second), "/bin/hostname"), [second.name]);
});

test("An execution daemon that is killed is lost, and can be started", async ({ nodes }) => {
  const [first] = nodes as [Host];
  await killExecd(first);
  await untilHeard(first, false);
  await startExecd(first);
  await untilHeard(first, true);
  assertEquals(await submit(...on(first), "/bin/hostname"), [first.name]);
});

test("A queue master that is killed does not answer, and can be started", async ({ nodes }) => {
  await killMaster();
  await assertRejects(queueText);
  await startMaster();
  for (const node of nodes) {
    // It would find the master again by itself, but only within half a minute.
    await killExecd(node);
    await startExecd(node);
    await untilHeard(node, true);
  }
  assertEquals(await submit("/bin/echo", "well"), ["well"]);
});

test("A test that leaves disorder behind is cleaned up after", async ({ nodes }) => {
  const [first, second] = nodes as [Host, Host];
  await cutOff(first);
  await killExecd(second);
  await killMaster();
  assertEquals(await up(), false);
  for (const node of nodes) await untilHeard(node, true);
});
