/**
 * The last output of a process.
 *
 * @module
 */

/** How much output is kept, in characters. */
const KEPT = 2000;

/** The last lines that a process printed. */
export class Printed {
  #text = "";

  /** Adds a line. */
  add(line: string): void {
    this.#text = `${this.#text}${line.slice(-KEPT)}\n`.slice(-KEPT);
  }

  /** The output as the end of a message; empty if nothing was printed. */
  asLastWords(): string {
    const text = this.#text.trim();
    return text && `; it printed:\n${text}`;
  }
}
