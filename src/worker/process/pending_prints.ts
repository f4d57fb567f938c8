/**
 * What functions print, on its way from the thread to the host: lines that nobody waits
 * for wait for others.
 *
 * @module
 */

import type { Print } from "../../protocol/messages.ts";

/** How long what was printed waits for more, in milliseconds. */
const PRINT_INTERVAL = 10;
/** How much of it waits at most, in characters. */
const PRINT_LENGTH = 1 << 15;

/** What was printed and not yet reported. */
export class PendingPrints {
  readonly #report: (prints: Print[]) => void;
  #prints: Print[] = [];
  #length = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param report Tells the host. */
  constructor(report: (prints: Print[]) => void) {
    this.#report = report;
  }

  /** Takes a print; `urgent`: the thread waits for the host to have it. */
  add(print: Print, urgent: boolean): void {
    this.#prints.push(print);
    this.#length += print.text.length;
    if (urgent || this.#length >= PRINT_LENGTH) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), PRINT_INTERVAL);
  }

  /** Reports what there is. */
  flush(): void {
    this.close();
    if (this.#prints.length === 0) return;
    const prints = this.#prints;
    this.#prints = [];
    this.#length = 0;
    this.#report(prints);
  }

  /** Waits for nothing any more. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
