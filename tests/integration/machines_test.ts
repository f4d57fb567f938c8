/** Whom workers take for their host, and when they take it for gone, across machines. */

import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "../fixtures/assert.ts";
import { parseRunFile, type RunFile } from "../../src/protocol/run_file.ts";
import { entries, type Ground, range, test } from "../fixtures/ground.ts";
import { hasProc } from "../fixtures/processes.ts";
import { until } from "../fixtures/waiting.ts";
import { type Machine, withMachines } from "./_machines.ts";
import type { Order, Told } from "./_machines_program.ts";

/** Namespaces are root's to make. In CI the tests run all the same, and fail. */
const isRoot = hasProc && Deno.uid() === 0;
const ignore = !isRoot && Deno.env.get("CI") !== "true";

/** The program that maps, on a machine. */
class Host implements AsyncDisposable {
  readonly #ground: Ground;
  readonly #process: Deno.ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(
    ground: Ground,
    machine: Machine,
    order: Omit<Order, "folder">,
    env: Record<string, string> = {},
  ) {
    this.#ground = ground;
    const program = `${import.meta.dirname}/_machines_program.ts`;
    const order_ = JSON.stringify({ ...order, folder: ground.folder });
    const [command, ...words] = machine.entering;
    this.#process = new Deno.Command(command, {
      args: [...words, Deno.execPath(), "run", "-A", "--quiet", program, order_],
      env: { NO_COLOR: "1", GRIDENGINE_TEMP_DIRECTORY: ground.runs, ...env },
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#lines = this.#read();
  }

  async *#read(): AsyncGenerator<string> {
    let rest = "";
    for await (
      const text of this.#process.stdout.pipeThrough(new TextDecoderStream())
    ) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      yield* lines;
    }
  }

  /** A worker has ended. */
  async ended(): Promise<void> {
    const told = await this.#told();
    if (told.tell !== "ended") throw new Error(`None has: ${JSON.stringify(told)}`);
  }

  async #told(): Promise<Told> {
    const { value } = await this.#lines.next();
    if (value === undefined) throw new Error("The program ended");
    return JSON.parse(value);
  }

  /** What came of its map. */
  async results(): Promise<(number | string)[]> {
    for (;;) {
      const told = await this.#told();
      if (told.tell === "results") return told.results;
    }
  }

  /** The process that runs an item, once it has begun. */
  async begun(item: number): Promise<number> {
    const path = `${this.#ground.folder}/${item}`;
    await until(`item ${item} has begun`, () => {
      try {
        return Deno.readTextFileSync(path) !== "";
      } catch {
        return false;
      }
    });
    return Number(Deno.readTextFileSync(path));
  }

  /** Lets the items go on. */
  open(): void {
    Deno.writeTextFileSync(`${this.#ground.folder}/open`, "");
  }

  get runFile(): RunFile {
    const { runs } = this.#ground;
    return parseRunFile(Deno.readTextFileSync(`${runs}/${entries(runs)[0]}/run.json`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.open();
    try {
      this.#process.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.#process.status;
    await this.#lines.return!();
  }
}

test(
  "Workers on another machine reach a host that was told no interface",
  async (ground) => {
    await withMachines(async (one, other) => {
      await using host = new Host(ground, one, {
        commands: [other.entering],
        items: 3,
      });
      host.open();
      assertEquals(await host.results(), range(3));
    });
  },
  { ignore },
);

test(
  "A host listens at IPv6 addresses, for workers here and on another machine",
  async (ground) => {
    await withMachines(async (one, other) => {
      const address = "fd00:231::1";
      await one.addAddress(`${address}/64`);
      await other.addAddress("fd00:231::2/64");
      for (const name of [address, `[${address}]`, "::", "[::]"]) {
        for (const machine of [one, other]) {
          const env = { GRIDENGINE_INTERFACE: name };
          const order = { commands: [machine.entering], items: 1 };
          await using host = new Host(ground, one, order, env);
          await host.begun(0);
          const { endpoints } = host.runFile;
          assert(
            endpoints.some((endpoint) => endpoint.startsWith(`tcp://[${address}]:`)),
            endpoints.join(),
          );
          host.open();
          assertEquals(await host.results(), range(1), `${name}, ${machine.name}`);
          Deno.removeSync(`${ground.folder}/open`);
          Deno.removeSync(`${ground.folder}/0`);
          await until("the run is over", () => entries(ground.runs).length === 0);
        }
      }
      await using host = new Host(ground, one, {
        commands: [one.entering],
        items: 1,
      }, { GRIDENGINE_INTERFACE: "::1" });
      host.open();
      assertEquals(await host.results(), range(1), "the loopback");
    });
  },
  { ignore },
);

test(
  "A worker that cannot reach its host leaves the run to the others",
  async (ground) => {
    await withMachines(async (one, other) => {
      await other.cutOff();
      // Two, for the host replaces those that it has lost.
      const commands = [one.entering, other.entering, other.entering];
      const env = { GRIDENGINE_START_TIMEOUT: "3000" };
      await using host = new Host(ground, one, { commands, items: 6 }, env);
      await host.begun(0);
      await host.ended();
      // Of the host's addresses it has one itself, at which nobody listens.
      const { endpoints } = host.runFile;
      assert(endpoints.some((endpoint) => endpoint.startsWith("tcp://172.17.0.1:")));
      host.open();
      assertEquals(await host.results(), range(6));
    });
  },
  { ignore },
);

test(
  "A worker that does not reach its host says where it has tried",
  async (ground) => {
    await withMachines(async (one, other) => {
      await other.cutOff();
      // The one that it has itself is none of the host's.
      const tried = new RegExp(
        `it could not reach the host at tcp://${one.address}:\\d+ within 500 ms`,
      );
      const commands = [other.entering, other.entering, other.entering];
      const env = { GRIDENGINE_START_TIMEOUT: "500" };
      await using host = new Host(ground, one, { commands, items: 1 }, env);
      assertMatch(String((await host.results())[0]), tried);
    });
  },
  { ignore },
);

test(
  "A worker says why it cannot reach a host that listens for its own machine only",
  async (ground) => {
    await withMachines(async (one, other) => {
      const env = { GRIDENGINE_INTERFACE: "127.0.0.1" };
      const commands = [other.entering, other.entering, other.entering];
      await using host = new Host(ground, one, { commands, items: 1 }, env);
      const [failure] = await host.results();
      assertStringIncludes(
        String(failure),
        "it could not reach the host at tcp://127.0.0.1:",
      );
      assertStringIncludes(String(failure), "at addresses of its own machine only");
    });
  },
  { ignore },
);

for (const there of ["its own", "another"]) {
  test(
    `Connections that are refused for a while lose no worker on ${there} machine`,
    async (ground) => {
      await withMachines(async (one, other) => {
        const commands = there === "its own" ? [one.entering] : [other.entering];
        // As on a cluster, where it is 15 s.
        const env = { GRIDENGINE_RECONNECT_GRACE: "15000" };
        await using host = new Host(ground, one, { commands, items: 2 }, env);
        const pid = await host.begun(0);
        const port = host.runFile.endpoints[0]!.split(":").at(-1)!;
        const nft = (...words: string[]) => one.run("nft", ...words);
        await nft("add", "table", "ip", "refusal");
        const hook = "{ type filter hook input priority 0; }";
        await nft("add", "chain", "ip", "refusal", "input", hook);
        const rule = [
          "tcp",
          "dport",
          port,
          "counter",
          "reject",
          "with",
          "tcp",
          "reset",
        ];
        await nft("add", "rule", "ip", "refusal", "input", ...rule);
        let refused = 0;
        const count = async () => {
          const text = await nft("list", "table", "ip", "refusal");
          refused = Number(/packets (\d+)/.exec(text)![1]);
        };
        // What was on its way, and attempts to reach it again.
        while (refused < 6) await count();
        await nft("delete", "table", "ip", "refusal");
        host.open();
        assertEquals(await host.results(), range(2));
        assertEquals(await host.begun(1), pid);
      });
    },
    { ignore },
  );
}
