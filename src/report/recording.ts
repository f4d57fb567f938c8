/**
 * The recording of one run: the recorder, the page that is written at the end, and the
 * page that shows the run meanwhile. Loaded only if one of these pages is wanted.
 *
 * @module
 */

import { cleanUp } from "../common/cleanup.ts";
import type { CellOutput } from "../common/notebook.ts";
import { printError } from "../common/printing.ts";
import { Dashboard } from "./dashboard.ts";
import { embedded } from "./inline.ts";
import { renderPage } from "./page.ts";
import type { Ending } from "./record.ts";
import { Recorder, type Total } from "./recorder.ts";
import { describe } from "./thrown.ts";

/** How long writing the page may take, in milliseconds. */
const WRITE_LIMIT = 10_000;
/** How long everything at the end may take, in milliseconds. */
const LIMIT = 2 * WRITE_LIMIT;

/** What to show, and where. */
export interface RecordingOptions {
  /** The name of the run. */
  name: string;
  /** The path of the page, if it is to be written. */
  path: string | undefined;
  /** The output of a notebook's cell that shows it, if one does. */
  cell: CellOutput | undefined;
  /** The port of the live page, 0 for any; `undefined` for none. */
  port: number | undefined;
}

/** A run that is recorded. */
export class Recording {
  /** Is told by the engine what happens. */
  readonly recorder: Recorder;
  readonly #options: RecordingOptions;
  #dashboard: Dashboard | undefined;

  private constructor(options: RecordingOptions, total: Total) {
    this.#options = options;
    this.recorder = new Recorder(options.name, total, performance.now());
  }

  /**
   * Begins to record a run, and to show it if that is wanted.
   *
   * @throws {Deno.errors.AddrInUse} When the port is in use.
   */
  static begin(options: RecordingOptions, total: Total): Recording {
    const recording = new Recording(options, total);
    const { name, port } = options;
    if (port === undefined) return recording;
    const record = () => recording.recorder.record(performance.now());
    const dashboard = recording.#dashboard = Dashboard.open(port, record);
    printError(`gridengine: "${name}" can be watched at ${dashboard.url}`);
    return recording;
  }

  /** The run is over: writes the page. An error of this is printed, not thrown. */
  async finish(how: Ending["how"], error?: unknown): Promise<void> {
    await cleanUp(
      "the recording cannot be ended",
      () => this.#finish(how, error),
      LIMIT,
    );
  }

  async #finish(how: Ending["how"], error: unknown): Promise<void> {
    const { name, message } = describe(error);
    const ending = error === undefined
      ? { how }
      : { how, error: `${name}: ${message}` };
    this.recorder.finish(ending, performance.now());
    const record = this.recorder.record(performance.now());
    const { path, cell } = this.#options;
    await cleanUp("the report cannot be written", async () => {
      cell?.show(embedded(record));
      if (path !== undefined) await Deno.writeTextFile(path, renderPage(record));
    }, WRITE_LIMIT);
    await this.#dashboard?.close(record);
  }
}
