/** What a signal of Grid Engine's opens to other users of a node: nothing. */

import { assert, assertEquals } from "../fixtures/assert.ts";
import { type Host, outputAs } from "../cluster/cluster.ts";
import { until } from "../fixtures/waiting.ts";
import { hasUsr1 } from "../fixtures/signals.ts";
import { assertComplete, Ground } from "./_ground.ts";
import { onCluster } from "../fixtures/on_cluster.ts";

const test = onCluster();

/** Where deno's debugger listens when a signal opens it. */
const DEBUGGER = "/dev/tcp/127.0.0.1/9229";
/** Neither root nor the job's owner. */
const NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"];

/** Whether the debugger of some process of a node takes somebody else's connection. */
async function isOpen(host: Host): Promise<boolean> {
  const script = `if (exec 3<>${DEBUGGER}) 2> /dev/null; then echo open; fi`;
  const words = [...NOBODY, "bash", "-c", script];
  return (await outputAs("root", words, { host, cwd: "/" })) !== "";
}

test("The signal of a soft limit opens no debugger to other users of the node", async (nodes) => {
  const scheduler = { workers: 1, resources: { s_rt: 3 } };
  await using ground = await Ground.start({ run: "wait", items: 1, scheduler });
  await ground.opened();
  const [place] = await ground.begun(1);
  const { pid, host } = place!;
  const node = nodes.find(({ name }) => name === host)!;
  await until("the worker has the signal", async () => {
    assert(!await isOpen(node), "another user reached a debugger");
    return hasUsr1(pid, "ShdPnd");
  });
  assert(hasUsr1(pid, "SigCgt"), "deno would heed it");
  assertEquals(await isOpen(node), false);
  ground.open();
  const outcome = await ground.outcome();
  assertComplete(outcome, 1);
  assertEquals([outcome.requested, outcome.lost], [1, 0]);
  await ground.closed();
});
