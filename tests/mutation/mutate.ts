/**
 * Breaks modules in every way of `mutations.ts`, one at a time, and tells which of them no
 * test sees:
 *
 *     deno task mutate [FILE | FILE:LINE | FILE:FIRST-LAST …]
 *
 * Without files it takes all of `covered.ts`, which takes an hour or two. It works in
 * copies of the project, which it removes, also when it is interrupted.
 *
 * @module
 */

import { COVERED } from "./covered.ts";
import { type Mutation, mutationsOf } from "./mutations.ts";

const root = new URL("../../", import.meta.url).pathname;
/** How many are tried at once. */
const AT_ONCE = Math.min(2, navigator.hardwareConcurrency);
/** A test may take so many times what it takes otherwise, and so long, in milliseconds. */
const PATIENCE = 4;
const LEAST_PATIENCE = 5000;
/** How much of the text is shown. */
const SHOWN = 70;

type Verdict = "killed" | "killed by time-out" | "survived";

/** A module, and what is to be tried with it. */
interface Task {
  module: string;
  mutations: Mutation[];
  tests: string[][];
}

const stopped = new AbortController();

/** What the arguments ask for. */
function taskOf(args: string[]): Task[] {
  const tasks = new Map<string, Task>();
  const all = COVERED.flatMap(({ modules }) => modules);
  for (const arg of args.length > 0 ? args : all) {
    const [, module, first, last] = /^(.+?)(?::(\d+)(?:-(\d+))?)?$/.exec(arg)!;
    const covered = COVERED.find(({ modules }) => modules.includes(module!));
    if (!covered) {
      console.error(
        `No tests are known for ${module}: covered.ts has\n${all.join("\n")}`,
      );
      Deno.exit(2);
    }
    const [from, to] = first ? [Number(first), Number(last ?? first)] : [0, Infinity];
    const mutations = mutationsOf(Deno.readTextFileSync(root + module))
      .filter(({ line }) => from <= line && line <= to);
    const before = tasks.get(module!)?.mutations ?? [];
    const { tests } = covered;
    tasks.set(module!, {
      module: module!,
      mutations: [...before, ...mutations],
      tests,
    });
  }
  return [...tasks.values()];
}

/** Tries everything, and says what came of it. */
async function mutate(tasks: Task[], directory: string): Promise<void> {
  const copies = await Promise.all(
    Array.from({ length: AT_ONCE }, (_, i) => Copy.make(`${directory}/${i}`)),
  );
  const total = new Map<Verdict, number>();
  for (const { module, mutations, tests } of tasks) {
    const limits = await copies[0]!.measure(tests);
    const count = new Map<Verdict, number>();
    const rest = mutations.values();
    // All of them, for the copies must not be removed under one that works.
    const ended = await Promise.allSettled(copies.map(async (copy) => {
      for (const mutation of rest) {
        const verdict = await copy.judge(module, mutation, tests, limits);
        count.set(verdict, (count.get(verdict) ?? 0) + 1);
        total.set(verdict, (total.get(verdict) ?? 0) + 1);
        if (verdict === "survived") console.log(`${module}:${shown(mutation)}`);
      }
    }));
    for (const one of ended) if (one.status === "rejected") throw one.reason;
    console.log(`${module}: ${told(count)}`);
  }
  if (tasks.length > 1) console.log(`In all: ${told(total)}`);
}

/** A copy of the project, in which something can be broken. */
class Copy {
  readonly #path: string;
  readonly #env: Record<string, string>;

  private constructor(path: string, env: Record<string, string>) {
    this.#path = path;
    this.#env = env;
  }

  static async make(path: string): Promise<Copy> {
    Deno.mkdirSync(`${path}/tmp`, { recursive: true });
    Deno.mkdirSync(`${path}/cache`);
    const names = [...Deno.readDirSync(root)].map(({ name }) => name)
      .filter((name) => !name.startsWith(".") && name !== "node_modules");
    await output("cp", ["-R", ...names.map((name) => root + name), path]);
    const { npmCache } = JSON.parse(await output(Deno.execPath(), ["info", "--json"]));
    // What Deno makes of the copies goes with them; what it has fetched is there already.
    Deno.symlinkSync(npmCache, `${path}/cache/npm`);
    return new Copy(path, {
      DENO_DIR: `${path}/cache`,
      TMPDIR: `${path}/tmp`,
      GRIDENGINE_SIMULATION_SEEDS: "1000",
      NO_COLOR: "1",
    });
  }

  /** How long each of the tests may take; all of them have to pass as things are. */
  async measure(tests: string[][]): Promise<number[]> {
    const limits = [];
    for (const some of tests) {
      // The first time fills the cache.
      await this.#test(some, Infinity);
      const start = performance.now();
      if (await this.#test(some, Infinity) !== "survived") {
        throw new Error(`${some.join(" ")} fails though nothing is broken`);
      }
      limits.push(LEAST_PATIENCE + PATIENCE * (performance.now() - start));
    }
    return limits;
  }

  /** Breaks a module in one way and runs its tests until one of them fails. */
  async judge(
    module: string,
    { start, end, text }: Mutation,
    tests: string[][],
    limits: number[],
  ): Promise<Verdict> {
    const source = Deno.readTextFileSync(root + module);
    const path = `${this.#path}/${module}`;
    Deno.writeTextFileSync(path, source.slice(0, start) + text + source.slice(end));
    try {
      for (const [i, some] of tests.entries()) {
        const verdict = await this.#test(some, limits[i]!);
        if (verdict !== "survived") return verdict;
      }
      return "survived";
    } finally {
      Deno.writeTextFileSync(path, source);
    }
  }

  async #test(tests: string[], limit: number): Promise<Verdict> {
    stopped.signal.throwIfAborted();
    const test = new Deno.Command(Deno.execPath(), {
      args: [
        ...[
          "test",
          "--lock=tests/deno.lock",
          "--allow-all",
          "--no-check",
          "--quiet",
          "--fail-fast",
        ],
        // A loop without an end may want all of the memory.
        ...["--v8-flags=--max-old-space-size=1024", ...tests],
      ],
      cwd: this.#path,
      env: this.#env,
      stdin: "null",
      stdout: "null",
      stderr: "null",
      // A group of its own, which can be ended as a whole.
      detached: true,
    }).spawn();
    let late = false;
    const end = () => {
      try {
        Deno.kill(-test.pid, "SIGKILL");
      } catch {
        // All of it has ended.
      }
    };
    const timer = limit === Infinity ? undefined : setTimeout(() => {
      late = true;
      end();
    }, limit);
    stopped.signal.addEventListener("abort", end);
    const { success } = await test.status;
    clearTimeout(timer);
    stopped.signal.removeEventListener("abort", end);
    // What a failed test has left.
    end();
    stopped.signal.throwIfAborted();
    return success ? "survived" : late ? "killed by time-out" : "killed";
  }
}

async function output(command: string, args: string[]): Promise<string> {
  const { success, stdout } = await new Deno.Command(command, {
    args,
    stderr: "inherit",
  }).output();
  if (!success) throw new Error(`${command} failed`);
  return new TextDecoder().decode(stdout);
}

function shown({ line, column, before, text }: Mutation): string {
  const short = (text: string) => text.replace(/\s+/g, " ").slice(0, SHOWN);
  return `${line}:${column}  ${short(before)} → ${short(text)}`;
}

function told(count: Map<Verdict, number>): string {
  const verdicts = ["killed", "killed by time-out", "survived"] as const;
  return verdicts.map((verdict) => `${count.get(verdict) ?? 0} ${verdict}`).join(", ");
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  Deno.addSignalListener(signal, () => stopped.abort());
}
const tasks = taskOf(Deno.args);
const directory = Deno.makeTempDirSync({ prefix: "mutate" });
try {
  await mutate(tasks, directory);
} catch (error) {
  if (!stopped.signal.aborted) throw error;
  Deno.exitCode = 130;
} finally {
  Deno.removeSync(directory, { recursive: true });
}
Deno.exit();
