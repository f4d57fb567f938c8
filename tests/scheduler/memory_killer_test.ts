/**
 * The kernel's memory killer, out of what Linux counts of it: in made-up files, and in a
 * real control group, which only root can make.
 */

import { assertEquals, assertMatch } from "../fixtures/assert.ts";
import type { WorkerLoss } from "../../mod.ts";
import {
  blameMemoryKiller,
  type Kills,
  limitOf,
  residentSize,
} from "../../src/scheduler/memory_killer.ts";
import { countIn, killsSoFar } from "../../src/scheduler/process.ts";
import { TempDirectory } from "../fixtures/tools.ts";
import { MemoryGroup } from "./_memory_group.ts";

/** Writes files of the system to a directory of the test's. */
function write(root: string, files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    Deno.mkdirSync(`${root}${path.slice(0, path.lastIndexOf("/"))}`, {
      recursive: true,
    });
    Deno.writeTextFileSync(`${root}${path}`, text);
  }
}

const killed: WorkerLoss = {
  cause: "signal",
  detail: "its process was ended by SIGKILL",
  signal: "SIGKILL",
};

/** Why a worker was killed, by what is counted now. */
const blame = (loss: WorkerLoss, kills: Kills) =>
  blameMemoryKiller(loss, kills, countIn(kills.path));

const first = "/sys/fs/cgroup/memory";
const second = "/sys/fs/cgroup";

Deno.test("A group of version 1 that may hold no more, with the figures", () => {
  using temp = new TempDirectory();
  const counts = (kills: number) => ({
    [`${first}/a/memory.oom_control`]:
      `oom_kill_disable 0\nunder_oom 0\noom_kill ${kills}\n`,
  });
  write(temp.path, {
    "/proc/self/cgroup": "9:pids:/\n4:memory:/a\n0::/x\n",
    [`${first}/a/memory.stat`]: "cache 1\nhierarchical_memory_limit 262144000\n",
    ...counts(3),
  });
  const kills = killsSoFar(temp.path)!;
  assertEquals(kills.count, 3);
  assertEquals(blame(killed, kills), killed);
  write(temp.path, counts(4));
  const loss = blame({ ...killed, maxMemory: 240 * 2 ** 20 }, kills);
  assertEquals(
    [loss.cause, loss.signal, loss.detail],
    [
      "out of memory",
      "SIGKILL",
      "it was ended by the kernel's memory killer, because its control group is limited to " +
      "250 MB; it used 240 MB when last measured",
    ],
  );
});

Deno.test("Each victim is blamed once", () => {
  using temp = new TempDirectory();
  const counts = (kills: number) => ({
    [`${second}/a/memory.events`]: `oom 1\noom_kill ${kills}\noom_group_kill 0\n`,
  });
  write(temp.path, { "/proc/self/cgroup": "0::/a\n", ...counts(0) });
  const kills = killsSoFar(temp.path)!;
  write(temp.path, counts(2));
  const causes = [1, 2, 3].map(() => blame(killed, kills).cause);
  assertEquals(causes, ["out of memory", "out of memory", "signal"]);
});

Deno.test("A group of version 2 is bounded by all above it", () => {
  using temp = new TempDirectory();
  const path = `${temp.path}${second}/a/b/memory.events`;
  write(temp.path, {
    [`${second}/a/b/memory.events`]: "oom_kill 0\n",
    [`${second}/a/b/memory.max`]: "max\n",
    [`${second}/a/memory.max`]: "500\n",
    [`${second}/memory.max`]: "900\n",
  });
  assertEquals(limitOf(path), 500);
  write(temp.path, { [`${second}/a/memory.max`]: "max\n" });
  assertEquals(limitOf(path), 900);
  write(temp.path, { [`${second}/memory.max`]: "max\n" });
  assertEquals(limitOf(path), undefined);
});

Deno.test("In a container the group is the topmost there is", () => {
  using temp = new TempDirectory();
  write(temp.path, {
    "/proc/self/cgroup": "4:hugetlb,memory:/docker/1f\n",
    [`${first}/memory.oom_control`]: "oom_kill 7\n",
  });
  assertEquals(killsSoFar(temp.path), {
    path: `${temp.path}${first}/memory.oom_control`,
    count: 7,
  });
});

Deno.test("A machine without limits that has no memory left says so", () => {
  using temp = new TempDirectory();
  write(temp.path, { [`${second}/a/memory.events`]: "oom_kill 1\n" });
  const kills = { path: `${temp.path}${second}/a/memory.events`, count: 0 };
  const { cause, detail } = blame(killed, kills);
  assertEquals(cause, "out of memory");
  assertMatch(detail, /because the machine had no memory left$/);
});

Deno.test("Where only the machine counts, it is no more than suspected", () => {
  using temp = new TempDirectory();
  write(temp.path, {
    "/proc/self/cgroup": "0::/\n",
    "/proc/vmstat": "pgfault 1\noom_kill 5\n",
  });
  const kills = killsSoFar(temp.path)!;
  write(temp.path, { "/proc/vmstat": "pgfault 1\noom_kill 6\n" });
  const { cause, detail } = blame(killed, kills);
  assertEquals(cause, "signal");
  assertMatch(detail, /SIGKILL, perhaps by the kernel's memory killer/);
});

Deno.test("What nobody counts is not known", () => {
  using temp = new TempDirectory();
  assertEquals(killsSoFar(temp.path), undefined);
  write(temp.path, { "/proc/self/cgroup": "0::/\n" });
  assertEquals(killsSoFar(temp.path), undefined);
  assertEquals(countIn(`${temp.path}/nothing`), undefined);
});

Deno.test({
  name: "The size of a process is what it holds",
  ignore: Deno.build.os !== "linux",
  fn() {
    assertEquals(residentSize(Deno.pid)! > 2 ** 24, true);
    assertEquals(residentSize(2 ** 30), undefined);
  },
});

Deno.test({
  name:
    "A real group that may hold no more: its worker was out of memory, another's was not",
  ignore: !MemoryGroup.canBeMade(),
  async fn() {
    using group = new MemoryGroup(400 * 2 ** 20);
    const program = new URL("_memory_killer_program.ts", import.meta.url).pathname;
    const { stdout, stderr } = await group.run([Deno.execPath(), "run", "-A", program]);
    const losses: WorkerLoss[] = JSON.parse(stdout || `"${stderr}"`);
    assertEquals(losses.map(({ cause, signal }) => [cause, signal]), [
      ["out of memory", "SIGKILL"],
      ["signal", "SIGKILL"],
    ]);
    assertMatch(
      losses[0]!.detail,
      /memory killer, .* control group is limited to 400 MB/,
    );
  },
});
