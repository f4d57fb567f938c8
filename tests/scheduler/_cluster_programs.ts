/**
 * Programs that tests run as an ordinary user on the cluster's submit host:
 * `deno run -A _cluster_programs.ts NAME`.
 *
 * @module
 */

import { assertEquals } from "../fixtures/assert.ts";
import {
  bestAvailable,
  GridEngineScheduler,
  JobDispatcher,
  type LogLine,
  map,
} from "../../mod.ts";

const range = (count: number) => Array.from({ length: count }, (_, i) => i);

/** What each program does. */
export const programs: Record<string, () => Promise<void>> = {
  async "map() with a closure over 1000 items names both nodes"() {
    const factor = 3;
    await using scheduler = new GridEngineScheduler({ workers: 8 });
    const compute = async (x: number) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return { y: factor * x, host: Deno.hostname() };
    };
    const results = await map(compute, range(1000), { scheduler });
    assertEquals(results.map(({ y }) => y), range(1000).map((x) => factor * x));
    const hosts = new Set(results.map(({ host }) => host));
    assertEquals([...hosts].toSorted(), ["node1", "node2"]);
  },

  async "A time-out ends what functions have started, while their worker lives"() {
    await using scheduler = new GridEngineScheduler({ workers: 1 });
    await using dispatcher = new JobDispatcher({ scheduler });
    const start = () => {
      const script = "sleep 3600 & timeout 3600 sleep 3600 &";
      const quiet = { stdin: "null", stdout: "null", stderr: "null" } as const;
      new Deno.Command("sh", { args: ["-c", script], ...quiet }).outputSync();
      return Deno.pid;
    };
    /** The worker, and the programs beside it that run in its session. */
    const look = () => {
      const fieldsOf = (pid: number | string) => {
        const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
        return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      };
      // The script that has started the worker leads it.
      const session = fieldsOf(Deno.pid)[3]!;
      const running: string[] = [];
      for (const { name } of Deno.readDirSync("/proc")) {
        if (!(Number(name) > 0) || [session, `${Deno.pid}`].includes(name)) continue;
        try {
          const [state, , , itsSession] = fieldsOf(name);
          if (itsSession === session && state !== "Z") running.push(name);
        } catch {
          // It has ended.
        }
      }
      return { pid: Deno.pid, running: running.length };
    };
    const [pid] = await dispatcher.map(start, [0]);
    const [before] = await dispatcher.map(look, [0]);
    assertEquals([before!.pid, before!.running >= 2], [pid, true]);
    const never = () => new Promise(() => {});
    const late = { timeout: 200, reraise: false };
    await dispatcher.map(never, [0], late);
    assertEquals(await dispatcher.map(look, [0]), [{ pid: pid!, running: 0 }]);
  },

  async "bestAvailable() takes the cluster"() {
    await using scheduler = await bestAvailable();
    assertEquals(scheduler instanceof GridEngineScheduler, true);
    assertEquals(await map((x: number) => x + 1, [1, 2], { scheduler }), [2, 3]);
  },

  async "What functions print comes here, with the names of the nodes"() {
    await using scheduler = new GridEngineScheduler({ workers: 4 });
    const f = (x: number) => {
      console.log("item", x);
      if (x === 3) throw new RangeError("three");
      return Deno.hostname();
    };
    const lines: LogLine[] = [];
    const onLog = (line: LogLine) => lines.push(line);
    const options = { scheduler, onLog, name: "f", reraise: false } as const;
    const results = await map(f, range(8), options);
    for (const { name, index, host, line } of lines) {
      assertEquals([name, line], ["f", `item ${index}`]);
      if (index !== 3) assertEquals(host, results[index]);
    }
    assertEquals(lines.map(({ index }) => index).toSorted(), range(8));
    assertEquals((results[3] as { output?: unknown }).output, ["item 3"]);
  },

  async "Two schedulers in one program work at once"() {
    await using one = new GridEngineScheduler({ workers: 2 });
    await using other = new GridEngineScheduler({ workers: 2 });
    const [a, b] = await Promise.all(
      [one, other].map((scheduler) =>
        map((x: number) => x * x, range(20), { scheduler })
      ),
    );
    assertEquals(a, range(20).map((x) => x * x));
    assertEquals(b, a);
  },
};

if (import.meta.main) await programs[Deno.args[0]!]!();
