/**
 * What the items of a run print. It is printed here or given to the user's callback. While
 * an item runs, its last lines are kept, for the error if it fails.
 *
 * @module
 */

import { inThisContext } from "../common/context.ts";
import { messageOf } from "../common/fault.ts";
import { log } from "../common/log.ts";
import { translateStack } from "../closure/capture/stack.ts";
import {
  CONSOLE_LEVELS,
  type ConsoleLevel,
  type LogMode,
} from "../common/own_console.ts";
import { printError, printOut } from "../common/printing.ts";

/** How many lines of a running item are kept. */
const KEPT_LINES = 20;
/** How many characters of each are kept. */
const KEPT_LENGTH = 500;

/** A line that a function has printed with `console`. */
export interface LogLine {
  /** The name of the `Job`, or of the `map`. */
  name: string;
  /** The index of the item within its `map`; 0 for a `Job`. */
  index: number;
  /** The number of the attempt at the item, from 1. */
  attempt: number;
  /** The machine that it ran on. */
  host: string;
  /** The worker's process id. */
  pid: number;
  /** The method of `console` that printed it; `"log"` or `"error"` for all others. */
  level: ConsoleLevel;
  /** The line, without its end. */
  line: string;
  /** When it was printed, by the clock of that machine. */
  time: Date;
}

/** What happens to what a function prints with `console` on its worker. */
export interface LogOptions {
  /**
   * `"forward"`: it comes here, line by line. `"inherit"`: the worker's process writes it
   * to its own output, which is this program's for local processes, and its log on a
   * cluster. `"none"`: it is dropped.
   * @default {"forward"}
   */
  logs?: LogMode;
  /**
   * Takes each line that comes here. If it throws, the run ends and fails with that error.
   * @default {undefined} Lines are printed, marked with name and index of the job and,
   * if it is not of this machine, host.
   */
  onLog?: (line: LogLine) => void;
}

/** What an item has printed with one call: one line or more. */
export interface Printed extends Omit<LogLine, "name" | "line"> {
  text: string;
}

/**
 * What happens to a run's output.
 *
 * @throws {TypeError} When `onLog` would never be called.
 */
export function logMode({ logs = "forward", onLog }: LogOptions): LogMode {
  if (onLog && logs !== "forward") {
    throw new TypeError(
      `onLog gets nothing with logs: "${logs}": leave one of them out`,
    );
  }
  return logs;
}

/** What the output needs to know of its run. */
export interface OutputSettings extends LogOptions {
  /** The name of the run. */
  name: string;
  /** Whether it is a `Job`, which has no index. */
  isJob: boolean;
  /** Takes what the user's callback throws. */
  failed(error: unknown): void;
}

/** The output of one run. */
export class JobOutput {
  /** What happens to it. */
  readonly mode: LogMode;
  #settings: OutputSettings;
  /** The last lines of running items, and in which try they were printed. */
  readonly #last = new Map<number, { attempt: number; lines: string[] }>();

  /**
   * @param settings The run, and who takes its lines.
   * @throws {TypeError} When its options make no sense.
   */
  constructor(settings: OutputSettings) {
    this.mode = logMode(settings);
    const { onLog } = settings;
    this.#settings = { ...settings, ...(onLog && { onLog: inThisContext(onLog) }) };
  }

  /** What happens to it if it is printed in this process: mostly nothing. */
  get modeHere(): LogMode {
    if (this.mode === "none" || this.#settings.onLog) return this.mode;
    return "inherit";
  }

  /**
   * Takes what an item has printed.
   *
   * @param remote Whether to name the machine.
   */
  print({ text, ...printed }: Printed, remote: boolean): void {
    const { name, onLog, failed } = this.#settings;
    const lines = translateStack(text).split("\n");
    this.#keep(printed.index, printed.attempt, lines);
    if (!onLog) return this.#show(printed, lines, remote);
    try {
      for (const line of lines) onLog({ name, ...printed, line });
    } catch (error) {
      failed(error);
    }
  }

  /** The run has ended: what it left behind may still print, but can fail nothing. */
  end(): void {
    const { name } = this.#settings;
    const failed = (error: unknown) =>
      log("info", `onLog threw after "${name}" had ended: ${messageOf(error)}`);
    // This lets go of the old function, which holds all that the run had.
    this.#settings = { ...this.#settings, failed };
    this.#last.clear();
  }

  /** The last lines that an item has printed in its last try. */
  last(index: number): string[] {
    return this.#last.get(index)?.lines ?? [];
  }

  /** Items are settled. */
  settle(first: number, count: number): void {
    for (const index of this.#last.keys()) {
      if (index >= first && index < first + count) this.#last.delete(index);
    }
  }

  #keep(index: number, attempt: number, lines: string[]): void {
    let last = this.#last.get(index);
    if (last?.attempt !== attempt) this.#last.set(index, last = { attempt, lines: [] });
    const added = lines.slice(-KEPT_LINES).map((line) =>
      line.length > KEPT_LENGTH ? `${line.slice(0, KEPT_LENGTH)}…` : line
    );
    last.lines = [...last.lines, ...added].slice(-KEPT_LINES);
  }

  #show(
    { index, host, level }: Omit<Printed, "text">,
    lines: string[],
    remote: boolean,
  ): void {
    const { name, isJob } = this.#settings;
    const who = [name, ...isJob ? [] : [index], ...remote ? [host] : []].join(" ");
    const isError = CONSOLE_LEVELS.indexOf(level) >= CONSOLE_LEVELS.indexOf("warn");
    const text = lines.map((line) => `[${who}] ${line}`).join("\n");
    if (isError) printError(text);
    else printOut(text);
  }
}
