/**
 * The output of worker processes.
 *
 * @module
 */

import { stripVTControlCharacters } from "node:util";
import { drop } from "../common/printing.ts";
import { beginPrinting, endPrinting } from "../common/terminal.ts";
import { within } from "../common/within.ts";

/** How much of a worker's output is kept for error messages, in characters. */
const KEPT = 4096;

const LINE_END = 10;

/** How long to wait for output after the end of the process, in milliseconds. */
const AFTERMATH = 500;

/** Passes output on, and keeps its end. */
export class LogTail {
  readonly #readers: ReadableStreamDefaultReader<Uint8Array>[] = [];
  readonly #following: Promise<void>[] = [];
  #text = "";

  /** The last lines that were written, without their colours. */
  get text(): string {
    return stripVTControlCharacters(this.#text).trimEnd();
  }

  /**
   * Passes a stream on.
   *
   * @param from The output of a process.
   * @param to Where to write it.
   */
  follow(
    from: ReadableStream<Uint8Array>,
    to: { write(bytes: Uint8Array): Promise<number> },
  ): void {
    const reader = from.getReader();
    this.#readers.push(reader);
    this.#following.push(this.#copy(reader, to));
  }

  /**
   * Call this when the process has ended. Resolves when all of its output has been passed
   * on, or after 500 ms: another process may hold the output open, or the place where it
   * goes may accept nothing. Then the streams are read no further.
   */
  async end(): Promise<void> {
    const copied = Promise.all(this.#following).then(() => true);
    if (await within(AFTERMATH, copied, false)) return;
    for (const reader of this.#readers) void reader.cancel();
  }

  async #copy(
    reader: ReadableStreamDefaultReader<Uint8Array>,
    to: { write(bytes: Uint8Array): Promise<number> },
  ): Promise<void> {
    const decoder = new TextDecoder();
    for (let chunk; !(chunk = await reader.read()).done;) {
      const bytes = chunk.value;
      this.#text = (this.#text + decoder.decode(bytes, { stream: true })).slice(-KEPT);
      beginPrinting();
      try {
        for (let at = 0; at < bytes.length;) at += await to.write(bytes.subarray(at));
      } catch (error) {
        // The workers go on all the same.
        drop(error);
      } finally {
        endPrinting(bytes.at(-1) !== LINE_END);
      }
    }
  }
}
