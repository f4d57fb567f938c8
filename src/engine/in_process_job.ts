/**
 * The job that runs in the program itself, as its function sees it.
 *
 * @module
 */

import type { AsyncLocalStorage } from "node:async_hooks";
import { Mailbox } from "../common/mailbox.ts";
import { nodeModule } from "../common/node.ts";
import { randomNumbers, seedOf } from "../common/random.ts";
import { cannotSend, findJobFirst, type JobController } from "../job_controller.ts";
import { type ConsoleLevel, type LogMode, ownConsole } from "../common/own_console.ts";
import type { JobOutput } from "./job_output.ts";
import type { EngineRun } from "./engine_run.ts";

let storage: AsyncLocalStorage<JobController> | undefined;

/** The jobs of this process: each function and what it calls later see their own. */
function jobs(): AsyncLocalStorage<JobController> {
  if (storage) return storage;
  const made = storage = new (nodeModule("node:async_hooks")
    .AsyncLocalStorage)<JobController>();
  findJobFirst(() => made.getStore());
  return made;
}

/** How many runs listen to the console, and what gives it back. */
let listeners = 0;
let giveBack = () => {};

/**
 * Has what such jobs print come to their run's output.
 *
 * @returns Ends that.
 */
export function listenToConsole(): () => void {
  const job = () => jobs().getStore() as InProcessJob | undefined;
  if (listeners++ === 0) {
    giveBack = ownConsole({
      mode: () => job()?.logMode ?? "inherit",
      item: () => job()?.id,
      forward: (level, text) => job()!.printed(level, text),
    });
  }
  return () => {
    if (--listeners === 0) giveBack();
  };
}

/** Whether the caller is a function that runs as such a job. */
export function isInsideJob(): boolean {
  return jobs().getStore() !== undefined;
}

/** One try of an item. */
export class InProcessJob implements JobController {
  readonly id: string;
  readonly name: string;
  readonly index: number;
  readonly attempt: number;
  readonly seed: number;
  readonly random: () => number;
  readonly messages = new Mailbox<unknown>();
  readonly send: (value: unknown) => void;
  readonly #aborter = new AbortController();
  readonly #output: JobOutput;

  /**
   * @param run The run of the item.
   * @param index The item's index.
   * @param attempt The number of the try.
   * @param copy Makes what arrives of a value that it sends.
   */
  constructor(
    { id, request }: EngineRun,
    index: number,
    attempt: number,
    copy: (value: unknown) => unknown,
  ) {
    const { name, settings, listener, output } = request;
    this.#output = output;
    this.id = `here.${id}.${index}.${attempt}`;
    this.name = name;
    this.index = index;
    this.attempt = attempt;
    this.seed = seedOf(request.seed, index);
    this.random = randomNumbers(this.seed);
    this.send = (value) => {
      if (!settings.exclusive) throw cannotSend(name);
      const arrived = copy(value);
      listener.message?.(arrived);
    };
  }

  /** {@linkcode JobController.host} */
  get host(): string {
    return Deno.hostname();
  }

  /** {@linkcode JobController.signal} */
  get signal(): AbortSignal {
    return this.#aborter.signal;
  }

  /** What happens to what it prints. */
  get logMode(): LogMode {
    return this.#output.modeHere;
  }

  /** It has printed something. */
  printed(level: ConsoleLevel, text: string): void {
    const { index, attempt, host } = this;
    const time = new Date();
    this.#output.print(
      { index, attempt, host, pid: Deno.pid, level, text, time },
      false,
    );
  }

  /** Calls a function as this job. */
  call(f: (item: unknown) => unknown, item: unknown): unknown {
    return jobs().run(this, f, item);
  }

  /** Asks it to come to an end. */
  abort(): void {
    this.#aborter.abort();
  }

  /** Whether the function threw this because it was asked to come to an end. */
  ended(error: unknown): boolean {
    return this.signal.aborted && error === this.signal.reason;
  }
}
