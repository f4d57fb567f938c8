/**
 * The cluster of `fake_cluster.c`: a directory, and a library that tests name. What goes
 * wrong is planned in it, and what was asked of it stands there.
 *
 * @module
 */

import { bounded } from "../fixtures/tools.ts";
import { until } from "../cluster/shell.ts";

/** What the library can be told to do wrong. */
type Call =
  | "load"
  | "init"
  | "exit"
  | "set_attribute"
  | "run_bulk_jobs"
  | "control"
  | "job_ps"
  | "wait";

/** A cluster for one test; it is this process's, and that of those that it starts. */
export class FakeCluster implements AsyncDisposable {
  /** The directory. */
  readonly path: string;
  /** The library. */
  readonly library: string;

  private constructor(path: string) {
    this.path = path;
    this.library = `${path}/libdrmaa.so`;
  }

  /** Builds one. */
  static async make(): Promise<FakeCluster> {
    const cluster = new FakeCluster(
      await Deno.makeTempDir({ prefix: "fake-cluster-" }),
    );
    for (const name of ["jobs", "ended", "reaped", "home"]) {
      await Deno.mkdir(`${cluster.path}/${name}`);
    }
    const source = new URL("fake_cluster.c", import.meta.url).pathname;
    const args = ["-shared", "-fPIC", "-Wall", "-o", cluster.library, source];
    const { success, stderr } = await new Deno.Command("cc", { args }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    Deno.env.set("FAKE_CLUSTER", cluster.path);
    return cluster;
  }

  /** The environment of programs that are to find it. */
  get env(): Record<string, string> {
    return {
      DRMAA_LIBRARY_PATH: this.library,
      HOME: `${this.path}/home`,
      // Where it lies is told by the home directory, unless it is told so.
      DENO_DIR: Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME")}/.cache/deno`,
      GRIDENGINE_LOG_LEVEL: "debug",
      NO_COLOR: "1",
    };
  }

  /** What a call does from now on; nothing special if nothing is given. */
  async plan(call: Call, what?: string): Promise<void> {
    const path = `${this.path}/plan.${call}`;
    if (what === undefined) return await Deno.remove(path);
    await Deno.writeTextFile(`${path}.new`, what);
    await Deno.rename(`${path}.new`, path);
  }

  /** The tasks that have not ended. */
  get jobs(): string[] {
    return [...Deno.readDirSync(`${this.path}/jobs`)].map(({ name }) => name)
      .toSorted();
  }

  /** Ends a task, as if by somebody else, or as if it exited by itself. */
  async end(job: string, exitStatus?: number): Promise<void> {
    if (exitStatus !== undefined) {
      await Deno.writeTextFile(`${this.path}/jobs/${job}`, `${exitStatus}`);
    }
    await Deno.rename(`${this.path}/jobs/${job}`, `${this.path}/ended/${job}`);
  }

  /** Whether the library has told a program that a task has ended. */
  isReaped(job: string): boolean {
    return [...Deno.readDirSync(`${this.path}/reaped`)].some(({ name }) =>
      name === job
    );
  }

  /** The directories of runs that are there. */
  get runs(): string[] {
    try {
      return [...Deno.readDirSync(`${this.path}/home/.gridengine`)].map(({ name }) =>
        name
      );
    } catch {
      return [];
    }
  }

  /** The calls of a function so far, by what they were about. */
  calls(name: Call): string[] {
    let text = "";
    try {
      text = Deno.readTextFileSync(`${this.path}/calls`);
    } catch {
      // There were none.
    }
    return text.split("\n").filter((line) => line.startsWith(`${name} `))
      .map((line) => line.slice(name.length + 1));
  }

  /** Resolves when there were so many calls of a function. */
  async called(name: Call, count = 1): Promise<void> {
    await until(
      `${name} was called ${count} times`,
      () => this.calls(name).length >= count,
    );
  }

  /** The keepers that use it. */
  keepers(): number[] {
    const found: number[] = [];
    for (const { name } of Deno.readDirSync("/proc")) {
      if (!/^\d+$/.test(name)) continue;
      try {
        const read = (file: string) => Deno.readTextFileSync(`/proc/${name}/${file}`);
        const isOurs = read("environ").includes(`FAKE_CLUSTER=${this.path}\0`);
        if (isOurs && read("cmdline").includes("keeper.ts")) found.push(Number(name));
      } catch {
        // It has ended.
      }
    }
    return found;
  }

  /** No keeper and no task is left. */
  async assertNothingLeft(): Promise<void> {
    await until("no keeper is left", () => this.keepers().length === 0);
    const left = [...this.jobs, ...this.runs];
    if (left.length > 0) throw new Error(`There is still ${left}`);
  }

  /** Lets everything go that was held up, and removes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const { name } of Deno.readDirSync(this.path)) {
      if (name.startsWith("plan.")) await Deno.remove(`${this.path}/${name}`);
    }
    try {
      for (const pid of this.keepers()) Deno.kill(pid, "SIGCONT");
      await until("no keeper is left", () => this.keepers().length === 0);
    } finally {
      for (const pid of this.keepers()) Deno.kill(pid, "SIGKILL");
      Deno.env.delete("FAKE_CLUSTER");
      await Deno.remove(this.path, { recursive: true });
    }
  }
}

/** A test with a cluster of its own, of which nothing may be left. */
export function test(name: string, fn: (cluster: FakeCluster) => Promise<void>): void {
  Deno.test({
    name,
    sanitizeOps: true,
    sanitizeResources: true,
    fn: () =>
      bounded(
        (async () => {
          await using cluster = await FakeCluster.make();
          await fn(cluster);
          await cluster.assertNothingLeft();
        })(),
        120,
      ),
  });
}
