/**
 * The progress of a run: counts results as they arrive, and reports at intervals.
 *
 * @module
 */

import { inThisContext } from "../common/context.ts";
import type { CellOutput } from "../common/notebook.ts";
import { printError } from "../common/printing.ts";
import type { RunListener } from "../engine/run_request.ts";
import type { Engine } from "../engine/engine.ts";
import type { ItemSource } from "../engine/item_source.ts";
import { hide, type Line, show } from "./progress_display.ts";
import {
  type Progress,
  progressLine,
  type ProgressOption,
  progressText,
} from "./progress_text.ts";

/** How often a callback is called, in milliseconds. */
const CALLBACK_INTERVAL = 250;
/** How often the output of a notebook's cell is updated, in milliseconds. */
const CELL_INTERVAL = 250;
/** How many columns it has: few enough for the cell of a notebook. */
const CELL_COLUMNS = 100;
/** How often a line is written if there is no terminal, in milliseconds. */
const PLAIN_INTERVAL = 10_000;

/** The run, and what else is needed to report on it. */
export interface ProgressSettings {
  /** The name of the run. */
  name: string;
  /** Its items. */
  items: ItemSource;
  /** The engine that runs it. */
  engine: Engine;
  /** Where `true` shows it, in a notebook. */
  cell: CellOutput | undefined;
  /** Takes what the user's callback throws. */
  failed(error: unknown): void;
}

/** Reports the progress of one run, from its beginning to its end. */
export class ProgressReport {
  readonly #option: Exclude<ProgressOption, false>;
  readonly #settings: ProgressSettings;
  readonly #begin = performance.now();
  readonly #line: Line | undefined;
  readonly #cell: CellOutput | undefined;
  readonly #timer: ReturnType<typeof setInterval> | undefined;
  #done = 0;
  #failed = 0;
  /** When a worker was first seen to work. */
  #since: number | undefined;
  #ended = false;

  /**
   * Begins to report.
   *
   * @param option Whom to tell.
   * @param settings The run.
   */
  constructor(option: Exclude<ProgressOption, false>, settings: ProgressSettings) {
    this.#option = option === true ? true : inThisContext(option);
    this.#settings = settings;
    this.#cell = settings.cell;
    if (option === true && !this.#cell && Deno.stderr.isTerminal()) {
      this.#line = (columns) => progressLine(this.#now(), columns);
      show(this.#line);
      return;
    }
    const interval = this.#cell
      ? CELL_INTERVAL
      : option === true
      ? PLAIN_INTERVAL
      : CALLBACK_INTERVAL;
    this.#timer = setInterval(() => this.#tell(), interval);
    Deno.unrefTimer(this.#timer as unknown as number);
  }

  /** A listener that counts results and failures, and passes all on to another one. */
  counting(listener: RunListener): RunListener {
    return {
      ...listener,
      results: (first, values) => {
        this.#done += values.length;
        listener.results(first, values);
      },
      failed: (index, error, attempts) => {
        this.#failed++;
        listener.failed(index, error, attempts);
      },
      ended: (error) => {
        this.#failed += this.#settings.items.failedWithRun;
        listener.ended(error);
      },
    };
  }

  /**
   * The run is over.
   *
   * @param complete Whether all of its items are settled.
   * @throws What the user's callback throws, if the run itself did not fail.
   */
  end(complete: boolean): void {
    if (this.#ended) return;
    this.#ended = true;
    clearInterval(this.#timer);
    const last = this.#now();
    if (this.#cell) return this.#cell.show({ "text/plain": progressText(last) });
    if (this.#line) return hide(this.#line, complete ? progressText(last) : undefined);
    if (this.#option === true) {
      return complete ? printError(progressText(last)) : undefined;
    }
    try {
      this.#option(last);
    } catch (error) {
      if (complete) throw error;
    }
  }

  #tell(): void {
    try {
      if (this.#cell) {
        this.#cell.show({ "text/plain": progressLine(this.#now(), CELL_COLUMNS) });
      } else if (this.#option === true) printError(progressText(this.#now()));
      else this.#option(this.#now());
    } catch (error) {
      this.#settings.failed(error);
    }
  }

  #now(): Progress {
    const { name, items, engine } = this.#settings;
    const { requested, started, ready, disconnected, busy } = engine.workers;
    const now = performance.now();
    const settled = this.#done + this.#failed;
    if (busy > 0 || settled > 0) this.#since ??= settled > 0 ? this.#begin : now;
    const working = this.#since === undefined ? 0 : now - this.#since;
    const rate = working > 0 ? 1000 * settled / working : 0;
    const total = items.ended ? items.count : undefined;
    return {
      name,
      done: this.#done,
      failed: this.#failed,
      total,
      elapsed: now - this.#begin,
      rate,
      remaining: total !== undefined && rate > 0
        ? 1000 * (total - settled) / rate
        : undefined,
      workers: {
        running: busy,
        idle: ready + disconnected - busy,
        starting: started,
        pending: requested,
      },
      queued: engine.queued,
      delay: engine.delay,
      ended: this.#ended,
    };
  }
}
