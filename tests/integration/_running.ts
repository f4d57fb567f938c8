/**
 * A map that is under way, for tests of what happens to it meanwhile: one of its items
 * waits at a gate until the test is done.
 *
 * @module
 */

import { assertEquals } from "../fixtures/assert.ts";
import {
  type DispatcherStats,
  JobDispatcher,
  ProcessScheduler,
  type SchedulerLike,
} from "../../mod.ts";
import { parseRunFile, type RunFile } from "../../src/protocol/run_file.ts";
import { type Stop, stopAt } from "./_functions.ts";
import { Gate } from "./_gate.ts";
import { entries, type Ground, processes, range } from "./_helpers.ts";

/** How many items it has, of which the one in the middle waits. */
const ITEMS = 100;

/** Numbers, one of which stops at a gate. */
export function stops(n: number, at: number, port: number): Stop[] {
  return range(n).map((i) => ({ i, port: i === at ? port : 0 }));
}

/** The path of the one run file of a test. */
export function runFilePath({ runs }: Ground): string {
  const [directory, another] = entries(runs);
  if (directory === undefined || another !== undefined) throw new Error("not one run");
  return `${runs}/${directory}/run.json`;
}

/** The one run file of a test. */
export function runFileOf(ground: Ground): RunFile {
  return parseRunFile(Deno.readTextFileSync(runFilePath(ground)));
}

/** The names that the host gave to the workers of a run, by their process ids. */
export function identitiesOf(ground: Ground): Map<number, string> {
  const path = runFilePath(ground);
  return new Map(
    [...processes()]
      .filter(([, args]) => args.at(-2) === path)
      .map(([pid, args]) => [pid, args.at(-1)!]),
  );
}

/** A map of a dispatcher of its own that waits to be finished. */
export class Running implements AsyncDisposable {
  /** Where it runs. */
  readonly dispatcher: JobDispatcher;
  /** What its workers know of it. */
  readonly runFile: RunFile;
  readonly #gate: Gate;
  /** The process that runs the item that waits. */
  readonly pid: number;
  readonly #results: Promise<number[]>;

  private constructor(
    dispatcher: JobDispatcher,
    runFile: RunFile,
    gate: Gate,
    pid: number,
    results: Promise<number[]>,
  ) {
    this.dispatcher = dispatcher;
    this.runFile = runFile;
    this.#gate = gate;
    this.pid = pid;
    this.#results = results;
  }

  /** Begins one; it is under way when its item has come to the gate. */
  static async begin(
    ground: Ground,
    scheduler: SchedulerLike = () =>
      new ProcessScheduler({ workers: 2, transport: "network" }),
  ): Promise<Running> {
    const gate = new Gate();
    const dispatcher = new JobDispatcher({ scheduler });
    const results = dispatcher.map(stopAt, stops(ITEMS, ITEMS / 2, gate.port));
    // It may fail before somebody asks.
    results.catch(() => {});
    const pid = Number((await gate.next()).text);
    return new Running(dispatcher, runFileOf(ground), gate, pid, results);
  }

  /** The process that runs the item now, after the first one was lost. */
  async again(): Promise<number> {
    return Number((await this.#gate.next()).text);
  }

  /** Lets the item go, wherever it runs; every result must come. */
  async finish(): Promise<DispatcherStats> {
    this.#gate.open();
    assertEquals(await this.#results, range(ITEMS));
    const stats = this.dispatcher.stats();
    assertEquals([stats.done, stats.failed], [ITEMS, 0]);
    return stats;
  }

  /** Ends it, finished or not. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispatcher.close();
    await this.#gate[Symbol.asyncDispose]();
  }
}
