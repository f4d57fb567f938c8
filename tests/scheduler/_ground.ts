/**
 * Where a test on the cluster meets the program that it has started there, and the
 * functions that this runs on the nodes.
 *
 * @module
 */

import { assertEquals } from "../fixtures/assert.ts";
import { HOME, outputAs, runAs } from "../cluster/cluster.ts";
import { until } from "../fixtures/waiting.ts";
import type { Place } from "./_cluster_functions.ts";
import type { Failed, MapOrder, Outcome, Standing, Told } from "./_map_program.ts";

/** How long a program may take in all, in seconds. */
const LIMIT = 60;

/** One program on the submit host, with a directory of its own. */
export class Ground implements AsyncDisposable {
  /** The directory. */
  readonly path: string;
  /** The program. */
  readonly process: Deno.ChildProcess;
  readonly #lines: AsyncIterator<string>;
  #said = "";

  private constructor(path: string, process: Deno.ChildProcess) {
    this.path = path;
    this.process = process;
    this.#lines = this.#read();
  }

  /** Starts a map. */
  static async start(order: Omit<MapOrder, "ground">): Promise<Ground> {
    const ground = (await outputAs("user", ["mktemp", "-d", "-p", HOME])).trim();
    const argument = JSON.stringify({ ...order, ground });
    const words = ["deno", "run", "-A", "tests/scheduler/_map_program.ts", argument];
    const signal = AbortSignal.timeout(LIMIT * 1000);
    // A session of its own, as that of a terminal: its process group is the program's.
    const process = runAs("user", ["setsid", ...words], {
      stdin: "null",
      stdout: "piped",
      signal,
    });
    return new Ground(ground, process);
  }

  async *#read(): AsyncGenerator<string> {
    let rest = "";
    for await (
      const text of this.process.stdout.pipeThrough(new TextDecoderStream())
    ) {
      this.#said += text;
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      yield* lines;
    }
  }

  /** What the program tells next. */
  async told<T extends Told["tell"]>(tell: T): Promise<Told & { tell: T }> {
    const { value } = await this.#lines.next();
    if (value === undefined) throw new Error(`The program ended: ${this.#said}`);
    const told: Told = JSON.parse(value);
    assertEquals(told.tell, tell, value);
    return told as Told & { tell: T };
  }

  /** The process id of the keeper, as soon as there is one. */
  async opened(): Promise<number> {
    return (await this.told("open")).keeper;
  }

  /** What came of the map. */
  async outcome(): Promise<Outcome> {
    return (await this.told("outcome")).outcome;
  }

  /** Where the items run that have begun, as soon as there are so many of them. */
  async begun(count: number): Promise<Place[]> {
    let found: Place[] = [];
    await until(`${count} items have begun`, () => {
      found = this.#begun();
      return found.length >= count;
    });
    return found;
  }

  /** The latest attempt of each item that has begun. */
  #begun(): Place[] {
    return [...Deno.readDirSync(this.path)]
      .filter(({ name }) => /^\d+$/.test(name))
      .map(({ name }) => Deno.readTextFileSync(`${this.path}/${name}`).trim())
      .filter((text) => text !== "")
      .map((text) => JSON.parse(text.split("\n").at(-1)!));
  }

  /** How often an item has begun. */
  attempts(item: number): number {
    return Deno.readTextFileSync(`${this.path}/${item}`).trim().split("\n").length;
  }

  /** How a map stands that is watched; throws where that cannot be told yet. */
  standing(): Standing {
    return JSON.parse(Deno.readTextFileSync(`${this.path}/standing`));
  }

  /** Lets all items go that wait. */
  open(): void {
    Deno.writeTextFileSync(`${this.path}/open`, "");
  }

  /** The program closes all and ends well. */
  async closed(): Promise<void> {
    await this.told("closed");
    assertEquals((await this.process.status).code, 0);
  }

  /** Ends the program, whatever it does, and removes the directory. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.process.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.process.status;
    await this.process.stdout.cancel().catch(() => {});
    await Deno.remove(this.path, { recursive: true });
  }
}

/** Every item has the result that is expected of it, in order. */
export function assertComplete({ results, error }: Outcome, items: number): void {
  assertEquals(error, undefined);
  const found = results.map((result) => "item" in result ? result.item : result);
  assertEquals(found, Array.from({ length: items }, (_, item) => item));
}

/** The one failure of a map of one item. */
export function onlyFailure({ results, error }: Outcome): Failed {
  if (error) return error;
  assertEquals(results.length, 1);
  const [result] = results;
  if (result && "error" in result) return result;
  throw new Error(`It did not fail: ${Deno.inspect(result)}`);
}
