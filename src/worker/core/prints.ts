/**
 * What functions print, on its way from the thread to the host. Lines are collected for a
 * moment and sent together, unless the thread waits for them.
 *
 * @module
 */

import type { Print } from "../../protocol/messages.ts";

/** How long what was printed waits for more, in milliseconds. */
export const PRINT_INTERVAL = 10;
/** How much of it waits at most, in characters. */
const MOST_WAITING = 1 << 15;

/** What was printed and not yet reported. */
export class Prints {
  #prints: Print[] = [];
  #length = 0;

  /** Whether there is any. */
  get waits(): boolean {
    return this.#prints.length > 0;
  }

  /** Adds one; says whether there is enough to report. */
  add(print: Print): boolean {
    this.#prints.push(print);
    this.#length += print.text.length;
    return this.#length >= MOST_WAITING;
  }

  /** Gives all of them. */
  take(): { prints: Print[]; length: number } {
    const taken = { prints: this.#prints, length: this.#length };
    this.#prints = [];
    this.#length = 0;
    return taken;
  }
}
